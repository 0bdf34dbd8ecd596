import { arrowStream } from './arrow.ts'
import { asBase64 } from './base64.ts'
import type { BatchLayout, Encoder, Output } from './batch.ts'
import { ByteWriter } from './bytes.ts'
import { featureCollection, featureLines } from './feature-collection.ts'
import { featureList } from './feature-list.ts'

/**
 * The encoder of one output of a plan, for all of its batches. It throws EncodingError for a row that cannot be written (WKB that
 * cannot be read, an id that is null) and TypeError where layout or batch are not what they say.
 *
 * @param out where text is written to, for as long as the encoder is used
 */
export function createEncoder(layout: BatchLayout, output: Output, out = new ByteWriter()): Encoder {
  switch (output.kind) {
    case 'geojson':
      return featureCollection(layout, output.precision, output.bbox === true, out)
    case 'geojson-lines':
      return featureLines(layout, output.precision, output.bbox === true, out)
    case 'features':
      return featureList(layout, output.fields, out)
    case 'arrow':
      return arrowStream(layout, output.shape)
    case 'arrow-base64':
      return asBase64(arrowStream(layout, output.shape))
  }
}
