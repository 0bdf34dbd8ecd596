/**
 * The frame of a message between the server and a worker: two 32-bit lengths, a head, and a body. The head of a message to a
 * worker is serialized by V8, because parameters may be large binary values; it has no body. The head of a message of a worker
 * is JSON. The body of a batch is the bytes of its outputs. The reader puts a frame into one buffer and returns views of it;
 * there is no other copy.
 */
import { deserialize, serialize } from 'node:v8'
import type { BatchMessage, FromWorker, ReceivedBatch, Reply, ToWorker } from './messages.ts'

interface BatchHead extends Omit<BatchMessage, 'outputs'> {
  readonly lengths: readonly number[]
}

const LENGTHS = 8

/** Returns the frame of a message of a worker, in pieces. */
export function frameOf(message: FromWorker): Uint8Array[] {
  if (message.type !== 'BATCH') return framed(jsonOf(message), [])
  const { outputs, ...rest } = message
  return framed(jsonOf({ ...rest, lengths: outputs.map((output) => output.length) }), outputs)
}

/** Returns the frame of a message to a worker, in pieces. */
export function requestFrameOf(message: ToWorker): Uint8Array[] {
  return framed(serialize(message), [])
}

const jsonOf = (head: Reply | BatchHead) => Buffer.from(JSON.stringify(head))

function framed(head: Buffer, body: readonly Uint8Array[]): Uint8Array[] {
  const lengths = Buffer.allocUnsafe(LENGTHS)
  lengths.writeUInt32LE(head.length, 0)
  lengths.writeUInt32LE(
    body.reduce((sum, { length }) => sum + length, 0),
    4,
  )
  return [Buffer.concat([lengths, head]), ...body]
}

const TO_WORKER: ReadonlySet<unknown> = new Set<ToWorker['type']>(['EXECUTE', 'CREDIT', 'YIELD', 'CANCEL', 'DIAGNOSE', 'PROBE'])

/** @throws Error if the frame holds no message to a worker */
export function requestOf({ head, body }: Frame): ToWorker {
  const message: ToWorker | undefined = deserialize(head)
  if (body.length > 0 || !TO_WORKER.has(message?.type)) throw new Error('a frame holds no message to a worker')
  return message!
}

/** Returns the message of a worker that a frame holds. */
export function messageOf({ head, body, release }: Frame): Reply | ReceivedBatch {
  const message = JSON.parse(head.toString()) as Reply | BatchHead
  if (message.type !== 'BATCH') return message
  const { lengths, ...rest } = message
  let at = 0
  const outputs = lengths.map((length) => {
    at += length
    return body.subarray(at - length, at)
  })
  return { ...rest, outputs, release }
}

interface Frame {
  readonly head: Buffer
  readonly body: Buffer
  /** Releases the memory of the frame for another one. */
  readonly release: () => void
}

export class FrameReader {
  readonly #onFrame: (frame: Frame) => void
  readonly #mostBytes: number
  readonly #buffers = new Buffers()
  readonly #lengths = Buffer.alloc(LENGTHS)
  /** The buffer that is being filled: the lengths, or the frame that follows them. */
  #target: Buffer = this.#lengths
  #filled = 0

  constructor(onFrame: (frame: Frame) => void, mostBytes = Number.POSITIVE_INFINITY) {
    this.#onFrame = onFrame
    this.#mostBytes = mostBytes
  }

  /** Reads bytes of another buffer. */
  read(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) {
      const { space } = this
      const part = bytes.subarray(at, at + space.length)
      space.set(part)
      at += part.length
      this.filled(part.length)
    }
  }

  /** The part of a buffer that receives the next bytes. */
  get space(): Uint8Array {
    return this.#target.subarray(this.#filled)
  }

  /** Records that `bytes` bytes were written into `space`. */
  filled(bytes: number): void {
    this.#filled += bytes
    if (this.#filled < this.#target.length) return
    const whole = this.#target
    this.#filled = 0
    this.#target = this.#lengths
    if (whole === this.#lengths) this.#target = this.#buffers.take(this.#announced(whole))
    else this.#onFrame(this.#frameIn(whole))
  }

  #announced(lengths: Buffer): number {
    const bytes = lengths.readUInt32LE(0) + lengths.readUInt32LE(4)
    if (bytes === 0 || bytes > this.#mostBytes) throw new Error(`a frame of ${bytes} bytes`)
    return bytes
  }

  #frameIn(frame: Buffer): Frame {
    const headBytes = this.#lengths.readUInt32LE(0)
    let released = false
    const release = () => {
      // A second release would give the same buffer to two frames.
      if (!released) this.#buffers.give(frame)
      released = true
    }
    return { head: frame.subarray(0, headBytes), body: frame.subarray(headBytes), release }
  }
}

/*
 * Buffers of released frames are used again. V8 counts every new buffer as external memory and collects garbage more often for
 * it, which took half of the server's time while it streamed.
 */

/** Smallest buffer that is kept, in bytes. */
const LEAST_BYTES = 64 * 1024
/** Most bytes of all buffers that are kept. */
const MOST_KEPT_BYTES = 16 * 1024 * 1024

class Buffers {
  #free: Buffer[] = []
  #freeBytes = 0

  /** Returns a buffer of `bytes` bytes with arbitrary content. */
  take(bytes: number): Buffer {
    // A buffer from Node's shared slab would keep the whole slab in memory while its batch waits for a client.
    if (bytes < LEAST_BYTES) return Buffer.allocUnsafeSlow(bytes)
    const found = this.#free.findIndex((buffer) => buffer.byteLength >= bytes)
    const [buffer] = found < 0 ? [] : this.#free.splice(found, 1)
    if (!buffer) return Buffer.allocUnsafeSlow(2 ** Math.ceil(Math.log2(bytes))).subarray(0, bytes)
    this.#freeBytes -= buffer.byteLength
    return buffer.subarray(0, bytes)
  }

  /** Takes back a buffer that nobody reads any more. */
  give(taken: Buffer): void {
    const buffer = Buffer.from(taken.buffer)
    if (buffer.byteLength < LEAST_BYTES || this.#freeBytes + buffer.byteLength > MOST_KEPT_BYTES) return
    this.#free.push(buffer)
    this.#freeBytes += buffer.byteLength
  }
}
