/**
 * Keeps batches of a paused stream on disk. The worker makes the next batches for a slow client at once, so that its pauses
 * cost no engine time, no worker and no memory. The file is unlinked when it is open, so nothing remains if the server dies.
 */
import { randomUUID } from 'node:crypto'
import { type FileHandle, open, unlink } from 'node:fs/promises'
import path from 'node:path'
import type { Batch } from '../../engine.ts'

/** Limits of one stream. More would help only clients that are even slower. */
const MOST_BATCHES = 64
const MOST_BYTES = 64 * 1024 * 1024

/** Limits the bytes of all spools of a pool together. */
export class SpoolBudget {
  readonly folder: string
  readonly #limit: number
  #used = 0

  constructor(folder: string, limit: number) {
    this.folder = folder
    this.#limit = limit
  }

  /** Reserves `bytes`. Returns false if the limit is reached. */
  take(bytes: number): boolean {
    if (this.#used + bytes > this.#limit) return false
    this.#used += bytes
    return true
  }

  give(bytes: number): void {
    this.#used -= bytes
  }
}

interface Entry {
  readonly batch: Omit<Batch, 'outputs'>
  readonly offset: number
  readonly lengths: readonly number[]
  /** Resolves to null when the batch is on disk, or to its outputs if it could not be written. */
  readonly kept: Promise<readonly Uint8Array[] | null>
}

export class Spool {
  readonly #budget: SpoolBudget
  #file: Promise<FileHandle> | null = null
  #entries: Entry[] = []
  #end = 0
  #reserved = 0
  #count = 0

  constructor(budget: SpoolBudget) {
    this.#budget = budget
  }

  get empty(): boolean {
    return this.#entries.length === 0
  }

  /** Bytes of the batch that `shift` returns next. */
  get nextBytes(): number {
    return this.#entries[0]?.lengths.reduce((sum, length) => sum + length, 0) ?? 0
  }

  /** Appends a batch. Resolves when it is written: to true if there is room for another one. */
  async push({ outputs, ...batch }: Batch): Promise<boolean> {
    const lengths = outputs.map((output) => output.length)
    const bytes = lengths.reduce((sum, length) => sum + length, 0)
    const offset = this.#end
    const room = this.#budget.take(bytes)
    if (room) this.#reserved += bytes
    this.#end += bytes
    this.#count++
    const kept = room ? this.#write(outputs, offset) : Promise.resolve(outputs)
    this.#entries.push({ batch, offset, lengths, kept })
    const written = (await kept) === null
    if (written) batch.release()
    return written && this.#count < MOST_BATCHES && this.#end < MOST_BYTES
  }

  /** Removes and returns the first batch. */
  async shift(): Promise<Batch> {
    const entry = this.#entries.shift()
    if (!entry) throw new RangeError('the spool is empty')
    const outputs = (await entry.kept) ?? (await this.#read(entry))
    return { ...entry.batch, outputs }
  }

  /** Drops all batches. The spool can be filled again at once. */
  async reset(): Promise<void> {
    this.#budget.give(this.#reserved)
    const file = this.#file
    const pending = this.#entries.splice(0).map(({ kept }) => kept)
    this.#file = null
    this.#end = 0
    this.#reserved = 0
    this.#count = 0
    await Promise.all(pending)
    await (await file?.catch(() => null))?.close()
  }

  async #write(outputs: readonly Uint8Array[], offset: number): Promise<readonly Uint8Array[] | null> {
    try {
      this.#file ??= this.#create()
      const file = await this.#file
      const bytes = outputs.reduce((sum, { length }) => sum + length, 0)
      // On a full disk, `writev` may write only a part, without an error.
      return (await file.writev([...outputs], offset)).bytesWritten === bytes ? null : outputs
    } catch {
      // The disk is full: this batch stays in memory, and the stream pauses after it.
      return outputs
    }
  }

  async #read({ offset, lengths }: Entry): Promise<Uint8Array[]> {
    const file = await this.#file
    if (!file) throw new RangeError('the spool is closed')
    const outputs: Uint8Array[] = []
    for (const [index, length] of lengths.entries()) {
      const from = offset + lengths.slice(0, index).reduce((sum, before) => sum + before, 0)
      const { bytesRead, buffer } = await file.read(new Uint8Array(length), 0, length, from)
      if (bytesRead !== length) throw new RangeError('the spool is cut short')
      outputs.push(buffer)
    }
    return outputs
  }

  async #create(): Promise<FileHandle> {
    const name = path.join(this.#budget.folder, `spool-${randomUUID()}`)
    const file = await open(name, 'wx+', 0o600)
    await unlink(name)
    return file
  }
}
