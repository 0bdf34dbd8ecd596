/** A buffer is made this much larger than the batch that asks for it: the next ones are about as large. */
const SPARE = 1.25

/** Two buffers in turn, of which one is read while the other is written. */
export class BufferPair {
  #next = new Uint8Array(0)
  #last = new Uint8Array(0)

  /** `length` bytes of any content. They hold until the call after the next. */
  take(length: number): Uint8Array<ArrayBuffer> {
    const buffer = this.#next.length < length ? new Uint8Array(Math.ceil(SPARE * length)) : this.#next
    this.#next = this.#last
    this.#last = buffer
    return buffer.subarray(0, length)
  }
}
