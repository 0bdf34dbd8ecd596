/** Writes a download. A download that was cut off is recognisable: the chunked body has no end, and the file ends within a part. */
import type { ServerResponse } from 'node:http'
import type { GraphQLError } from 'graphql'
import type { Config } from '../config/config.ts'
import { FILE_FRAMES, type FileFrame } from '../encode/file-frame.ts'
import type { StreamFormat } from '../model/file-format.ts'
import type { BatchEvent, BatchEvents } from './batch-events.ts'
import { formatError } from './client-error.ts'
import { Body } from './compression.ts'
import { flush, UNBUFFERED, type Wire } from './deliver.ts'
import type { JsonPiece } from './raw-json.ts'

export interface FileOptions {
  readonly format: StreamFormat
  readonly compression: Config['compression']
  /** True if only the headers are sent. */
  readonly isHead: boolean
  /** Sends an error response. It is called if the download fails before its first batch. */
  readonly refuse: (error: GraphQLError) => void
}

/** The wire of a download. */
export class FileWire implements Wire<BatchEvent> {
  readonly #events: BatchEvents
  readonly #res: ServerResponse
  readonly #options: FileOptions
  readonly #frame: FileFrame
  /** Null until something is written. */
  #body: Body | null = null

  constructor(events: BatchEvents, res: ServerResponse, options: FileOptions) {
    this.#events = events
    this.#res = res
    this.#options = options
    this.#frame = FILE_FRAMES[options.format]
  }

  payload({ featureBatches: { batch } }: BatchEvent): readonly JsonPiece[] {
    const pieces = this.#frame.batch(batch.count, batch.outputs[0]!, this.#body === null)
    this.#open()
    return pieces
  }

  send(pieces: readonly JsonPiece[]): Promise<void> {
    return flush(this.#open().to, pieces)
  }

  async end(): Promise<void> {
    const body = this.#open()
    const { cursor, execution } = this.#events
    const more = cursor === null ? {} : { 'geoduck-cursor': cursor }
    this.#res.addTrailers({ ...more, 'geoduck-execution': JSON.stringify(execution) })
    await body.end(this.#frame.end)
  }

  async fail(error: GraphQLError): Promise<void> {
    if (this.#body) await this.#body.cut(this.#frame.broken(formatError(error)))
    else this.#options.refuse(error)
  }

  #open(): Body {
    if (this.#body) return this.#body
    this.#body = new Body(this.#res, this.#options.compression)
    // Only a chunked body has trailers: there is none in HTTP/1.0, nor in the response to HEAD.
    const isChunked = this.#res.useChunkedEncodingByDefault && !this.#options.isHead
    this.#res.writeHead(200, {
      'content-type': this.#frame.contentType,
      ...UNBUFFERED,
      'accept-ranges': 'none',
      ...(isChunked && { trailer: 'geoduck-cursor, geoduck-execution' }),
    })
    return this.#body
  }
}
