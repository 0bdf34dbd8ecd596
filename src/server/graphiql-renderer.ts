/** Runs in a thread and makes the GraphiQL page once. */
import { parentPort, workerData } from 'node:worker_threads'
import { renderGraphiQL } from '@graphql-yoga/render-graphiql'
import type { GraphiQLOptions } from 'graphql-yoga'

export interface RenderRequest {
  readonly options: GraphiQLOptions
  /** Text that the page contains once. */
  readonly replaced: string
  readonly by: string
}

const { options, replaced, by } = workerData as RenderRequest
// A function, because `$` has a meaning in a replacement's text.
const page = new TextEncoder().encode(renderGraphiQL(options).replace(replaced, () => by))
parentPort?.postMessage(page, [page.buffer])
