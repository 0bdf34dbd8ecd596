/**
 * HTTP bodies by the client's `Accept-Encoding`. On a thread of libuv's, at the fastest levels: Zstandard makes a fifth of GeoJSON at 3 ms a
 * megabyte, Brotli at 5, gzip at 8; better levels take several times that for a tenth less (docs/speed.md).
 */

import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Transform, Writable } from 'node:stream'
import { constants, createBrotliCompress, createGzip, createZstdCompress } from 'node:zlib'
import Negotiator from 'negotiator'
import type { Config } from '../config/config.ts'
import { flush } from './flush.ts'

/** `remote`: not for clients on this machine, whose connection is faster than any of them. */
type Compression = Config['compression']

/** In the order of what they cost. */
const ENCODINGS: readonly (readonly [name: string, make: () => Transform])[] = [
  ['zstd', () => createZstdCompress({ params: { [constants.ZSTD_c_compressionLevel]: 1 } })],
  ['br', () => createBrotliCompress({ params: { [constants.BROTLI_PARAM_QUALITY]: 1 } })],
  ['gzip', () => createGzip({ level: 1 })],
]

/** A response's body on its way, compressed or not. */
export class Body {
  /** Where its pieces are written to. */
  readonly to: Writable
  readonly #res: ServerResponse
  readonly #compressor: Transform | null

  /** Before the head is written: sets what it has to say of the encoding. */
  constructor(res: ServerResponse, compression: Compression) {
    const [name, make] = encodingFor(res.req, compression) ?? []
    this.#res = res
    this.#compressor = make?.() ?? null
    this.to = this.#compressor ?? res
    if (compression !== 'off') res.appendHeader('vary', 'accept-encoding')
    if (!this.#compressor || !name) return
    res.setHeader('content-encoding', name)
    this.#compressor.pipe(res, { end: false })
    this.#compressor.on('error', () => res.destroy())
    res.once('close', () => this.#compressor?.destroy())
  }

  get compressed(): boolean {
    return this.#compressor !== null
  }

  async end(last: Uint8Array | string): Promise<void> {
    if (!this.#compressor) return void this.#res.end(last)
    await this.#empty(last)
    this.#res.end()
  }

  /** The piece as the last that leaves; the response goes on after it. */
  async #empty(last: Uint8Array | string): Promise<void> {
    const compressor = this.#compressor
    if (!compressor || compressor.destroyed) return
    const over = Promise.race([once(compressor, 'end'), once(compressor, 'close')])
    compressor.end(last)
    await over
  }

  /** Writes the piece and cuts the connection before the chunked body's end. */
  async cut(last: Uint8Array | string): Promise<void> {
    const res = this.#res
    if (this.#compressor) await this.#empty(last)
    else res.write(last)
    // Behind all that was written before it; `drain` is only said of a buffer that was full.
    if (res.socket) await flush(res.socket, [''])
    // HTTP/1.0 tells a body's end by the connection's: only a reset is no end.
    if (res.req.httpVersion === '1.0') res.socket?.resetAndDestroy()
    else res.destroy()
  }
}

function encodingFor(req: IncomingMessage, compression: Compression): (typeof ENCODINGS)[number] | undefined {
  if (compression === 'off' || (compression === 'remote' && isLocal(req.socket.remoteAddress))) return undefined
  const accepted = new Negotiator(req).encodings(ENCODINGS.map(([name]) => name))
  return ENCODINGS.find(([name]) => accepted.includes(name))
}

function isLocal(address = ''): boolean {
  return /^(::ffff:)?127\.|^::1$/.test(address)
}
