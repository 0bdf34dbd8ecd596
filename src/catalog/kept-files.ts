/**
 * Keeps the files of versions that clients follow, so that a version can be compared with the one that replaces it. A file is kept by a hard link, which
 * costs nothing until the file is replaced, or by a copy where links are not possible.
 */
import { constants, existsSync, realpathSync } from 'node:fs'
import { copyFile, link, mkdir, readdir, rm } from 'node:fs/promises'
import path from 'node:path'
import { KEPT_FILES, keptFile, keptPaths, stampOf } from '../engines/duckdb/host/files.ts'
import { isRunning, machineId } from './process-lock.ts'

export interface FileKeeperOptions {
  /** Files that can be kept at a time. */
  readonly slots: number
  /** Most bytes of copies, for file systems where links are not possible. */
  readonly mostCopied: number
}

const DEFAULTS: FileKeeperOptions = { slots: KEPT_FILES, mostCopied: 2 ** 30 }
const FOLDER = 'geoduck-kept-'

export interface KeptFiles {
  readonly files: readonly string[]
  /** True if they have not been written in place. */
  areUnchanged(): Promise<boolean>
  release(): Promise<void>
}

interface Kept {
  readonly slot: number
  readonly stamp: string
  readonly copied: number
}

export class FileKeeper {
  readonly #parent: string
  readonly folder: string
  /** All files that may ever be kept, for the access of workers. */
  readonly paths: readonly string[]
  readonly #mostCopied: number
  readonly #free: number[]
  #copied = 0
  #made: Promise<unknown> | null = null

  constructor(parent: string, name: string, { slots, mostCopied } = DEFAULTS) {
    // The engine compares paths without links.
    this.#parent = existsSync(parent) ? realpathSync(parent) : parent
    this.folder = path.join(this.#parent, `${FOLDER}${process.pid}-${machineId()}-${name}`)
    this.paths = keptPaths(this.folder, slots)
    this.#mostCopied = mostCopied
    this.#free = Array.from({ length: slots }, (_, slot) => slot)
  }

  /** Number of files that can be kept now. */
  get free(): number {
    return this.#free.length
  }

  /** Returns null if they cannot be kept, or are not those of the version any more. `isVersion` returns true if the version is there. */
  async keep(files: readonly string[], isVersion: () => Promise<boolean>): Promise<KeptFiles | null> {
    if (files.length > this.#free.length) return null
    const slots = this.#free.splice(0, files.length)
    const taken = await Promise.all(files.map((file, n) => this.#take(file, slots[n]!)))
    const kept = taken.filter((one) => one !== null)
    const areUnchanged = async () => {
      const stamps = await Promise.all(kept.map(({ slot }) => stampOf(keptFile(this.folder, slot))))
      return stamps.every(({ stamp }, n) => stamp === kept[n]!.stamp)
    }
    const release = async () => {
      await Promise.all(slots.map((slot) => rm(keptFile(this.folder, slot), { force: true })))
      this.#copied -= kept.reduce((sum, { copied }) => sum + copied, 0)
      this.#free.push(...slots)
    }
    if (kept.length === files.length && (await isVersion()) && (await areUnchanged()))
      return { files: slots.map((slot) => keptFile(this.folder, slot)), areUnchanged, release }
    await release()
    return null
  }

  async close(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true })
  }

  /** Null also if the file changes meanwhile. */
  async #take(file: string, slot: number): Promise<Kept | null> {
    const target = keptFile(this.folder, slot)
    const { stamp, bytes } = await stampOf(file)
    let copied = 0
    try {
      this.#made ??= this.#make()
      await this.#made
      try {
        await link(file, target)
      } catch {
        if (this.#copied + bytes > this.#mostCopied) return null
        copied = bytes
        this.#copied += copied
        await copyFile(file, target, constants.COPYFILE_FICLONE)
      }
      const own = await stampOf(target)
      if (copied === 0 ? own.stamp === stamp : (await stampOf(file)).stamp === stamp && own.bytes === bytes)
        return { slot, stamp: own.stamp, copied }
    } catch {
      // There is no space, or no right to do it.
    }
    this.#copied -= copied
    return null
  }

  /** Removes what servers have left that did not end by themselves. */
  async #make(): Promise<void> {
    await mkdir(this.folder, { recursive: true, mode: 0o700 })
    for (const name of await readdir(this.#parent)) {
      const [pid, machine] = name.startsWith(FOLDER) ? name.slice(FOLDER.length).split('-') : []
      if (machine === machineId() && !isRunning(Number(pid)))
        await rm(path.join(this.#parent, name), { recursive: true, force: true })
    }
  }
}
