/**
 * Keeps tiles on disk, between starts and for all servers with the same cache folder. A file is named by the digest of its key, in one of 64 sets.
 * It starts with a digest of key and content, so a damaged file is no tile. It is written beside and renamed. Each set has an equal part of the
 * limit, and drops the files that were not used for the longest time. So no server needs to know all files, nor what other servers write.
 *
 * A failure costs only the cache: with a full or missing disk, a tile is as slow as without it.
 */
import { createHash, hash } from 'node:crypto'
import { mkdir, open, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { viewOf } from '../ask/view.ts'
import type { Layer } from '../model/layer.ts'
import type { Filter } from '../model/predicate.ts'

const SETS = 64
/** The share of its set that a file may take. */
const FILE_SHARE = 1 / 4
/** The share of a set that is left when files are dropped. */
const LEFT = 3 / 4
/** Writes of a set between two looks at its files, which other servers write too. */
const WRITES_PER_LOOK = 32
/** Bytes that wait to be written. More are not kept. */
const MOST_WAITING = 16e6
/** Milliseconds without another write after a failed one. */
const PAUSE = 60_000
/** Milliseconds after which a use is recorded again, and after which an unfinished file is one of a server that has ended. */
const STALE = 60_000
/** Bytes before the content: the digest, and the number of features. */
const [DIGEST_BYTES, HEAD_BYTES] = [32, 36]

/** A part of every key. It changes when tiles of the same data have other bytes. */
const VERSION = 'geoduck-tile-1'

/**
 * Returns the key of something that is computed from one version of a layer and one filter. The configuration can give other names to
 * columns of the same data.
 */
export function tileKey({ layer, filter }: TileSubject, writes: number, question: readonly unknown[]): string {
  const columns = layer.columns.map(({ name, type }) => [name, type])
  return JSON.stringify([VERSION, layer.name, layer.fingerprint, writes, columns, viewOf(layer).digest, filter?.digest, question])
}

interface TileSubject {
  readonly layer: Layer
  readonly filter: Filter | null
}

export interface CachedTile {
  readonly rows: number
  readonly bytes: Buffer
}

interface FileSet {
  bytes: number
  writesLeft: number
}

export class TileCache {
  readonly #folder: string
  readonly #setBytes: number
  readonly #onFailure: (error: unknown) => void
  readonly #sets = new Map<string, FileSet>()
  #writing: Promise<void> = Promise.resolve()
  #waiting = 0
  #pausedUntil = 0
  #written = 0
  /** Tiles since the start that were looked for here. */
  readonly requests = { hit: 0, miss: 0 }

  /** @param limitBytes bytes of all files; 0 turns the cache off */
  constructor(folder: string, limitBytes: number, onFailure: (error: unknown) => void) {
    this.#folder = folder
    this.#setBytes = limitBytes / SETS
    this.#onFailure = onFailure
  }

  /** Returns null if there is no such tile, or a damaged one. */
  async get(key: string): Promise<CachedTile | null> {
    if (this.#setBytes === 0) return null
    const found = await this.#read(key).catch(() => null)
    this.requests[found ? 'hit' : 'miss']++
    return found
  }

  async #read(key: string): Promise<CachedTile | null> {
    const handle = await open(this.#fileOf(key).path)
    try {
      const { size, mtimeMs } = await handle.stat()
      if (size < HEAD_BYTES || size > this.#setBytes) return null
      const file = Buffer.alloc(size)
      if ((await handle.read(file, 0, size, 0)).bytesRead < size) return null
      const content = file.subarray(DIGEST_BYTES)
      if (!digestOf(key, content).equals(file.subarray(0, DIGEST_BYTES))) return null
      const now = Date.now()
      if (now - mtimeMs > STALE) await handle.utimes(now / 1_000, now / 1_000).catch(() => {})
      return { rows: file.readUInt32LE(DIGEST_BYTES), bytes: file.subarray(HEAD_BYTES) }
    } finally {
      await handle.close()
    }
  }

  /** Copies the pieces and keeps them, soon. It never fails. */
  put(key: string, rows: number, pieces: readonly Uint8Array[]): void {
    const size = pieces.reduce((sum, { byteLength }) => sum + byteLength, HEAD_BYTES)
    if (size > this.#setBytes * FILE_SHARE || this.#waiting + size > MOST_WAITING || Date.now() < this.#pausedUntil) return
    const head = Buffer.alloc(HEAD_BYTES)
    head.writeUInt32LE(rows, DIGEST_BYTES)
    const file = Buffer.concat([head, ...pieces], size)
    digestOf(key, file.subarray(DIGEST_BYTES)).copy(file)
    this.#waiting += size
    this.#writing = this.#writing
      .then(() => this.#write(key, file))
      .catch((error: unknown) => {
        this.#pausedUntil = Date.now() + PAUSE
        this.#onFailure(error)
      })
      .finally(() => {
        this.#waiting -= size
      })
  }

  /** Resolves when everything is written that `put` has received. */
  async settled(): Promise<void> {
    await this.#writing
  }

  async #write(key: string, file: Buffer): Promise<void> {
    const { folder, path } = this.#fileOf(key)
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const set = this.#sets.get(folder)
    if (!set || set.writesLeft === 0 || set.bytes + file.length > this.#setBytes) await this.#makeRoom(folder, file.length)
    const unfinished = `${path}.${process.pid}-${this.#written++}`
    try {
      await writeFile(unfinished, file)
      await rename(unfinished, path)
    } catch (error) {
      await rm(unfinished, { force: true }).catch(() => {})
      throw error
    }
    const now = this.#sets.get(folder)!
    now.bytes += file.length
    now.writesLeft--
  }

  /** Looks at the files of a set, and drops those that were not used for the longest time until another one fits. */
  async #makeRoom(folder: string, size: number): Promise<void> {
    const files: { readonly path: string; readonly bytes: number; readonly used: number }[] = []
    for (const name of await readdir(folder)) {
      const path = join(folder, name)
      // Another server may have dropped it meanwhile.
      const found = await stat(path).catch(() => null)
      if (!found) continue
      if (name.includes('.') && Date.now() - found.mtimeMs > STALE) await rm(path, { force: true })
      else files.push({ path, bytes: found.size, used: found.mtimeMs })
    }
    let bytes = files.reduce((sum, file) => sum + file.bytes, 0)
    if (bytes + size > this.#setBytes) {
      for (const file of files.sort((a, b) => a.used - b.used)) {
        if (bytes + size <= this.#setBytes * LEFT) break
        await rm(file.path, { force: true })
        bytes -= file.bytes
      }
    }
    this.#sets.set(folder, { bytes, writesLeft: WRITES_PER_LOOK })
  }

  #fileOf(key: string): { readonly folder: string; readonly path: string } {
    const name = hash('sha256', key)
    const set = Number.parseInt(name.slice(0, 2), 16) % SETS
    const folder = join(this.#folder, set.toString(16).padStart(2, '0'))
    return { folder, path: join(folder, name) }
  }
}

function digestOf(key: string, content: Buffer): Buffer {
  return createHash('sha256').update(`${key}\n`).update(content).digest()
}
