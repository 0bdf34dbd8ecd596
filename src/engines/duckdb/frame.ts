/**
 * How a batch crosses from a worker to the server: its head (lengths, position) as JSON behind two 32-bit lengths, then the encoded outputs as
 * they are. The reader puts a frame into one buffer and gives views of it: no other copy is made.
 */
import { Buffers } from './buffers.ts'
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
