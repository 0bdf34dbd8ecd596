import type { Output } from './batch.ts'
import { COLLECTION } from './feature-collection.ts'
import { LIST } from './feature-list.ts'
import type { FixedFrame } from './text.ts'

/** What documents of this output begin and end with, all ASCII; null: two of them can't be made one without being read. */
export function frameOf(output: Output): FixedFrame | null {
  if (output.kind === 'geojson') return output.bbox ? null : COLLECTION
  return output.kind === 'features' ? LIST : null
}

export function isJoinable(output: Output): boolean {
  return frameOf(output) !== null
}

/** A document without what it begins and ends with, as a view. */
export function within(frame: FixedFrame, document: Uint8Array): Uint8Array {
  return document.subarray(frame.opening.length, document.length - frame.closing.length)
}

const utf8 = new TextEncoder()

/** The documents' values as one document, in views of them. None may be empty but a single one. */
export function joinDocuments(output: Output, documents: readonly Uint8Array[]): readonly Uint8Array[] {
  const frame = frameOf(output)
  if (documents.length === 1 || !frame) return documents
  const between = utf8.encode(frame.between)
  const last = documents.length - 1
  return documents.flatMap((document, n) => {
    const from = n === 0 ? 0 : utf8.encode(frame.opening).length
    const to = document.length - (n === last ? 0 : utf8.encode(frame.closing).length)
    return n === 0 ? [document.subarray(from, to)] : [between, document.subarray(from, to)]
  })
}
