/**
 * What an execution's text is written into, for the next one to write over: a worker runs one at a time. Buffers that grew to the size of a page
 * for each of them anew were four fifths of the collector's work while it answered small boxes, half a millisecond of each.
 */
import { ByteWriter } from '../../../../encode/bytes.ts'

/** One that has grown beyond this is for one execution only. */
const MOST_KEPT_BYTES = 4 * 1024 * 1024

const kept: ByteWriter[] = []

/** For the output of this number. */
export function writerOf(output: number): ByteWriter {
  const writer = kept[output]
  if (writer && writer.capacity <= MOST_KEPT_BYTES) return writer
  const fresh = new ByteWriter()
  kept[output] = fresh
  return fresh
}
