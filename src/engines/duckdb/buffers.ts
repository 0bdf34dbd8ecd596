/**
 * The buffers of frames that have been released, for the frames that come: V8 counts every new one as outside memory and collects the more
 * often for it, which was half of this process's time while it streamed.
 */
const LEAST_BYTES = 64 * 1024
const MOST_KEPT_BYTES = 16 * 1024 * 1024

export class Buffers {
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
