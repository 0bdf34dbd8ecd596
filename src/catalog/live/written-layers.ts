/** The live layers of a store that this process writes to. It starts compactions, and forgets what nobody needs. */
import { mkdir, readdir, rm } from 'node:fs/promises'
import path from 'node:path'
import { compactLayer } from '../../engines/duckdb/host/live-compactor.ts'
import { baseFile, keysFile, SLOTS } from '../../engines/duckdb/host/live-files.ts'
import { LiveWriter } from '../../engines/duckdb/host/live-writer.ts'
import { GeoduckError } from '../../model/errors.ts'
import type { Layer } from '../../model/layer.ts'
import type { LiveAnswer, LiveMutation, LiveState } from '../../model/live.ts'
import { ProcessLock } from '../process-lock.ts'
import { type Entry, isWhole, LiveLayers, type LiveOptions, nameOf } from './live-layers.ts'

const MINUTE_MS = 60_000
const TICK_MS = 1_000
/** Most layers of a store, so that each can have a base. */
export const MOST_LAYERS = 200
/** Bases of a layer that are kept for cursors. More would be kept while much is written. */
const MOST_BASES = 8
/** A large layer is compacted when this share of it has changed, but at the latest after `MOST_CHANGES`. */
const CHANGED_SHARE = 0.1
const MOST_CHANGES = 200_000

export class WrittenLayers extends LiveLayers {
  readonly #lock: ProcessLock
  readonly #writer: LiveWriter
  readonly #timer: NodeJS.Timeout
  #work: Promise<void> = Promise.resolve()
  #isBusy = false

  private constructor(options: LiveOptions, lock: ProcessLock) {
    super(options)
    const { directory, tempDirectory, log } = options
    this.#lock = lock
    this.#writer = new LiveWriter({ directory, tempDirectory, log, onWritten: (written) => this.written(written) })
    this.#timer = setInterval(() => this.#tick(), TICK_MS).unref()
  }

