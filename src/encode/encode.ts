import { arrowStream } from './arrow.ts'
import type { BatchLayout, CursorText, Encoder, Output } from './batch.ts'
import { ByteWriter } from './bytes.ts'
import { csvRecords } from './csv.ts'
import { edgeList, startCursor } from './edge-list.ts'
import { COLLECTION, featureCollection, featureLines, featureList, LIST } from './feature-collection.ts'
import { tileCells } from './tile/cells.ts'
import { vectorTile } from './tile/vector-tile.ts'
import type { FixedFrame } from './value.ts'

/**
 * Creates the encoder of one output of a plan, for all of its batches. The encoder throws EncodingError if a row cannot be
 * written (its WKB cannot be read, its key is null), and TypeError if the layout does not fit the batch.
 *
 * @param out where text is written to, for as long as the encoder is used
 * @param cursorOf not needed if the output has no cursors
 */
export function createEncoder(layout: BatchLayout, output: Output, out = new ByteWriter(), cursorOf?: CursorText): Encoder {
  switch (output.kind) {
    case 'geojson':
      return featureCollection(layout, output, out)
    case 'geojson-lines':
      return featureLines(layout, output, '', out)
    case 'geojson-members':
      return featureLines(layout, output, ',', out)
    case 'csv':
      return csvRecords(layout, output, out)
    case 'features':
      return featureList(layout, output.fields, out)
    case 'edges':
      return edgeList(layout, output.fields, out, cursorOf)
    case 'start-cursor':
      return startCursor(out, cursorOf)
    case 'arrow':
      return arrowStream(layout, output)
    case 'tile':
      return vectorTile(layout, output, out)
    case 'tile-cells':
      return tileCells(layout, output, out)
    case 'arrow-base64':
      return asBase64(arrowStream(layout, output))
  }
}

const QUOTE = 0x22
/** The buffer is this much larger than the batch that needs it, because the next batches are about as large. */
const SPARE = 1.25

/**
 * Bytes that become a string at a time, a multiple of three. A string of a whole batch is a large object: its pages were new
 * for each batch, and that took a quarter of the processor time of the main thread.
 */
const PART = 24 * 1024

/** Writes bytes as a JSON string of base64, for outputs that do not accept bytes. */
function asBase64(encode: Encoder): Encoder {
  let json = Buffer.alloc(0)
  return (batch, from, to) => {
    const { buffer, byteOffset, byteLength } = encode(batch, from, to)
    const bytes = Buffer.from(buffer, byteOffset, byteLength)
    const length = 4 * Math.ceil(byteLength / 3) + 2
    if (length > json.length) json = Buffer.alloc(Math.ceil(SPARE * length), QUOTE)
    let at = 1
    for (let start = 0; start < byteLength; start += PART)
      at += json.write(bytes.toString('base64', start, start + PART), at, 'latin1')
    json[at] = QUOTE
    return json.subarray(0, length)
  }
}

/**
 * Returns the ASCII text at the beginning and end of this output's documents. Null if two documents cannot be joined unread.
 */
export function frameOf(output: Output): FixedFrame | null {
  if (output.kind === 'geojson') return output.bbox ? null : COLLECTION
  return output.kind === 'features' || output.kind === 'edges' ? LIST : null
}

/** Returns true if consecutive documents of this output can be joined without reading them. */
export function canJoin(output: Output): boolean {
  return output.kind === 'start-cursor' || frameOf(output) !== null
}

/** Returns a view of a document without its frame. */
export function within(frame: FixedFrame, document: Uint8Array): Uint8Array {
  return document.subarray(frame.opening.length, document.length - frame.closing.length)
}

const utf8 = new TextEncoder()

/** Joins the documents' values to one document, as views. Only a single document may be empty. */
export function joinDocuments(output: Output, documents: readonly Uint8Array[]): readonly Uint8Array[] {
  if (output.kind === 'start-cursor') return documents.slice(0, 1)
  const frame = frameOf(output)
  if (documents.length === 1 || !frame) return documents
  const [opening, between, closing] = [frame.opening, frame.between, frame.closing].map((text) => utf8.encode(text))
  return [...documents.flatMap((document, n) => [n === 0 ? opening! : between!, within(frame, document)]), closing!]
}
