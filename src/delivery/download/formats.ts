/** How a download begins, goes on and ends on the wire: whoever reads what was cut off in the middle can tell by the file alone. */
import type { DownloadFormat } from '../../ask/download.ts'
import type { Batch } from '../../engines/engine.ts'

type Piece = Uint8Array | string

export interface Format {
  readonly contentType: string
  /** A batch's pieces; `first`: nothing has been written yet. */
  batch(batch: Batch, first: boolean): readonly Piece[]
  /** Behind the last batch; a cursor where there is a place behind a feature. */
  end(cursor: string | null): Piece
  /** Instead of it, after a failure. `error`: as in a GraphQL response. */
  broken(error: object): Piece
}

const END_OF_STREAM = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0)
/** A message that says it goes on for eight bytes: a file that ends behind it is read by nobody as one that is whole. */
const CUT_OFF = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 8, 0, 0, 0)

export const FORMATS: Readonly<Record<DownloadFormat, Format>> = {
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