  /** Opens the store in the folder, and makes it if there is none. @throws GeoduckError if it cannot be opened, or another process has it */
  static async open(options: LiveOptions): Promise<WrittenLayers> {
    const { directory } = options
    try {
      await mkdir(directory, { recursive: true })
      const lock = await ProcessLock.take(path.join(directory, 'lock'))
      if (!(lock instanceof ProcessLock))
        throw new Error(`process ${lock.pid} writes to it; stop that first, or start a server without --writes, which reads it`)
      const live = new WrittenLayers(options, lock)
      return await live.#open().then(
        () => live,
        async (error: unknown) => {
          await live.close()
          throw error
        },
      )
    } catch (error) {
      const { message } = error as Error
      throw new GeoduckError('SOURCE_UNREADABLE', `The folder ${directory} of live layers cannot be opened: ${message}.`, {
        cause: error,
      })
    }
  }

  async #open(): Promise<void> {
    const { directory } = this.options
    const { store, layers, bases, changes } = await this.#writer.open()
    this.store = store
    const files = new Set(await readdir(directory))
    const left = [...files].filter((file) => file.startsWith('compaction-'))
    await Promise.all(left.map((file) => rm(path.join(directory, file), { recursive: true, force: true })))
    for (const base of bases) {
      const isThere = [baseFile, keysFile].every((file) => files.has(path.basename(file(directory, base.slot))))
      if (isThere) this.addGeneration(base)
      else await this.#writer.ask({ type: 'REMOVE_BASE', generation: base.id })
    }
    for (const [n, state] of layers.entries()) {
      if (isWhole(state)) this.addFirstGeneration(state)
      // The store is the truth: a base that was lost is made again.
      else if (this.generationsOf(state).length === 0) await this.#makeBase(state)
      this.add(state, changes[n]!)
    }
  }

  async write(mutation: LiveMutation): Promise<LiveAnswer> {
    if (mutation.operation.kind === 'create' && this.entries.size >= MOST_LAYERS && !this.entries.has(mutation.layer))
      throw new GeoduckError('LIMIT_EXCEEDED', `A store has at most ${MOST_LAYERS} live layers.`)
    return await this.#writing(() => this.#writer.write(mutation))
  }

  writeAlone(name: string, make: (layer: Layer) => Promise<LiveMutation>): Promise<LiveAnswer> {
    return this.#writing(() => this.#writer.writeAlone(() => make(this.entry(name).layer)))
  }

  async #writing(write: () => Promise<LiveAnswer>): Promise<LiveAnswer> {
    if (this.#writer.isFull)
      throw new GeoduckError('OVERLOADED', 'Too many features wait to be written; try again.', { details: { retryAfter: 1 } })
    try {
      return await write()
    } catch (error) {
      if (error instanceof GeoduckError) throw error
      if (this.closing.signal.aborted)
        throw new GeoduckError('SHUTTING_DOWN', 'The server is stopping; send it again with the same `idempotencyKey`.')
      throw error
    }
  }

  /** Makes a base of the layer now. @throws Error if it cannot be made */
  async compact(name: string): Promise<void> {
    const entry = this.entry(name)
    const compaction = this.#work.then(() => this.#compact(entry))
    this.#work = compaction.catch(() => {})
    await compaction
  }

  override async close(): Promise<void> {
    this.closing.abort()
    clearInterval(this.#timer)
    await this.#writer.close()
    await this.#work
    await super.close()
    await this.#lock.release()
  }

  #tick(): void {
    if (this.#isBusy || this.closing.signal.aborted) return
    this.#isBusy = true
    this.#work = this.#work
      .then(() => this.#maintain())
      .catch((error: unknown) => {
        if (!this.closing.signal.aborted) this.options.log.warn({ err: error }, 'the live layers could not be compacted')
      })
      .finally(() => {
        this.#isBusy = false
      })
  }

  async #maintain(): Promise<void> {
    const { compactAfter = 20_000, keepMs = 10 * MINUTE_MS } = this.options
    for (const entry of this.entries.values()) {
      const limit = Math.max(compactAfter, Math.min(MOST_CHANGES, CHANGED_SHARE * entry.state.features))
      if (entry.changes >= limit) await this.#compact(entry)
    }
    await this.#retire(Date.now() - keepMs, MOST_BASES)
    for (const entry of this.entries.values()) await this.#forget(entry)
  }

  async #compact(entry: Entry): Promise<void> {
    const began = performance.now()
    const before = entry.changes
    const base = await this.#makeBase(entry.state)
    if (!base) return
    entry.generation = base.id
    // Changes that were written meanwhile are relative to the new base.
    entry.changes -= before
    if (entry.state.version === base.version) entry.state = { ...entry.state, extent: base.extent }
    this.renew(entry)
    const { name: layer } = entry.state
    this.options.log.info(
      { layer, features: base.rows, ms: Math.round(performance.now() - began) },
      `layer ${layer} is compacted`,
    )
  }

  async #makeBase({ id: layer }: LiveState) {
    const taken = () => new Set([...this.generations.values()].map(({ slot }) => slot))
    if (taken().size >= SLOTS) await this.#retire(Date.now(), 1)
    const used = taken()
    const slot = Array.from({ length: SLOTS }, (_, n) => n).find((n) => !used.has(n))
    // Operations read all of them. The next attempt is a second later.
    if (slot === undefined) return null
    const { directory, spatialExtension, memoryLimitBytes } = this.options
    const job = { directory, spatialExtension, memoryLimitBytes, layer, slot }
    const { version, rows, extent } = await compactLayer(job, this.closing.signal)
    const id = await this.#writer.ask<number>({ type: 'ADD_BASE', base: { layer, version, slot, rows }, extent })
    this.addGeneration({ id, layer, version, slot })
    return { id, version, rows, extent }
  }

  /** Removes bases that no query has used since `before`, and all above `most` per layer that no operation reads. */
  async #retire(before: number, most: number): Promise<void> {
    for (const entry of this.entries.values()) {
      const newestFirst = this.generationsOf(entry.state).toSorted((a, b) => b.id - a.id)
      for (const [place, generation] of newestFirst.entries()) {
        const { id, layer, slot, usedAt, users } = generation
        if (id === entry.generation || users > 0 || (usedAt > before && place < most)) continue
        this.generations.delete(nameOf({ layer, generation: id }))
        if (slot === null) continue
        await this.#writer.ask({ type: 'REMOVE_BASE', generation: id })
        const { directory } = this.options
        for (const file of [baseFile(directory, slot), keysFile(directory, slot)]) await rm(file, { force: true })
      }
    }
  }

  /** Forgets the changes that are older than the retention and that no base needs. */
  async #forget(entry: Entry): Promise<void> {
    const { changesMs = 60 * MINUTE_MS } = this.options
    const { times } = entry
    if (times.at(-1)?.version !== entry.state.version) times.push({ at: Date.now(), version: entry.state.version })
    while (times.length > 1 && times[1]!.at < Date.now() - changesMs) times.shift()
    const [oldest] = times
    if (!oldest || oldest.at > Date.now() - changesMs) return
    const version = Math.min(oldest.version, ...this.generationsOf(entry.state).map((generation) => generation.version))
    if (version <= entry.state.forgotten) return
    // From now on nobody reads them.
    entry.state = { ...entry.state, forgotten: version }
    while (await this.#writer.ask<boolean>({ type: 'FORGET', layer: entry.state.id, version }))
      this.closing.signal.throwIfAborted()
  }
}
