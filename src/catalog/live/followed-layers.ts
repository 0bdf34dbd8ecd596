/** The live layers of a store that another process may write to. Its commits are followed. */
import { existsSync } from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'
import { baseFile, keysFile, storeFile } from '../../engines/duckdb/host/live-files.ts'
import { commitsSeen, stateOf } from '../../engines/duckdb/host/live-store.ts'
import { GeoduckError } from '../../model/errors.ts'
import type { Layer } from '../../model/layer.ts'
import { isWhole, LiveLayers, type LiveOptions, nameOf } from './live-layers.ts'
import { StoreWatch } from './store-watch.ts'

const LOOK_MS = 100

export class FollowedLayers extends LiveLayers {
  readonly #watch: StoreWatch
  /** The commits that it has read. */
  #seen = 0

  private constructor(options: LiveOptions) {
    super(options)
    this.#watch = new StoreWatch(options.directory, options.lookMs ?? LOOK_MS, () => this.#look())
  }

  /** Opens a store that another process may write to, and follows its commits. @throws GeoduckError if it cannot be opened */
  static open(options: LiveOptions): FollowedLayers {
    const { directory } = options
    if (!existsSync(storeFile(directory))) {
      const message = `The folder ${directory} has no live layers yet: start a server with --writes, or use geoduck live create.`
      throw new GeoduckError('SOURCE_UNREADABLE', message)
    }
    const live = new FollowedLayers(options)
    try {
      live.#follow(live.reading)
      return live
    } catch (error) {
      void live.close()
      const { message } = error as Error
      throw new GeoduckError('SOURCE_UNREADABLE', `The folder ${directory} of live layers cannot be read: ${message}.`, {
        cause: error,
      })
    }
  }

  #look(): void {
    try {
      this.#follow(this.reading)
    } catch (error) {
      this.options.log.warn({ err: error }, 'the live layers could not be followed')
    }
  }

  /** Takes over what was committed since the last time. */
  #follow(reader: DatabaseSync): void {
    const seen = commitsSeen(reader)
    if (seen === this.#seen) return
    const { store, version, layers, bases } = stateOf(reader)
    this.#seen = seen
    this.store = store
    const kept = new Set(layers.filter(isWhole).map(({ id }) => nameOf({ layer: id, generation: 0 })))
    for (const { id, layer } of bases) kept.add(nameOf({ layer, generation: id }))
    for (const name of this.generations.keys()) if (!kept.has(name)) this.generations.delete(name)
    const { directory } = this.options
    for (const base of bases) {
      const isKnown = this.generations.has(nameOf({ layer: base.layer, generation: base.id }))
      if (!isKnown && [baseFile, keysFile].every((file) => existsSync(file(directory, base.slot)))) this.addGeneration(base)
    }
    for (const state of layers) if (isWhole(state) && !this.entries.has(state.name)) this.addFirstGeneration(state)
    // The writer makes the base of the others again.
    const readable = layers.filter((state) => this.generationsOf(state).length > 0)
    for (const state of readable) {
      const entry = this.entries.get(state.name)
      const generation = Math.max(...this.generationsOf(state).map(({ id }) => id))
      if (!entry || entry.generation === generation) continue
      entry.generation = generation
      entry.state = { ...entry.state, extent: state.extent }
      this.renew(entry)
    }
    this.written({ answers: [], layers: readable, changes: readable.map(() => 0), version })
    for (const state of readable) this.entry(state.name).state = state
  }

  // A token or cursor of another server may be of a commit that this one has not seen yet.

  override keepsChangesSince(name: string, version: number): boolean {
    if (version > this.entry(name).state.version) this.#look()
    return super.keepsChangesSince(name, version)
  }

  override versionOf(name: string, digest: string): Layer | undefined {
    const known = super.versionOf(name, digest)
    if (known) return known
    this.#look()
    return super.versionOf(name, digest)
  }

  write(): Promise<never> {
    return Promise.reject(
      new GeoduckError('FORBIDDEN', 'This server follows a store that it does not write to; start it with --writes.'),
    )
  }

  writeAlone(): Promise<never> {
    return this.write()
  }

  override close(): Promise<void> {
    this.#watch.close()
    return super.close()
  }
}
