import { arrowStream } from './arrow.ts'
import { asBase64 } from './base64.ts'
import type { BatchLayout, Encoder, Output } from './batch.ts'
import { featureCollection, featureLines } from './feature-collection.ts'
import { featureList } from './feature-list.ts'

/**
 * The encoder of one output of a plan, for all of its batches. It throws EncodingError for a row that cannot be written (WKB that
 * cannot be read, an id that is null) and TypeError where layout or batch are not what they say.
 */
export function createEncoder(layout: BatchLayout, output: Output): Encoder {
  switch (output.kind) {
    case 'geojson':
      return featureCollection(layout, output.precision, output.bbox === true)
    case 'geojson-lines':
      return featureLines(layout, output.precision, output.bbox === true)
    case 'features':
      return featureList(layout, output.fields)
    case 'arrow':
      return arrowStream(layout, output.shape)
    case 'arrow-base64':
      return asBase64(arrowStream(layout, output.shape))
  }
}
