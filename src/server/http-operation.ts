import type { IncomingMessage, ServerResponse } from 'node:http'
import type { GraphQLError } from 'graphql'
import { formatError, refusalStatus } from '../delivery/client-error.ts'
import type { Operation } from '../delivery/operation.ts'
import { GeoduckError } from '../model/errors.ts'
import { type ClientAddress, callerOf } from './access.ts'
import type { RequestLimits } from './limits.ts'
import type { Operations } from './operations.ts'

export interface HttpOperations {
  readonly operations: Operations
  readonly addressOf: ClientAddress
}

/** An operation as long as its response: cancelled when the client goes before all of it is written, ended in any case. */
export function beginOverHttp(req: IncomingMessage, res: ServerResponse, { operations, addressOf }: HttpOperations): Operation {
  const gone = new AbortController()
  const { operation, end } = operations.begin(callerOf(addressOf(req), req.socket.remotePort), gone.signal)
  res.setHeader('x-request-id', operation.id)
  res.once('close', () => {
    if (!res.writableFinished) gone.abort()
    end()
  })
  return operation
}

/** Resolves when there is memory for the request; its body is counted from then on, before it has arrived. Rejects with OVERLOADED. */
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

/** Before the first byte: status and error. After it there is nothing left to say than that it is broken. */
export function refuse(res: ServerResponse, error: GraphQLError, status = refusalStatus(error)): void {
  if (res.headersSent) return void res.destroy()
  const { code, retryAfter } = error.extensions
  if (typeof retryAfter === 'number') res.setHeader('retry-after', retryAfter)
  res.removeHeader('content-disposition')
  // What is left of a body that was not read would stand before the connection's next request.
  if (code === 'LIMIT_EXCEEDED') res.setHeader('connection', 'close')
  sendJson(res, status, { errors: [formatError(error)] })
}

/*
 * JSON of a client, looked through before it is parsed. A megabyte of lists in each other takes JSON.parse 60 to 85 ms, of objects with other names
 * each 50 ms; of everything else 20 at most. Looking costs 2 ms a megabyte.
 */

/** Levels: more than a filter and the geometry in it may have. */
export const MOST_LEVELS = 200
/** Beside what the largest geometry takes. */
const MOST_OTHER_PARTS = 10_000

/** Most objects, members of objects and lists: a vertex is a list of numbers, and may be a geometry of its own. */
export function mostJsonParts({ maxVertices }: Pick<RequestLimits, 'maxVertices'>): number {
  return 2 * maxVertices + MOST_OTHER_PARTS
}

/** Throws SyntaxError, and LIMIT_EXCEEDED for what would take long. */
export function parseJson(text: string, mostParts: number): unknown {
  const problem = problemOf(text, mostParts)
  if (problem !== null) throw new GeoduckError('LIMIT_EXCEEDED', problem)
  return JSON.parse(text)
}

/** Why it is not parsed; null: nothing speaks against it. `onMember` is told of strings that are members of the outermost object. */
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

/** Behind its closing quote. */
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
