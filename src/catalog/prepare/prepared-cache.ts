/**
 * The folder of copies, one folder a source, named by the digest of its content: the same source is prepared once, whatever it is called and
 * wherever it lies. What is not finished lies apart, under the id of the process that makes it.
 */
import { hash, randomUUID } from 'node:crypto'
import { mkdir, mkdtemp, open, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'

/** Not a digest, so that it is no copy. */
const UNFINISHED = 'unfinished'
/** Ends with the id of a process that serves the copy. */
const USER = 'used-by-'

export interface CopyUse {
  readonly digest: string
  readonly bytes: number
  /** When it was last served or made, in milliseconds. */
  readonly usedAt: number
  /** By a process that runs. */
  readonly inUse: boolean
}

export interface Pruned {
  readonly removed: number
  readonly removedBytes: number
  readonly kept: number
  readonly keptBytes: number
}

export class PreparedCache {
  readonly #folder: string
  readonly #limitBytes: number
  readonly #isTemporary: boolean
  readonly #used = new Set<string>()

  /**
   * @param folder null: one for this process alone, removed when the cache is closed. Neither is made before it is needed
   * @param limitBytes beyond which copies that nobody serves go, least recently used first
   */
  constructor(folder: string | null, limitBytes: number) {
    this.#folder = folder ?? path.join(os.tmpdir(), `geoduck-prepared-${process.pid}-${randomUUID()}`)
    this.#isTemporary = folder === null
    this.#limitBytes = limitBytes
  }

  /** Where the copy of a source is, or would be. */
  fileOf(digest: string, table: string | null): string {
    return path.join(this.#folder, digest, `${table === null ? 'features' : hash('sha256', table).slice(0, 16)}.parquet`)
  }

  /** For a process that makes a copy. */
  async makeFolder(): Promise<string> {
    await mkdir(path.join(this.#folder, UNFINISHED), { recursive: true, mode: 0o700 })
    return await mkdtemp(path.join(this.#folder, UNFINISHED, `${process.pid}-`))
  }

  /** From now on, and until this process ends or closes the cache, the copies of this source stay. */
  async use(digest: string): Promise<void> {
    const folder = path.join(this.#folder, digest)
    await mkdir(folder, { recursive: true, mode: 0o700 })
    this.#used.add(digest)
    await writeFile(path.join(folder, `${USER}${process.pid}`), '')
    const now = new Date()
    await utimes(folder, now, now)
  }

  /** Makes sure that a copy that was moved in is there after a power cut. */
  async settle(digest: string): Promise<void> {
    for (const folder of [path.join(this.#folder, digest), this.#folder]) {
      const handle = await open(folder)
      try {
        await handle.sync()
      } finally {
        await handle.close()
      }
    }
  }

  /** Removes what processes that are gone have left unfinished, and, above the limit, copies that nobody serves. */
  async prune(): Promise<Pruned> {
    await this.#sweep()
    const copies = (await this.copies()).sort((a, b) => a.usedAt - b.usedAt)
    let bytes = copies.reduce((sum, copy) => sum + copy.bytes, 0)
    let [removed, removedBytes] = [0, 0]
    for (const copy of copies) {
      const isEmpty = copy.bytes === 0
      if (copy.inUse || (bytes <= this.#limitBytes && !isEmpty)) continue
      await rm(path.join(this.#folder, copy.digest), { recursive: true, force: true })
      bytes -= copy.bytes
      if (isEmpty) continue
      removed++
      removedBytes += copy.bytes
    }
    return { removed, removedBytes, kept: copies.filter((copy) => copy.bytes > 0).length - removed, keptBytes: bytes }
  }

  async copies(): Promise<CopyUse[]> {
    const names = (await readdir(this.#folder).catch(() => [])).filter((name) => /^[0-9a-f]{32}$/.test(name))
    return await Promise.all(names.map((digest) => this.#lookAt(digest)))
  }

  /** This process serves none of them any more. */
  async close(): Promise<void> {
    const marks = [...this.#used].map((digest) => path.join(this.#folder, digest, `${USER}${process.pid}`))
    this.#used.clear()
    await Promise.all(marks.map((mark) => rm(mark, { force: true })))
    if (this.#isTemporary) await rm(this.#folder, { recursive: true, force: true })
  }

  async #lookAt(digest: string): Promise<CopyUse> {
    const folder = path.join(this.#folder, digest)
    const names = await readdir(folder).catch(() => [])
    const known = await stat(folder).catch(() => null)
    const sizes = await Promise.all(names.map(async (name) => (await stat(path.join(folder, name)).catch(() => null))?.size ?? 0))
    return {
      digest,
      bytes: sizes.reduce((sum, size) => sum + size, 0),
      usedAt: known?.mtimeMs ?? 0,
      inUse: names.some((name) => name.startsWith(USER) && runs(Number(name.slice(USER.length)))),
    }
  }

  async #sweep(): Promise<void> {
    const folder = path.join(this.#folder, UNFINISHED)
    for (const name of await readdir(folder).catch(() => [])) {
      if (!runs(Number.parseInt(name, 10))) await rm(path.join(folder, name), { recursive: true, force: true })
    }
  }
}

function runs(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
