/** Answers requests that Node cannot parse, in the form of every other error. Node itself sends a status without a body. */
import { type IncomingMessage, maxHeaderSize, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { ErrorCode } from '../model/errors.ts'

/** Milliseconds and bytes for which a request is read on and dropped, so that a client that still sends gets the answer first. */
const REST_MS = 1_000
const REST_BYTES = 2 ** 20

type Answer = readonly [status: string, code: ErrorCode, message: string]

const MALFORMED: Answer = ['400 Bad Request', 'BAD_INPUT', 'The request is no valid HTTP/1.1.']

const ANSWERS: Readonly<Record<string, Answer>> = {
  HPE_HEADER_OVERFLOW: [
    '431 Request Header Fields Too Large',
    'LIMIT_EXCEEDED',
    `The URL and the headers of a request have more than ${maxHeaderSize / 1024} KB: send the operation by POST.`,
  ],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: ['413 Payload Too Large', 'LIMIT_EXCEEDED', 'The extensions of a chunk have more than 16 KB.'],
  ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', 'BAD_INPUT', 'The request did not arrive in time; send it again.'],
}

/** Connections whose request may take longer than others. */
const long = new WeakSet<Socket>()

/** Lets the request of the connection take any time. Its reader limits its time. Returns a function for its end. */
export function takesLong(socket: Socket): () => void {
  long.add(socket)
  return () => void long.delete(socket)
}

export function answerBrokenRequests(http: Server): void {
  http.on('clientError', (error: Error & { readonly code?: string }, socket: Socket) => {
    // Node reports a request that is late once, and then reads on.
    if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT' && long.has(socket)) return
    // Nothing can be added to a response that is being sent.
    const open = (socket as { readonly _httpMessage?: ServerResponse<IncomingMessage> | null })._httpMessage
    if (!socket.writable || open?.headersSent) socket.destroy()
    else answer(socket, ANSWERS[error.code ?? ''] ?? MALFORMED)
  })
}

function answer(socket: Socket, [status, code, message]: Answer): void {
  const json = JSON.stringify({ errors: [{ message, extensions: { code, retry: false } }] })
  const head = `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(json)}`
  const timer = setTimeout(() => socket.destroy(), REST_MS)
  let rest = 0
  socket.on('error', () => socket.destroy())
  socket.once('close', () => clearTimeout(timer))
  socket.on('data', ({ length }: Buffer) => {
    rest += length
    if (rest > REST_BYTES) socket.destroy()
  })
  socket.end(`${head}\r\n\r\n${json}`)
}
