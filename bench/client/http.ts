import { Agent, type IncomingMessage, request } from 'node:http'

export interface Answer {
  readonly status: number
  /** The body's beginning, enough to see what it is. */
  readonly head: string
  /** Its end. */
  readonly tail: string
  readonly bytes: number
  /** Ends of lines, if they are counted. */
  readonly lines: number
  readonly firstMs: number
  readonly totalMs: number
}

const HEAD_BYTES = 400
const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY })

/** One request whose body is read to its end, but not parsed. With a `query` it is a GraphQL POST, else a GET. */
export async function ask(url: string, query: string | null, countLines = false): Promise<Answer> {
  const start = performance.now()
  const response = await answer(url, query)
  let [head, tail, bytes, lines, firstMs] = ['', '', 0, 0, 0]
  for await (const chunk of response as AsyncIterable<Buffer>) {
    firstMs ||= performance.now() - start
    if (head.length < HEAD_BYTES) head += chunk.toString('latin1', 0, HEAD_BYTES)
    bytes += chunk.length
    for (let at = countLines ? chunk.indexOf(10) : -1; at !== -1; at = chunk.indexOf(10, at + 1)) lines++
    tail = (tail + chunk.subarray(-HEAD_BYTES).toString('latin1')).slice(-HEAD_BYTES)
  }
  return { status: response.statusCode ?? 0, head, tail, bytes, lines, firstMs, totalMs: performance.now() - start }
}

function answer(url: string, query: string | null): Promise<IncomingMessage> {
  const method = query === null ? 'GET' : 'POST'
  const headers = query === null ? {} : { 'content-type': 'application/json', accept: 'application/json' }
  return new Promise((resolve, reject) => {
    request(url, { agent, method, headers }, resolve)
      .once('error', reject)
      .end(query === null ? undefined : JSON.stringify({ query }))
  })
}

/** `count` stands first in what the bench selects, or last where the page flows. @throws with the answer's beginning if it is not there */
export function countIn({ status, head, tail }: Answer): number {
  const [, count] = /"count":(\d+)/.exec(head) ?? /"count":(\d+)\}\}\}$/.exec(tail) ?? []
  if (status !== 200 || count === undefined) throw new Error(`HTTP ${status}: ${head.slice(0, 200)}`)
  return Number(count)
}
