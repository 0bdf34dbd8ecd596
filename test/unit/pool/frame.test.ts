import { expect, test } from 'vitest'
import { FrameReader, frameOf } from '../../../src/engines/duckdb/frame.ts'
import type { ReceivedBatch } from '../../../src/engines/duckdb/messages.ts'

const LARGE = 100_000

function batch(number: number, ...lengths: number[]) {
  const outputs = lengths.map((length) => new Uint8Array(length).fill(number))
  return { execution: 'é', count: number, outputs, position: { keys: [String(number), null, 'ü'] }, scan: null }
}

/** Bytes as a socket brings them: at most `step` at a time. */
function feed(reader: FrameReader, pieces: Uint8Array[], step: number): void {
  const bytes = Buffer.concat(pieces)
  for (let at = 0; at < bytes.length; ) {
    const { space } = reader
    const length = Math.min(step, space.length, bytes.length - at)
    space.set(bytes.subarray(at, at + length))
    at += length
    reader.filled(length)
  }
}

function parts({ execution, count, outputs, position, scan }: ReceivedBatch) {
  return { execution, count, outputs: outputs.map((output) => Uint8Array.from(output)), position, scan }
}

test.each([1, 7, 8, 1_000, 65_536, 1e9])('batches are unchanged when they arrive in pieces of at most %i bytes', (step) => {
  const sent = [batch(1, 10), batch(2), batch(3, 0, 5), batch(4, LARGE, 3), batch(5, 70_000)]
  const received: unknown[] = []
  const reader = new FrameReader((whole) => received.push(parts(whole)))
  feed(reader, sent.flatMap(frameOf), step)
  expect(received).toEqual(sent)
})

test('a batch keeps its bytes until it is released, and gives its memory to one other then, however often it is released', () => {
  const received: ReceivedBatch[] = []
  const reader = new FrameReader((whole) => received.push(whole))
  const memory = () => received.map(({ outputs }) => outputs[0]?.buffer)
  feed(reader, [batch(1, LARGE), batch(2, LARGE)].flatMap(frameOf), LARGE)
  expect(memory()[1]).not.toBe(memory()[0])
  received[0]?.release()
  received[0]?.release()
  feed(reader, [batch(3, LARGE), batch(4, LARGE)].flatMap(frameOf), LARGE)
  expect(memory()[2]).toBe(memory()[0])
  expect(new Set(memory()).size).toBe(3)
  expect(received.slice(1).map(parts)).toEqual([batch(2, LARGE), batch(3, LARGE), batch(4, LARGE)])
})
