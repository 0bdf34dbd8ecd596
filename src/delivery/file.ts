/** Writes a download. A download that was cut off is recognisable: readers of the file fail, or its last line is an error. */
import type { ServerResponse } from 'node:http'
import type { GraphQLError } from 'graphql'
import type { DownloadFormat } from '../ask/download-query.ts'
import type { Config } from '../config/config.ts'
import type { Batch } from '../engines/engine.ts'
import type { BatchEvent, BatchEvents } from './batch-events.ts'
import { formatError } from './client-error.ts'
import { Body } from './compression.ts'
import type { Wire } from './deliver.ts'
import { flush, UNBUFFERED } from './flush.ts'
import type { JsonPiece } from './raw-json.ts'

interface Format {
  readonly contentType: string
  /** Returns the bytes of a batch. `first` is true if nothing has been written yet. */
  batch(batch: Batch, first: boolean): readonly JsonPiece[]
  /**
   * Returns the bytes that follow the last batch. `cursor` is the cursor after the last feature; null if there is no feature.
   */
  end(cursor: string | null): JsonPiece
  /** Returns the bytes that follow the last batch after a failure. `error` has the form of a GraphQL error. */
  broken(error: object): JsonPiece
}

const END_OF_STREAM = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0)
/** A message header that announces eight more bytes. A file that ends here fails in every reader. */
const CUT_OFF = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 8, 0, 0, 0)

const FORMATS: Readonly<Record<DownloadFormat, Format>> = {
  arrows: {
    contentType: 'application/vnd.apache.arrow.stream',
    batch: ({ outputs: [stream] }, first) => {
      // Each batch is a complete Arrow stream. The file keeps the schema of the first stream only, and `end` writes the end
      // marker.
      const from = first ? 0 : schemaBytes(stream!)
      return [stream!.subarray(from, stream!.length - END_OF_STREAM.length)]
    },
    end: () => END_OF_STREAM,
    broken: () => CUT_OFF,
  },
  geojsonl: {
    contentType: 'application/x-ndjson',
    batch: ({ count, outputs: [lines] }) => (count === 0 ? [] : [lines!, '\n']),
    // The line is GeoJSON without features, so readers that expect GeoJSON in every line accept it.
    end: (cursor) => `${JSON.stringify({ type: 'FeatureCollection', features: [], cursor })}\n`,
    broken: (error) => `${JSON.stringify({ errors: [error] })}\n`,
  },
}

/** Returns the length of the schema message at the start of a stream: marker, length and metadata; it has no body. */
function schemaBytes(stream: Uint8Array): number {
  return 8 + new DataView(stream.buffer, stream.byteOffset).getInt32(4, true)
}

export interface FileOptions {
  readonly format: DownloadFormat
  readonly compression: Config['compression']
  /** Sends an error response. It is called if the download fails before its first batch. */
  readonly refuse: (error: GraphQLError) => void
}

/** The wire of a download. */
export class FileWire implements Wire<BatchEvent> {
  readonly #events: BatchEvents
  readonly #res: ServerResponse
  readonly #options: FileOptions
  readonly #format: Format
  /** Null until something is written. */
  #body: Body | null = null

  constructor(events: BatchEvents, res: ServerResponse, options: FileOptions) {
    this.#events = events
    this.#res = res
    this.#options = options
    this.#format = FORMATS[options.format]
  }

  payload({ featureBatches: { batch } }: BatchEvent): readonly JsonPiece[] {
    const pieces = this.#format.batch(batch, this.#body === null)
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
    await body.end(this.#format.end(cursor))
  }

  async fail(error: GraphQLError): Promise<void> {
    if (this.#body) await this.#body.cut(this.#format.broken(formatError(error)))
    else this.#options.refuse(error)
  }

  #open(): Body {
    if (this.#body) return this.#body
    this.#body = new Body(this.#res, this.#options.compression)
    this.#res.writeHead(200, {
      'content-type': this.#format.contentType,
      ...UNBUFFERED,
      // HTTP/1.0, which nginx speaks by default, has no trailers.
      ...(this.#res.req.httpVersion !== '1.0' && { trailer: 'geoduck-cursor, geoduck-execution' }),
    })
    return this.#body
  }
}
