/**
 * An upload writes the rows of one request body in chunks. Each chunk is a mutation whose idempotency key names the upload and the number of its
 * rows so far, so the known keys say how much of an upload is committed.
 */
import { hash } from 'node:crypto'
import type { LiveOperation } from './live.ts'

/** Digits of the number, so that keys are sorted by it. */
const DIGITS = 12

/** Returns the beginning of the keys of the chunks of an upload. */
export function uploadPrefix(layer: string, upload: string): string {
  return `upload ${encodeURIComponent(layer)} ${encodeURIComponent(upload)} `
}

/** @param end the rows of the upload up to the end of the chunk */
export function chunkKey(layer: string, upload: string, end: number): string {
  return uploadPrefix(layer, upload) + String(end).padStart(DIGITS, '0')
}

/** A chunk that is committed. */
export interface UploadedChunk {
  /** The rows of the upload up to its end. */
  readonly end: number
  readonly version: number
  readonly digest: Uint8Array
}

/** Two mutations with the same digest are the same. @param content the operation, or the request of the client if the operation depends on the data */
export function digestOf(layer: string, content: LiveOperation | string): Buffer {
  const text = JSON.stringify([layer, content], (_, value) =>
    value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value,
  )
  return hash('sha256', text, 'buffer')
}
