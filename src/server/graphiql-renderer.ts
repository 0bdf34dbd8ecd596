/** The inside of the thread that makes the GraphiQL page, once. */
import { parentPort, workerData } from 'node:worker_threads'
import { renderGraphiQL } from '@graphql-yoga/render-graphiql'
import type { GraphiQLOptions } from 'graphql-yoga'

export interface RenderRequest {
  readonly options: GraphiQLOptions
  /** In the page, once. */
  readonly replaced: string
  readonly by: string
}

const { options, replaced, by } = workerData as RenderRequest
// As a function: a replacement's text has signs of its own.
const page = new TextEncoder().encode(renderGraphiQL(options).replace(replaced, () => by))
parentPort?.postMessage(page, [page.buffer])
