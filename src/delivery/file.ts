/** How a download begins, goes on and ends on the wire: whoever reads what was cut off in the middle can tell by the file alone. */
import type { ServerResponse } from 'node:http'
import type { GraphQLError } from 'graphql'
import type { DownloadFormat } from '../ask/download-query.ts'
import type { Config } from '../config/config.ts'
import type { Batch } from '../engines/engine.ts'
import type { BatchEvent, BatchEvents } from './batch-events.ts'
import { formatError } from './client-error.ts'
import { Body } from './compression.ts'
import type { Wire } from './deliver.ts'
import { flush } from './flush.ts'
import type { JsonPiece } from './raw-json.ts'

interface Format {
  readonly contentType: string
  /** A batch's pieces; `first`: nothing has been written yet. */
  batch(batch: Batch, first: boolean): readonly JsonPiece[]
  /** After the last batch. The cursor is the one after the last feature; null where there is none. */
  end(cursor: string | null): JsonPiece
  /** Instead of it, after a failure. `error`: as in a GraphQL response. */
  broken(error: object): JsonPiece
}

const END_OF_STREAM = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0)
/** A message that promises eight more bytes: no reader takes a file that ends after it for a whole one. */
const CUT_OFF = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 8, 0, 0, 0)

const FORMATS: Readonly<Record<DownloadFormat, Format>> = {
  arrows: {
    contentType: 'application/vnd.apache.arrow.stream',
    batch: ({ outputs: [stream] }, first) => {
      // A batch is a stream of its own: of the schemas the first one counts, of the end marks none.
      const from = first ? 0 : schemaBytes(stream!)
      return [stream!.subarray(from, stream!.length - END_OF_STREAM.length)]
    },
    end: () => END_OF_STREAM,
    broken: () => CUT_OFF,
  },
  geojsonl: {
    contentType: 'application/x-ndjson',
    batch: ({ count, outputs: [lines] }) => (count === 0 ? [] : [lines!, '\n']),
    // GeoJSON as every line is, of no features: readers of lines pass over it.
    end: (cursor) => `${JSON.stringify({ type: 'FeatureCollection', features: [], cursor })}\n`,
    broken: (error) => `${JSON.stringify({ errors: [error] })}\n`,
  },
}

/** The message at the stream's beginning: mark, length, metadata, and no body. */
function schemaBytes(stream: Uint8Array): number {
  return 8 + new DataView(stream.buffer, stream.byteOffset).getInt32(4, true)
}

export interface FileOptions {
  readonly format: DownloadFormat
  readonly compression: Config['compression']
  /** Answers with what keeps the first batch from coming. */
  readonly refuse: (error: GraphQLError) => void
}

export class FileWire implements Wire<BatchEvent> {
  readonly #events: BatchEvents
  readonly #res: ServerResponse
  readonly #options: FileOptions
  readonly #format: Format
  /** Null: nothing has been written yet. */
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
      'cache-control': 'no-cache',
      trailer: 'geoduck-cursor, geoduck-execution',
    })
    return this.#body
  }
}
