/**
 * The sources of the arguments, which are looked up again from time to time. A source that still exists stays the same object.
 */
import { setImmediate as immediate } from 'node:timers/promises'
import type { Problem } from '../model/layer.ts'
import { keyOf, type RequestedSource, requestedSources } from './find-sources.ts'
import type { LayerOptions } from './layer-options.ts'
import type { Source } from './source.ts'
import type { OpenStores } from './stores/store.ts'

/** Limits the number of open files. */
const LOOKS_AT_ONCE = 4

export interface ListedSource extends RequestedSource {
  readonly source: Source
}

export class SourceList {
  sources: readonly ListedSource[] = []
  /** Problems of arguments that are no source. */
  problems: readonly Problem[] = []
  #paths: readonly string[]
  #layers: readonly LayerOptions[]
  #mirrors: readonly string[]
  readonly #stores: OpenStores
  readonly #open: (wanted: readonly RequestedSource[]) => readonly Source[]

  constructor(
    paths: readonly string[],
    layers: readonly LayerOptions[],
    mirrors: readonly string[],
    stores: OpenStores,
    open: (wanted: readonly RequestedSource[]) => readonly Source[],
  ) {
    this.#paths = paths
    this.#layers = layers
    this.#mirrors = mirrors
    this.#stores = stores
    this.#open = open
  }

  /** The files, folders and patterns of the arguments and of the configured layers. */
  get paths(): readonly string[] {
    return [...this.#paths, ...this.#layers.flatMap((layer) => layer.path ?? [])]
  }

  /** Replaces the arguments and the configured layers. The next look uses them. */
  request(paths: readonly string[], layers: readonly LayerOptions[], mirrors: readonly string[]): void {
    this.#paths = paths
    this.#layers = layers
    this.#mirrors = mirrors
  }

  /**
   * Looks the sources up, one look at a time. Returns new sources. @throws Error if the process that reads sources cannot start
   */
  async look(): Promise<readonly Source[]> {
    const { wanted, problems } = await requestedSources(this.#paths, this.#layers, this.#stores, this.#mirrors)
    const keys = new Set(wanted.map(({ found }) => keyOf(found)))
    const gone = new Map(this.sources.filter(({ found }) => !keys.has(keyOf(found))).map((listed) => [nameOf(listed), listed]))
    const known = new Map(this.sources.map(({ found, source }) => [keyOf(found), source]))
    const added: RequestedSource[] = []
    for (const one of wanted) {
      const source = known.get(keyOf(one.found)) ?? gone.get(nameOf(one))?.source
      gone.delete(nameOf(one))
      if (source) known.set(keyOf(one.found), source)
      else added.push(one)
      source?.replaceFiles(one.found.files)
    }
    const opened = this.#open(added)
    for (const [index, { found }] of added.entries()) known.set(keyOf(found), opened[index]!)
    const sources = wanted.map((one) => ({ ...one, source: known.get(keyOf(one.found))! }))
    const queue = sources.values()
    await Promise.all(Array.from({ length: LOOKS_AT_ONCE }, () => lookAll(queue)))
    for (const { source } of this.sources) if (!sources.some((listed) => listed.source === source)) source.close()
    this.sources = sources
    this.problems = problems
    return opened
  }
}

/** A data set stays the same when its list of files changes. A file in another location is a different source. */
const nameOf = ({ found: { format, names, files, isMirrored = false, gathering } }: RequestedSource): string =>
  format === 'Parquet' ? JSON.stringify([isMirrored, gathering, names]) : (files[0] ?? '')

async function lookAll(queue: Iterable<ListedSource>): Promise<void> {
  for (const { source } of queue) {
    await source.look()
    // A look at near files does not wait. Ten thousand of them in one turn of the event loop would hold up every client.
    await immediate()
  }
}
