/**
 * Compresses HTTP bodies according to the client's `Accept-Encoding`, in a thread of libuv, at the fastest levels. Zstandard
 * reduces GeoJSON to a fifth in 3 ms per megabyte; Brotli needs 5 ms and gzip 8 ms. Higher levels take several times as long
 * and save only a tenth more (docs/speed.md).
 */

import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Transform, Writable } from 'node:stream'
import { constants, createBrotliCompress, createGzip, createZstdCompress } from 'node:zlib'
import Negotiator from 'negotiator'
import type { Config } from '../config/config.ts'
import { flush } from './deliver.ts'

/** With `remote`, clients on the same machine get no compression: their connection is faster than any compressor. */
type Compression = Config['compression']

/** Encodings, the cheapest first. */
const ENCODINGS: readonly (readonly [name: string, make: () => Transform])[] = [
  ['zstd', () => createZstdCompress({ params: { [constants.ZSTD_c_compressionLevel]: 1 } })],
  ['br', () => createBrotliCompress({ params: { [constants.BROTLI_PARAM_QUALITY]: 1 } })],
  ['gzip', () => createGzip({ level: 1 })],
]

/** The body of a response, compressed or not. */
export class Body {
  /** The stream that the caller writes the body to. */
  readonly to: Writable
  readonly #res: ServerResponse
  readonly #compressor: Transform | null
  /** The name of the encoding; null without compression. */
  readonly encoding: string | null

  /** Chooses an encoding and sets the response headers for it. Create it before the response's head is written. */
  constructor(res: ServerResponse, compression: Compression) {
    const [name, make] = encodingFor(res.req, compression) ?? []
    this.#res = res
    this.#compressor = make?.() ?? null
    this.encoding = name ?? null
    this.to = this.#compressor ?? res
    if (compression !== 'off') varyByEncoding(res)
    if (!this.#compressor || !name) return
    res.setHeader('content-encoding', name)
    this.#compressor.pipe(res, { end: false })
    this.#compressor.on('error', () => res.destroy())
    res.once('close', () => this.#compressor?.destroy())
  }

  get compressed(): boolean {
    return this.#compressor !== null
  }

  /**
   * Collects what the compressor makes. The returned function returns all of it after the end of the body; null before, and if it has more than `most`
   * bytes.
   */
  collect(most: number): () => readonly Uint8Array[] | null {
    const pieces: Buffer[] = []
    let bytes = 0
    this.#compressor?.on('data', (piece: Buffer) => {
      bytes += piece.length
      if (bytes <= most) pieces.push(piece)
      else pieces.length = 0
    })
    return () => (this.#compressor?.readableEnded && bytes <= most ? pieces : null)
  }

  /** Writes `last` and ends the response. */
  async end(last: Uint8Array | string): Promise<void> {
    if (!this.#compressor) return void this.#res.end(last)
    await this.#endCompressor(last)
    this.#res.end()
  }

  /** Writes `last` to the compressor and waits until it has sent everything. The response stays open. */
  async #endCompressor(last: Uint8Array | string): Promise<void> {
    const compressor = this.#compressor
    if (!compressor || compressor.destroyed) return
    const over = Promise.race([once(compressor, 'end'), once(compressor, 'close')])
    compressor.end(last)
    await over
  }

  /**
   * Writes `last`, then closes the connection without the end marker of the chunked body, so that the client sees a failure.
   */
  async cut(last: Uint8Array | string): Promise<void> {
    const res = this.#res
    if (this.#compressor) await this.#endCompressor(last)
    else res.write(last)
    // This waits until everything written before has been sent. Node emits `drain` only after a full buffer, so it can't be
    // used.
    if (res.socket) await flush(res.socket, [''])
    // In HTTP/1.0 a closed connection means the end of the body; only a reset means a failure.
    if (res.req.httpVersion === '1.0') res.socket?.resetAndDestroy()
    else res.destroy()
  }
}

/** Declares that the encoding of the response depends on the request. */
export function varyByEncoding(res: ServerResponse): void {
  if (!/accept-encoding/i.test(String(res.getHeader('vary')))) res.appendHeader('vary', 'accept-encoding')
}

/** Returns the name of the encoding that a large body of a response to the request has. */
export function encodingNameFor(req: IncomingMessage, compression: Compression): string | undefined {
  return encodingFor(req, compression)?.[0]
}

function encodingFor(req: IncomingMessage, compression: Compression): (typeof ENCODINGS)[number] | undefined {
  if (compression === 'off' || (compression === 'remote' && isLocal(req.socket.remoteAddress))) return undefined
  const accepted = new Negotiator(req).encodings(ENCODINGS.map(([name]) => name))
  return ENCODINGS.find(([name]) => accepted.includes(name))
}

function isLocal(address = ''): boolean {
  return /^(::ffff:)?127\.|^::1$/.test(address)
}
