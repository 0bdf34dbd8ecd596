import type { Output } from './batch.ts'
import { COLLECTION } from './feature-collection.ts'
import { LIST } from './feature-list.ts'
import type { FixedFrame } from './text.ts'

/** What documents of this output begin and end with, all ASCII; null: two of them can't be made one without being read. */
export function frameOf(output: Output): FixedFrame | null {
  if (output.kind === 'geojson') return output.bbox ? null : COLLECTION
  return output.kind === 'features' || output.kind === 'edges' ? LIST : null
}

/** Whether documents of this output that follow each other can be made one without being read. */
export function canJoin(output: Output): boolean {
  return output.kind === 'start-cursor' || frameOf(output) !== null
}

/** A document without what it begins and ends with, as a view. */
export function within(frame: FixedFrame, document: Uint8Array): Uint8Array {
  return document.subarray(frame.opening.length, document.length - frame.closing.length)
}

const utf8 = new TextEncoder()

/** The documents' values as one document, in views of them. None may be empty but a single one. */
export function joinDocuments(output: Output, documents: readonly Uint8Array[]): readonly Uint8Array[] {
  if (output.kind === 'start-cursor') return documents.slice(0, 1)
  const frame = frameOf(output)
  if (documents.length === 1 || !frame) return documents
  const [opening, between, closing] = [frame.opening, frame.between, frame.closing].map((text) => utf8.encode(text))
  return [...documents.flatMap((document, n) => [n === 0 ? opening! : between!, within(frame, document)]), closing!]
}
