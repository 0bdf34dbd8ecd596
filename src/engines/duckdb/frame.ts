/**
 * The frame in which a worker sends a batch to the server: two 32-bit lengths, a head (position, lengths of the outputs) as
 * JSON, and the bytes of the outputs. The reader puts a frame into one buffer and returns views of it; there is no other copy.
 */
import type { BatchMessage, ReceivedBatch } from './messages.ts'

interface Head extends Omit<BatchMessage, 'outputs'> {
  readonly lengths: readonly number[]
}

const LENGTHS = 8

export function frameOf({ outputs, ...rest }: BatchMessage): Uint8Array[] {
  const lengths = outputs.map((output) => output.length)
  const head = Buffer.from(JSON.stringify({ ...rest, lengths } satisfies Head))
  const prefix = Buffer.allocUnsafe(LENGTHS)
  prefix.writeUInt32LE(head.length, 0)
  prefix.writeUInt32LE(
    lengths.reduce((sum, length) => sum + length, 0),
    4,
  )
  return [prefix, head, ...outputs]
}

export class FrameReader {
  readonly #onBatch: (batch: ReceivedBatch) => void
  readonly #buffers = new Buffers()
  readonly #lengths = Buffer.alloc(LENGTHS)
  /** The buffer that is being filled: the lengths, or the frame that follows them. */
  #target: Buffer = this.#lengths
  #filled = 0

  constructor(onBatch: (batch: ReceivedBatch) => void) {
    this.#onBatch = onBatch
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
    if (whole === this.#lengths) this.#target = this.#buffers.take(whole.readUInt32LE(0) + whole.readUInt32LE(4))
    else this.#onBatch(this.#batchOf(whole))
  }

  #batchOf(frame: Buffer): ReceivedBatch {
    let at = this.#lengths.readUInt32LE(0)
    const { lengths, ...rest } = JSON.parse(frame.toString('utf8', 0, at)) as Head
    const outputs = lengths.map((length) => {
      at += length
      return frame.subarray(at - length, at)
    })
    let released = false
    const release = () => {
      // A second release would give the same buffer to two batches.
      if (!released) this.#buffers.give(frame)
      released = true
    }
    return { ...rest, outputs, release }
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
