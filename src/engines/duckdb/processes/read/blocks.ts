/** Reads a file in blocks, in the process of the reader. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'

const BLOCK_BYTES = 1 << 22

/** A window of a file that moves forward. It is as large as the largest piece that is requested. */
export class BlockFile {
  readonly size: number
  readonly #descriptor: number
  #block = Buffer.alloc(0)
  /** The position of the block in the file. */
  #from = 0

  /** @throws Error of the file system */
  constructor(file: string) {
    this.#descriptor = openSync(file, 'r')
    this.size = fstatSync(this.#descriptor).size
  }

  /** Returns `length` bytes at `from`, or fewer at the end of the file. They are valid until the next call. */
  at(from: number, length: number): Buffer {
    const to = Math.min(this.size, from + length)
    if (from < this.#from || to > this.#from + this.#block.length) this.#load(from, Math.max(0, to - from))
    return this.#block.subarray(from - this.#from, to - this.#from)
  }

  close(): void {
    closeSync(this.#descriptor)
  }

  #load(from: number, least: number): void {
    const length = Math.min(Math.max(least, BLOCK_BYTES), Math.max(0, this.size - from))
    // The bytes that were returned before may still be in use.
    const block = Buffer.allocUnsafe(length)
    let read = 0
    while (read < length) {
      const more = readSync(this.#descriptor, block, read, length - read, from + read)
      if (more === 0) break
      read += more
    }
    this.#block = block.subarray(0, read)
    this.#from = from
  }
}
