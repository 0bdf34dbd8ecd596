/** Runs in a thread and makes the GraphiQL page once. */
import { parentPort, workerData } from 'node:worker_threads'
import { renderGraphiQL } from '@graphql-yoga/render-graphiql'
import type { GraphiQLOptions } from 'graphql-yoga'

export interface RenderRequest {
  readonly options: GraphiQLOptions
  /** The options as the page has them, as an argument of the call that starts GraphiQL. */
  readonly replaced: string
  /** An expression: a promise of the options. */
  readonly by: string
}

const { options, replaced, by } = workerData as RenderRequest
const text = renderGraphiQL(options)
const at = text.lastIndexOf(replaced)
const start = text.lastIndexOf('YogaGraphiQL.renderYogaGraphiQL(', at)
const end = text.indexOf(');', at + replaced.length)
if (at < 0 || start < 0 || end < 0)
  throw new Error('The page of GraphiQL is other than expected: it does not start GraphiQL with its options.')
const call = `${by}.then((options) => YogaGraphiQL.renderYogaGraphiQL(document.querySelector('#root'), options))`
const page = new TextEncoder().encode(text.slice(0, start) + call + text.slice(end + 1))
parentPort?.postMessage(page, [page.buffer])
