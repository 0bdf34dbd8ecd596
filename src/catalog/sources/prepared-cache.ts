/**
 * The folder of prepared copies. Each source has a folder that is named by the digest of its content, so the same source is prepared once, under any
 * name and in any location. Unfinished copies are in a separate folder, under the id of the process that makes them.
 *
 * Machines and containers may share the folder. They do not see each other's processes, so the files of another machine count as in use while their
 * time is renewed.
 */
import { hash, randomUUID } from 'node:crypto'
import { mkdir, mkdtemp, open, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { DISK_FULL } from '../../engines/duckdb/host/source-error.ts'
import { isRenewed, isRunning, machineId, ProcessLock } from '../process-lock.ts'
import { localStore } from '../stores/local-store.ts'

/** Not a digest, so it is no copy. */
const UNFINISHED = 'unfinished'
/** Ends with the owner that serves the copy. */
const USER = 'used-by-'
/** A server renews its marks this often, and those of another machine are valid for twice as long. */
const RENEW_MS = 600_000
/** An unfinished copy of another machine is removed when nothing was written to it for this long. */
const WRITTEN_MS = 3_600_000
/** Names the process that makes the copies of this source. */
const LOCK = 'lock'
const COPY = /\.parquet$/

export interface CacheUse {
  readonly digest: string
  readonly bytes: number
  /** The time of the last use or of its creation, in milliseconds. */
  readonly usedAt: number
  /** True if a running process uses it. */
  readonly inUse: boolean
}

export interface Pruned {
  readonly removed: number
  readonly removedBytes: number
  readonly kept: number
  readonly keptBytes: number
}

export interface PreparedCacheOptions {
  /** Null: a folder for this process only, which is removed when the cache is closed. It is made when it is needed. */
  readonly folder: string | null
  /** The parent of a folder for this process only. */
  readonly temporaryFolder?: string
  /** Above this limit, copies that are not served are removed, the least recently used first. */
  readonly limitBytes: number
}

export class PreparedCache {
  readonly #folder: string
  readonly #limitBytes: number
  readonly #isTemporary: boolean
  /** Folders of copies that were made earlier, where nothing can be written. */
  readonly #readOnlyFolder: string | null
  readonly #used = new Set<string>()
  #renewal: NodeJS.Timeout | null = null

  private constructor({ folder, temporaryFolder = os.tmpdir(), limitBytes }: PreparedCacheOptions, isWritable: boolean) {
    const isTemporary = folder === null || !isWritable
    this.#folder = isTemporary ? path.join(temporaryFolder, `geoduck-prepared-${process.pid}-${randomUUID()}`) : folder
    this.#isTemporary = isTemporary
    this.#readOnlyFolder = isWritable ? null : folder
    this.#limitBytes = limitBytes
  }

  /** `fault`: why new copies are kept only while this process runs. */
  static async open(options: PreparedCacheOptions): Promise<{ readonly cache: PreparedCache; readonly fault: string | null }> {
    const { folder } = options
    const fault = folder === null ? null : await writing(folder)
    return { cache: new PreparedCache(options, fault === null), fault }
  }

  /** The copy of a source, if there is one. */
  find(digest: string, table: string | null): Promise<string | null> {
    return this.findFile(digest, nameOf(table))
  }

  /** The file with this name in the folder of a source, if there is one. */
  async findFile(digest: string, name: string): Promise<string | null> {
    for (const folder of [this.#folder, this.#readOnlyFolder]) {
      const file = folder === null ? null : path.join(folder, digest, name)
      if (file !== null && (await stat(file).catch(() => null))) return file
    }
    return null
  }

  /** The right to make the copies of a source that is in use. Null if another process has it. */
  async lock(digest: string): Promise<ProcessLock | null> {
    const lock = await ProcessLock.take(path.join(this.#folder, digest, LOCK))
    return lock instanceof ProcessLock ? lock : null
  }

  /** Puts a complete copy into its place, where it survives a power cut. Returns its path. */
  keep(made: string, digest: string, table: string | null): Promise<string> {
    return this.keepFile(made, digest, nameOf(table))
  }

  /**
   * If another process has put a file there, that one stays: servers may read it, and it has the same content. This happens if a machine was held up
   * for so long that its lock was taken over.
   *
   * @param name may have folders
   */
  async keepFile(made: string, digest: string, name: string): Promise<string> {
    const file = this.placeOf(digest, name)
    await mkdir(path.dirname(file), { recursive: true })
    await localStore.putIfAbsent(made, file)
    await rm(made, { force: true })
    for (const changed of new Set([path.dirname(file), path.join(this.#folder, digest), this.#folder])) await synced(changed)
    return file
  }

  /** The path of a file in the folder of a source, which is made by `use`. */
  placeOf(digest: string, name: string): string {
    return path.join(this.#folder, digest, name)
  }

  /** The newest of the folders that have an empty file with each name, by that name. */
  async marked(prefix: string): Promise<ReadonlyMap<string, string>> {
    const newest = new Map<string, { readonly digest: string; readonly at: number }>()
    for (const folder of [this.#folder, this.#readOnlyFolder]) {
      for (const digest of folder === null ? [] : await digestsIn(folder)) {
        for (const name of await readdir(path.join(folder!, digest)).catch(() => [])) {
          if (!name.startsWith(prefix)) continue
          const at = (await stat(path.join(folder!, digest, name)).catch(() => null))?.mtimeMs ?? 0
          if (at > (newest.get(name)?.at ?? 0)) newest.set(name, { digest, at })
        }
      }
    }
    return new Map([...newest].map(([name, { digest }]) => [name, digest]))
  }

  /** A folder for a process that makes a copy. */
  async makeFolder(): Promise<string> {
    await mkdir(path.join(this.#folder, UNFINISHED), { recursive: true, mode: 0o700 })
    return await mkdtemp(path.join(this.#folder, UNFINISHED, `${OWNER}-`))
  }

  /** Keeps the copies of this source until this process ends or closes the cache. */
  async use(digest: string): Promise<void> {
    const folder = path.join(this.#folder, digest)
    await mkdir(folder, { recursive: true, mode: 0o700 })
    this.#used.add(digest)
    await writeFile(path.join(folder, `${USER}${OWNER}`), '')
    this.#renewal ??= setInterval(() => void this.#renew(), RENEW_MS).unref()
    const now = new Date()
    await utimes(folder, now, now)
  }

  /** Removes unfinished files of ended processes, and, above the limit, copies that are not served. */
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

  async copies(): Promise<CacheUse[]> {
    return await Promise.all((await digestsIn(this.#folder)).map((digest) => this.#lookAt(digest)))
  }

  /** Releases all copies of this process. */
  async close(): Promise<void> {
    if (this.#renewal) clearInterval(this.#renewal)
    const marks = this.#marks()
    this.#used.clear()
    await Promise.all(marks.map((mark) => rm(mark, { force: true })))
    if (this.#isTemporary) await rm(this.#folder, { recursive: true, force: true })
  }

  async #lookAt(digest: string): Promise<CacheUse> {
    const folder = path.join(this.#folder, digest)
    const names = await readdir(folder, { recursive: true }).catch(() => [])
    const known = await stat(folder).catch(() => null)
    const files = names.filter((name) => COPY.test(name)).map((name) => path.join(folder, name))
    const sizes = await Promise.all(files.map(async (file) => (await stat(file).catch(() => null))?.size ?? 0))
    return {
      digest,
      bytes: sizes.reduce((sum, size) => sum + size, 0),
      usedAt: known?.mtimeMs ?? 0,
      inUse: await anyOf(names, async (name) => name.startsWith(USER) && (await this.#isMarked(path.join(folder, name)))),
    }
  }

  #marks(): string[] {
    return [...this.#used].map((digest) => path.join(this.#folder, digest, `${USER}${OWNER}`))
  }

  async #renew(): Promise<void> {
    await Promise.all(this.#marks().map((mark) => writeFile(mark, '').catch(() => {})))
  }

  async #isMarked(mark: string): Promise<boolean> {
    const owner = ownerOf(path.basename(mark).slice(USER.length))
    return owner.isOfThisMachine ? isRunning(owner.pid) : await isRenewed(mark, 2 * RENEW_MS)
  }

  async #sweep(): Promise<void> {
    const folder = path.join(this.#folder, UNFINISHED)
    for (const name of await readdir(folder).catch(() => [])) {
      const owner = ownerOf(name)
      const isLeft = owner.isOfThisMachine ? !isRunning(owner.pid) : !(await isWritten(path.join(folder, name)))
      if (isLeft) await rm(path.join(folder, name), { recursive: true, force: true })
    }
  }
}

async function digestsIn(folder: string): Promise<readonly string[]> {
  return (await readdir(folder).catch(() => [])).filter((name) => /^[0-9a-f]{32}$/.test(name))
}

/** This process, in the names of its files. */
const OWNER = `${process.pid}-${machineId()}`

/** Files of earlier versions have no machine: they are of this one. */
function ownerOf(name: string): { readonly pid: number; readonly isOfThisMachine: boolean } {
  const [pid, machine] = name.split('-')
  return { pid: Number(pid), isOfThisMachine: !/^[0-9a-f]{12}$/.test(machine ?? '') || machine === machineId() }
}

async function isWritten(folder: string): Promise<boolean> {
  const names = await readdir(folder).catch(() => [])
  return await anyOf(['.', ...names], (name) => isRenewed(path.join(folder, name), WRITTEN_MS))
}

async function anyOf<T>(all: readonly T[], is: (one: T) => Promise<boolean>): Promise<boolean> {
  return (await Promise.all(all.map(is))).includes(true)
}

/** The reason why a copy cannot be kept. */
export const CACHE_FULL = 'the disk of the cache directory is full: make room there, or name another by --cache-directory'

/** Describes the error with what to do. Null for an error that is not the cache's. */
export function reasonOfCache(error: unknown): string | null {
  const { code = '', message } = error as NodeJS.ErrnoException
  if (code === 'ENOSPC' || code === 'EDQUOT' || message === DISK_FULL) return CACHE_FULL
  if (!['EROFS', 'EACCES', 'EPERM'].includes(code)) return null
  return `the cache directory cannot be written (${code}): name another by --cache-directory`
}

const nameOf = (table: string | null): string => `${table === null ? 'features' : hash('sha256', table).slice(0, 16)}.parquet`

/** Returns the code of the error that prevents files there. Null if there is none. The folder is made. */
async function writing(folder: string): Promise<string | null> {
  try {
    await mkdir(path.join(folder, UNFINISHED), { recursive: true, mode: 0o700 })
    await rm(await mkdtemp(path.join(folder, UNFINISHED, `${OWNER}-`)), { recursive: true })
    return null
  } catch (error) {
    const { code = 'UNKNOWN' } = error as NodeJS.ErrnoException
    // A full disk is not read-only: there may be free space again.
    return code === 'ENOSPC' || code === 'EDQUOT' ? null : code
  }
}

async function synced(folder: string): Promise<void> {
  const handle = await open(folder)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
