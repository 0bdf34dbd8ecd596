import type { IncomingMessage, ServerResponse } from 'node:http'
import type { GraphQLError } from 'graphql'
import { formatError, refusalStatus } from '../delivery/client-error.ts'
import type { Operation } from '../delivery/operation.ts'
import { GeoduckError } from '../model/errors.ts'
import { type ClientAddress, callerOf } from './access.ts'
import type { RequestLimits } from './limits.ts'
import { type Operations, traceOf } from './operations.ts'

export interface HttpOperations {
  readonly operations: Operations
  readonly addressOf: ClientAddress
}

/**
 * Begins an operation that lasts as long as its response. It is cancelled if the client disconnects before the end, and always
 * ended.
 */
export function beginOverHttp(req: IncomingMessage, res: ServerResponse, { operations, addressOf }: HttpOperations): Operation {
  const gone = new AbortController()
  const { requestId: id, traceparent } = traceOf(req)
  const { operation, end } = operations.begin(callerOf(addressOf(req), req.socket.remotePort), gone.signal, { id, traceparent })
  res.once('close', () => {
    if (!res.writableFinished) gone.abort()
    end()
  })
  return operation
}

/** Waits for memory for the request. Its body counts from then on, before it has arrived. Rejects with OVERLOADED. */
export async function admit(
  { headers }: IncomingMessage,
  { heldMemory, signal }: Pick<Operation, 'heldMemory' | 'signal'>,
  maxBodyBytes: number,
): Promise<void> {
  const announced = headers['transfer-encoding'] === undefined ? Number(headers['content-length'] ?? 0) : maxBodyBytes
  const bytes = Math.min(announced, maxBodyBytes)
  while (heldMemory.allowance === 0 || heldMemory.allowance < bytes)
    await heldMemory.room(signal, { timed: true, whole: bytes > 0 && heldMemory.allowance > 0 })
  heldMemory.add(bytes)
}

export function sendJson(res: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body)
  const headers = { 'content-type': 'application/json; charset=utf-8', 'content-length': Buffer.byteLength(text) }
  res.writeHead(status, headers).end(text)
}

/** Sends status and error before the first byte. After it the response can only be cut off. */
export function refuse(res: ServerResponse, error: GraphQLError, status = refusalStatus(error)): void {
  if (res.headersSent) return void res.destroy()
  const { code, retryAfter } = error.extensions
  if (typeof retryAfter === 'number') res.setHeader('retry-after', retryAfter)
  res.removeHeader('content-disposition')
  // An unread rest of the body would be read as the connection's next request.
  if (code === 'LIMIT_EXCEEDED') res.setHeader('connection', 'close')
  sendJson(res, status, { errors: [formatError(error)] })
}

/*
 * Checks the JSON of a client before it is parsed. JSON.parse takes 60 to 85 ms per megabyte of nested lists, 50 ms per
 * megabyte of objects with different names, and at most 20 ms per megabyte of anything else. The check costs 2 ms per megabyte.
 */

/** Most levels of JSON: more than a filter and its geometry may have. */
export const MOST_LEVELS = 200
/** Most parts of JSON in addition to the largest geometry. */
const MOST_OTHER_PARTS = 10_000

/** Returns the most objects, members of objects and lists. A vertex is a list of numbers, and may be a separate geometry. */
export function mostJsonParts({ maxVertices }: Pick<RequestLimits, 'maxVertices'>): number {
  return 2 * maxVertices + MOST_OTHER_PARTS
}

/** Parses JSON. @throws SyntaxError, or GeoduckError LIMIT_EXCEEDED if it would take long */
export function parseJson(text: string, mostParts: number): unknown {
  const problem = problemOf(text, mostParts)
  if (problem !== null) throw new GeoduckError('LIMIT_EXCEEDED', problem)
  return JSON.parse(text)
}

/** Returns why the JSON must not be parsed, or null. `onMember` receives strings that are members of the outermost object. */
export function problemOf(
  text: string,
  mostParts: number,
  onMember: (name: string, value: string) => void = () => {},
): string | null {
  let level = 0
  let parts = 0
  let name = ''
  let problem: string | null = null
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case QUOTE: {
        const end = stringEnd(text, at)
        if (level === 1) {
          if (text.charCodeAt(end) !== COLON && name !== '') onMember(name, text.slice(at, end))
          name = text.charCodeAt(end) === COLON && end - at <= LONGEST_NAME ? text.slice(at + 1, end - 1) : ''
        }
        at = end - 1
        break
      }
      case OPEN_OBJECT:
      case OPEN_LIST:
        parts++
        level++
        break
      case CLOSE_OBJECT:
      case CLOSE_LIST:
        level--
        break
      case COLON:
        parts++
    }
    if (level > MOST_LEVELS) problem ??= `JSON nested deeper than ${MOST_LEVELS} levels is not read.`
    if (parts > mostParts) problem ??= `JSON with more than ${mostParts} objects, members and lists is not read (--max-vertices).`
  }
  return problem
}

/** Returns the index after the string's closing quote. */
function stringEnd(text: string, from: number): number {
  for (let at = from + 1; ; ) {
    const quote = text.indexOf('"', at)
    if (quote < 0) return text.length
    let backslashes = 0
    while (text.charCodeAt(quote - 1 - backslashes) === BACKSLASH) backslashes++
    if (backslashes % 2 === 0) return quote + 1
    at = quote + 1
  }
}

const LONGEST_NAME = 16
const [QUOTE, COLON, BACKSLASH] = [0x22, 0x3a, 0x5c]
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d]
