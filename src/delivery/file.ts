/** Writes a download. A download that was cut off is recognisable: the chunked body has no end, and the file ends within a part. */
import type { ServerResponse } from 'node:http'
import type { GraphQLError } from 'graphql'
import type { DownloadFormat } from '../ask/download-query.ts'
import type { Config } from '../config/config.ts'
import { headerBytes } from '../encode/csv.ts'
import type { Batch } from '../engines/engine.ts'
import type { BatchEvent, BatchEvents } from './batch-events.ts'
import { formatError } from './client-error.ts'
import { Body } from './compression.ts'
import { flush, UNBUFFERED, type Wire } from './deliver.ts'
import type { JsonPiece } from './raw-json.ts'

interface Format {
  readonly contentType: string
  /** Returns the bytes of a batch. `first` is true if nothing has been written yet. */
  batch(batch: Batch, first: boolean): readonly JsonPiece[]
  /** The bytes that follow the last batch. */
  readonly end: Uint8Array | string
  /** Returns the bytes that follow the last batch after a failure. `error` has the form of a GraphQL error. */
  broken(error: object): JsonPiece
}

const END_OF_STREAM = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0)
/**
 * A record batch whose body has eight bytes, of which the last is missing. A file that ends here fails in every reader. If it
 * ended between two messages, or after the length of a message, apache-arrow in JavaScript would accept it as whole.
 */
const CUT_OFF = Buffer.from(
  'ffffffff500000001400000000000000' + // the length of the metadata, 80 bytes, and their beginning
    '0c001a0018001300140004000c000000080000000000000000000000000000031000000004000a000c000000080004000a00000008000000' +
    '0c000000000000000000000000000000' + // their end
    '00000000000000', // the body
  'hex',
)

const FORMATS: Readonly<Record<DownloadFormat, Format>> = {
  arrows: {
    contentType: 'application/vnd.apache.arrow.stream',
    batch: ({ outputs: [stream] }, first) => {
      // Each batch is a complete Arrow stream. The file keeps the schema of the first stream only, and `end` writes the end
      // marker.
      const from = first ? 0 : schemaBytes(stream!)
      return [stream!.subarray(from, stream!.length - END_OF_STREAM.length)]
    },
    end: END_OF_STREAM,
    broken: () => CUT_OFF,
  },
  geojsonl: {
    contentType: 'application/x-ndjson',
    batch: ({ count, outputs: [lines] }) => (count === 0 ? [] : [lines!, '\n']),
    end: '',
    // The line has no end, so that it is no JSON. With a `}` after it, it is the error.
    broken: (error) => JSON.stringify({ errors: [error] }).slice(0, -1),
  },
  geojson: {
    contentType: 'application/geo+json',
    batch: ({ count, outputs: [lines] }, first) => {
      const features = count === 0 ? [] : [lines!]
      if (first) return ['{"type":"FeatureCollection","features":[\n', ...features]
      return count === 0 ? [] : [',\n', ...features]
    },
    end: '\n]}\n',
    // No list and no object has an end, so that it is no JSON.
    broken: (error) => `,\n${JSON.stringify({ errors: [error] }).slice(0, -1)}`,
  },
  csv: {
    contentType: 'text/csv; charset=utf-8; header=present',
    batch: ({ outputs: [document] }, first) => (first ? [document!] : [document!.subarray(headerBytes(document!))]),
    end: '',
    // The quote has no end.
    broken: (error) => `"${JSON.stringify({ errors: [error] }).replaceAll('"', "'")}`,
  },
}

/** Returns the length of the schema message at the start of a stream: marker, length and metadata; it has no body. */
function schemaBytes(stream: Uint8Array): number {
  return 8 + new DataView(stream.buffer, stream.byteOffset).getInt32(4, true)
}

export interface FileOptions {
  readonly format: DownloadFormat
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
    await body.end(this.#format.end)
  }

  async fail(error: GraphQLError): Promise<void> {
    if (this.#body) await this.#body.cut(this.#format.broken(formatError(error)))
    else this.#options.refuse(error)
  }

  #open(): Body {
    if (this.#body) return this.#body
    this.#body = new Body(this.#res, this.#options.compression)
    // Only a chunked body has trailers: there is none in HTTP/1.0, nor in the response to HEAD.
    const isChunked = this.#res.useChunkedEncodingByDefault && !this.#options.isHead
    this.#res.writeHead(200, {
      'content-type': this.#format.contentType,
      ...UNBUFFERED,
      'accept-ranges': 'none',
      ...(isChunked && { trailer: 'geoduck-cursor, geoduck-execution' }),
    })
    return this.#body
  }
}
