import { arrowStream } from './arrow.ts'
import { asBase64 } from './base64.ts'
import type { BatchLayout, CursorText, Encoder, Output } from './batch.ts'
import { ByteWriter } from './bytes.ts'
import { edgeList, startCursor } from './edge-list.ts'
import { featureCollection, featureLines } from './feature-collection.ts'
import { featureList, rowList } from './feature-list.ts'

/**
 * The encoder of one output of a plan, for all of its batches. It throws EncodingError for a row that cannot be written (WKB that
 * cannot be read, a key that is null) and TypeError where layout or batch are not what they say.
 *
 * @param out where text is written to, for as long as the encoder is used
 * @param cursorOf left out where the output has no cursors
 */
export function createEncoder(layout: BatchLayout, output: Output, out = new ByteWriter(), cursorOf?: CursorText): Encoder {
  switch (output.kind) {
    case 'geojson':
      return featureCollection(layout, output, out)
    case 'geojson-lines':
      return featureLines(layout, output, out)
    case 'features':
      return featureList(layout, output.fields, out)
    case 'edges':
      return edgeList(layout, output.fields, out, cursorOf)
    case 'rows':
      return rowList(layout, out)
    case 'start-cursor':
      return startCursor(out, cursorOf)
    case 'arrow':
      return arrowStream(layout, output)
    case 'arrow-base64':
      return asBase64(arrowStream(layout, output))
  }
}
