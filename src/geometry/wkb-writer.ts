/** A growing buffer of little-endian well-known binary. */
export class WkbWriter {
  length = 0
  #bytes = new Uint8Array(256)
  #view = new DataView(this.#bytes.buffer)

  header(typeCode: number): void {
    this.#reserve(5)
    this.#view.setUint8(this.length, 1)
    this.#view.setUint32(this.length + 1, typeCode, true)
    this.length += 5
  }

  /** A count that is not known yet; returns its place. */
  openCount(): number {
    this.#reserve(4)
    this.length += 4
    return this.length - 4
  }

  closeCount(place: number, count: number): void {
    this.#view.setUint32(place, count, true)
  }

  position(x: number, y: number): void {
    this.#reserve(16)
    this.#view.setFloat64(this.length, x, true)
    this.#view.setFloat64(this.length + 8, y, true)
    this.length += 16
  }

  bytes(): Uint8Array {
    return this.#bytes.slice(0, this.length)
  }

  #reserve(more: number): void {
    if (this.length + more <= this.#bytes.length) return
    const larger = new Uint8Array(this.#bytes.length * 2 + more)
    larger.set(this.#bytes)
    this.#bytes = larger
    this.#view = new DataView(larger.buffer)
  }
}
