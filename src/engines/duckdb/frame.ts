/**
 * How a batch crosses from a worker to the server: its head (lengths, position) as JSON behind two 32-bit lengths, then the encoded outputs as
 * they are. The reader puts a frame into one buffer and gives views of it: no other copy is made.
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
  /** What is being filled: the lengths, or the frame behind them. */
  #target: Buffer = this.#lengths
  #filled = 0

  constructor(onBatch: (batch: ReceivedBatch) => void) {
    this.#onBatch = onBatch
  }

  /** Where the next bytes go. */
  get space(): Uint8Array {
    return this.#target.subarray(this.#filled)
  }

  /** So many bytes were put into `space`. */
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
      // Twice, and two batches would share it.
      if (!released) this.#buffers.give(frame)
      released = true
    }
    return { ...rest, outputs, release }
  }
}

/**
 * The buffers of frames that have been released, for the frames that come: V8 counts every new one as outside memory and collects the more
 * often for it, which was half of this process's time while it streamed.
 */
const LEAST_BYTES = 64 * 1024
const MOST_KEPT_BYTES = 16 * 1024 * 1024

class Buffers {
  #free: Buffer[] = []
  #freeBytes = 0

  /** `bytes` long, of any content. */
  take(bytes: number): Buffer {
    // Not of Node's shared slab: a batch that waits for its client would keep its neighbours alive.
    if (bytes < LEAST_BYTES) return Buffer.allocUnsafeSlow(bytes)
    const found = this.#free.findIndex((buffer) => buffer.byteLength >= bytes)
    const [buffer] = found < 0 ? [] : this.#free.splice(found, 1)
    if (!buffer) return Buffer.allocUnsafeSlow(2 ** Math.ceil(Math.log2(bytes))).subarray(0, bytes)
    this.#freeBytes -= buffer.byteLength
    return buffer.subarray(0, bytes)
  }

  /** Nobody reads it any more. */
  give(taken: Buffer): void {
    const buffer = Buffer.from(taken.buffer)
    if (buffer.byteLength < LEAST_BYTES || this.#freeBytes + buffer.byteLength > MOST_KEPT_BYTES) return
    this.#free.push(buffer)
    this.#freeBytes += buffer.byteLength
  }
}
