import { expect, test } from 'vitest'
import { FrameReader, frameOf, messageOf, requestFrameOf, requestOf } from '../../../src/engines/duckdb/frame.ts'
import type { FromWorker, ReceivedBatch, Reply, ToWorker } from '../../../src/engines/duckdb/messages.ts'

const LARGE = 100_000

function batch(number: number, ...lengths: number[]) {
  const outputs = lengths.map((length) => new Uint8Array(length).fill(number))
  const position = { keys: [String(number), null, 'ü'] }
  return { type: 'BATCH', execution: 'é', count: number, outputs, position, scan: null } as const
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

function content(message: Reply | ReceivedBatch): FromWorker {
  if (message.type !== 'BATCH') return message
  const { release, outputs, ...rest } = message
  return { ...rest, outputs: outputs.map((output) => Uint8Array.from(output)) }
}

test.each([1, 7, 8, 1_000, 65_536, 1e9])(
  'messages of a worker are unchanged when they arrive in pieces of at most %i bytes',
  (step) => {
    const failure = { kind: 'OTHER', message: 'ü \ud800' } as const
    const sent: FromWorker[] = [
      batch(1, 10),
      { type: 'ALIVE' },
      batch(2),
      batch(3, 0, 5),
      { type: 'END', end: { outcome: 'FAILED', engineMs: 1.5, scan: null, failure } },
      batch(4, LARGE, 3),
      batch(5, 70_000),
      { type: 'END', end: { outcome: 'MORE', engineMs: 0, scan: { rowGroupsRead: 1, rowGroups: 2, rowsScanned: 3 } } },
    ]
    const received: FromWorker[] = []
    const reader = new FrameReader((frame) => received.push(content(messageOf(frame))))
    feed(reader, sent.flatMap(frameOf), step)
    expect(received).toEqual(sent)
  },
)

test('a batch keeps its bytes until it is released, and gives its memory to one other then, however often it is released', () => {
  const received: ReceivedBatch[] = []
  const reader = new FrameReader((frame) => received.push(messageOf(frame) as ReceivedBatch))
  const memory = () => received.map(({ outputs }) => outputs[0]?.buffer)
  feed(reader, [batch(1, LARGE), batch(2, LARGE)].flatMap(frameOf), LARGE)
  expect(memory()[1]).not.toBe(memory()[0])
  received[0]?.release()
  received[0]?.release()
  feed(reader, [batch(3, LARGE), batch(4, LARGE)].flatMap(frameOf), LARGE)
  expect(memory()[2]).toBe(memory()[0])
  expect(new Set(memory()).size).toBe(3)
  expect(received.slice(1).map(content)).toEqual([batch(2, LARGE), batch(3, LARGE), batch(4, LARGE)])
})

/** An execution with parameters of the given values. Only its statement is looked at here. */
function execute(...parameters: unknown[]): ToWorker {
  return {
    type: 'EXECUTE',
    request: { execution: 'é', plan: { statement: { sql: 'SELECT ü', parameters } } },
  } as unknown as ToWorker
}

const REQUESTS: readonly ToWorker[] = [
  { type: 'PROBE' },
  execute(Uint8Array.of(1, 0, 255), 2n ** 64n, -0, Number.NaN, Number.POSITIVE_INFINITY, null, 'ü', undefined, true),
  { type: 'CREDIT', execution: 'é', credits: 2 },
  { type: 'DIAGNOSE' },
  { type: 'YIELD', execution: 'é' },
  { type: 'CANCEL', execution: 'é' },
]

/** Messages to a worker as it reads them from chunks of a socket. */
function readRequests(chunks: readonly Uint8Array[]): ToWorker[] {
  const received: ToWorker[] = []
  const reader = new FrameReader((frame) => received.push(requestOf(frame)))
  for (const chunk of chunks) {
    reader.read(chunk)
    // The socket may use the memory of a chunk again.
    chunk.fill(0)
  }
  return received
}

test('messages to a worker are unchanged when they are cut at any byte, or at every byte', () => {
  const whole = Buffer.concat(REQUESTS.flatMap(requestFrameOf))
  for (let cut = 0; cut <= whole.length; cut++) {
    const copy = Uint8Array.from(whole)
    expect(readRequests([copy.subarray(0, cut), copy.subarray(cut)]), `cut at ${cut}`).toEqual(REQUESTS)
  }
  expect(readRequests(Array.from(whole, (byte) => Uint8Array.of(byte)))).toEqual(REQUESTS)
})

test('a request with large parameters is unchanged, and so is the next one', () => {
  const text = '0123456789abcdef'.repeat(50_000)
  const bytes = Uint8Array.from({ length: 800_000 }, (_, at) => at % 251)
  const requests = [execute(text, bytes), execute(bytes, text), REQUESTS[0]!]
  const whole = Buffer.concat(requests.flatMap(requestFrameOf))
  const chunks = Array.from({ length: Math.ceil(whole.length / 65_536) }, (_, n) =>
    Uint8Array.from(whole.subarray(n * 65_536, (n + 1) * 65_536)),
  )
  expect(readRequests(chunks)).toEqual(requests)
})

const frame = (message: unknown) => Buffer.concat(requestFrameOf(message as ToWorker))

function withByte(bytes: Uint8Array, at: number, value: number): Uint8Array {
  const copy = Uint8Array.from(bytes)
  copy[at] = value
  return copy
}

test.each<[string, () => Uint8Array]>([
  ['another type', () => frame({ type: 'OTHER' })],
  ['no message', () => frame(null)],
  ['a head that V8 did not write', () => withByte(frame({ type: 'PROBE' }), 8, 0)],
  ['a body', () => Buffer.concat([withByte(frame({ type: 'PROBE' }), 4, 1), Buffer.alloc(1)])],
  ['no head', () => Buffer.alloc(8)],
  ['a message of a worker', () => Buffer.concat(frameOf({ type: 'ALIVE' }))],
])('a frame to a worker with %s is refused', (_, broken) => {
  expect(() => readRequests([broken()])).toThrow()
})
