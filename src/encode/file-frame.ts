/** Joins the documents of batches to one file. A file that was cut off is recognisable: it ends within a part. */
import type { StreamFormat } from '../model/file-format.ts'
import { headerBytes } from './csv.ts'

export interface FileFrame {
  readonly contentType: string
  /** Returns the bytes of a batch of `count` features. `first` is true if nothing has been written yet. */
  batch(count: number, document: Uint8Array, first: boolean): readonly (Uint8Array | string)[]
  /** The bytes that follow the last batch. */
  readonly end: Uint8Array | string
  /** Returns the bytes that follow the last batch after a failure. `error` has the form of a GraphQL error. */
  broken(error: object): Uint8Array | string
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

export const FILE_FRAMES: Readonly<Record<StreamFormat, FileFrame>> = {
  arrows: {
    contentType: 'application/vnd.apache.arrow.stream',
    batch: (_, stream, first) => {
      // Each batch is a complete Arrow stream. The file keeps the schema of the first stream only, and `end` writes the end
      // marker.
      const from = first ? 0 : schemaBytes(stream)
      return [stream.subarray(from, stream.length - END_OF_STREAM.length)]
    },
    end: END_OF_STREAM,
    broken: () => CUT_OFF,
  },
  geojsonl: {
    contentType: 'application/x-ndjson',
    batch: (count, lines) => (count === 0 ? [] : [lines, '\n']),
    end: '',
    // The line has no end, so that it is no JSON. With a `}` after it, it is the error.
    broken: (error) => JSON.stringify({ errors: [error] }).slice(0, -1),
  },
  geojson: {
    contentType: 'application/geo+json',
    batch: (count, lines, first) => {
      const features = count === 0 ? [] : [lines]
      if (first) return ['{"type":"FeatureCollection","features":[\n', ...features]
      return count === 0 ? [] : [',\n', ...features]
    },
    end: '\n]}\n',
    // No list and no object has an end, so that it is no JSON.
    broken: (error) => `,\n${JSON.stringify({ errors: [error] }).slice(0, -1)}`,
  },
  csv: {
    contentType: 'text/csv; charset=utf-8; header=present',
    batch: (_, document, first) => (first ? [document] : [document.subarray(headerBytes(document))]),
    end: '',
    // The quote has no end.
    broken: (error) => `"${JSON.stringify({ errors: [error] }).replaceAll('"', "'")}`,
  },
}

/** Returns the length of the schema message at the start of a stream: marker, length and metadata; it has no body. */
function schemaBytes(stream: Uint8Array): number {
  return 8 + new DataView(stream.buffer, stream.byteOffset).getInt32(4, true)
}
