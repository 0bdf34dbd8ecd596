/** The copy of a store that an import writes, and what stands beside it until it takes the store's place. */

import { constants, copyFile, open, readdir, rename, rm, stat, statfs } from 'node:fs/promises'
import path from 'node:path'

/** Begins the names of all that an import leaves beside a store if it is killed; the dot keeps it out of served folders. */
const prefixOf = (store: string): string => `.${path.basename(store)}.importing`

export const lockPath = (store: string): string => path.join(path.dirname(store), `.${path.basename(store)}.import-lock`)

export class StoreCopy {
  readonly file: string
  /** For the engine to spill to, on the disk that was asked for room. */
  readonly spill: string
  /** A database for rows in between. */
  readonly staging: string
  readonly #store: string

  constructor(store: string) {
    this.#store = store
    this.file = path.join(path.dirname(store), `${prefixOf(store)}-${process.pid}`)
    this.spill = path.join(`${this.file}.spill`, 'engine')
    this.staging = path.join(`${this.file}.spill`, 'staging')
  }

  /** Every file that the engine may touch of it. */
  get paths(): readonly string[] {
    return [this.file, this.staging].flatMap((file) =>
      ['', '.wal', '.wal.checkpoint', '.wal.recovery'].map((ending) => `${file}${ending}`),
    )
  }

  /** Of the store and its log; a copy that shares its blocks where the file system can. */
  async copy(): Promise<void> {
    for (const ending of ['', '.wal']) {
      if (await exists(`${this.#store}${ending}`)) {
        await copyFile(`${this.#store}${ending}`, `${this.file}${ending}`, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE)
      }
    }
  }

  /** Device and inode: what it is known by when it has the store's name. */
  async identity(): Promise<string> {
    return await identityOf(this.file)
  }

  /** On disk first, then under the store's name; whoever looks sees the old version or the new one, whole. */
  async publish(): Promise<void> {
    await synced(this.file)
    await rename(this.file, this.#store)
    await this.finish()
  }

  /** The new version has the store's name. The log of the old one, whose rows are in it, would keep the engine from opening it. */
  async finish(): Promise<void> {
    await rm(`${this.#store}.wal`, { force: true })
    await synced(path.dirname(this.#store))
  }

  /** Whatever an import of this process or of one that was killed has left. */
  async remove(): Promise<void> {
    const folder = path.dirname(this.#store)
    const left = (await readdir(folder)).filter((name) => name.startsWith(`${prefixOf(this.#store)}-`))
    await Promise.all(left.map((name) => rm(path.join(folder, name), { recursive: true, force: true })))
  }
}

export async function identityOf(file: string): Promise<string> {
  const { dev, ino } = await stat(file, { bigint: true })
  return `${dev}:${ino}`
}

async function synced(file: string): Promise<void> {
  const handle = await open(file)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

export async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  )
}

/* Room on the disk, asked for before anything is written. */

/**
 * Of a file's bytes: the rows in the store, what sorting them spills when memory is short, and some room. An estimate, on the safe side for
 * files that are compressed about as well as a store is.
 */
const GROWTH = 2.5

/** Bytes that an import will need at most, as far as can be told before; and those that are free. */
export async function estimateDiskUse(
  store: string,
  inputs: readonly string[],
  rewritten: boolean,
): Promise<{ readonly needed: number; readonly free: number }> {
  const sizes = await Promise.all(
    [store, `${store}.wal`, ...inputs].map((file) =>
      stat(file).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  )
  const [old = 0, log = 0, ...read] = sizes
  const added = read.reduce((sum, size) => sum + size, 0) * GROWTH
  const { bavail, bsize } = await statfs(path.dirname(store))
  // The copy; a table that is written anew stands beside the old one until the end.
  return { needed: Math.ceil((old + log) * (rewritten ? 2 : 1) + added), free: bavail * bsize }
}
