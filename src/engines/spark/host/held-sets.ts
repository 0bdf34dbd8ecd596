/**
 * The result sets in use. Their files have names that workers may open, and are proven once. They keep them until nobody has used them for some
 * seconds, also if the result set is removed meanwhile.
 */
import { GeoduckError } from '../../../model/errors.ts'
import type { GatheredOrder } from '../../engine.ts'
import type { ResultSet } from './result-sets.ts'

/** Gives files names that are known when a worker starts. The keeper of the catalogue is one. */
export interface Keeper {
  readonly folder: string
  readonly paths: readonly string[]
  /** Number of files that can be kept now. */
  readonly free: number
  keep(files: readonly string[], isVersion: () => Promise<boolean>): Promise<KeptRows | null>
  close(): Promise<void>
}

interface KeptRows {
  readonly files: readonly string[]
  areUnchanged(): Promise<boolean>
  release(): Promise<void>
}

export interface HeldSet {
  readonly files: readonly string[]
  readonly rows: number
  /** False if somebody has written into the files. */
  areUnchanged(): Promise<boolean>
  release(): void
}

/** Milliseconds for which the files of a result set that nobody uses keep their names. */
const IDLE_MS = 30_000
const BUSY_SECONDS = 5

interface Held {
  readonly kept: Promise<KeptRows | null>
  order: Promise<GatheredOrder> | null
  users: number
  idle: NodeJS.Timeout | undefined
}

export class HeldSets {
  readonly #keeper: Keeper
  readonly #warn: (error: unknown) => void
  /** The keys are the first files of the result sets. The least recently used one is the first. */
  readonly #held = new Map<string, Held>()

  /** @param warn receives the error if files cannot be removed */
  constructor(keeper: Keeper, warn: (error: unknown) => void) {
    this.#keeper = keeper
    this.#warn = warn
  }

  /**
   * Returns null if a file is missing, or is not the one that was gathered.
   *
   * @param prove reads the files, under their new names
   * @throws GeoduckError OVERLOADED, and what `prove` throws
   */
  async hold({ files }: ResultSet, prove: (files: readonly string[]) => Promise<GatheredOrder>): Promise<HeldSet | null> {
    const id = files[0]!
    const held = this.#held.get(id) ?? { kept: this.#keep(files), order: null, users: 0, idle: undefined }
    // Again the last one.
    this.#held.delete(id)
    this.#held.set(id, held)
    clearTimeout(held.idle)
    held.users++
    let isUsed = true
    const release = () => {
      if (isUsed) this.#leave(id, held)
      isUsed = false
    }
    const lose = () => {
      if (this.#held.get(id) === held) this.#held.delete(id)
      release()
    }
    try {
      const kept = await held.kept
      if (kept === null || !(await kept.areUnchanged())) {
        lose()
        return null
      }
      held.order ??= prove(kept.files)
      const { rows, isAscending } = await held.order
      if (!isAscending) throw new Error('the rows of a result set are not in the order of their keys')
      return { files: kept.files, rows, areUnchanged: kept.areUnchanged, release }
    } catch (error) {
      lose()
      throw error
    }
  }

  async close(): Promise<void> {
    for (const { idle } of this.#held.values()) clearTimeout(idle)
    await this.#keeper.close()
  }

  async #keep(files: readonly string[]): Promise<KeptRows | null> {
    while (this.#keeper.free < files.length) {
      const unused = this.#held.entries().find(([, { users }]) => users === 0)
      if (!unused) throw noNames()
      await this.#drop(...unused)
    }
    return await this.#keeper.keep(files, async () => true)
  }

  #leave(id: string, held: Held): void {
    held.users--
    if (held.users > 0) return
    if (this.#held.get(id) === held) held.idle = setTimeout(() => void this.#drop(id, held), IDLE_MS).unref()
    else void this.#drop(id, held)
  }

  async #drop(id: string, held: Held): Promise<void> {
    clearTimeout(held.idle)
    if (this.#held.get(id) === held) this.#held.delete(id)
    const kept = await held.kept.catch(() => null)
    await kept?.release().catch(this.#warn)
  }
}

function noNames(): GeoduckError {
  const message = `Too many gathered rows are in use; ask again in ${BUSY_SECONDS} s.`
  return new GeoduckError('OVERLOADED', message, { details: { retryAfter: BUSY_SECONDS } })
}
