/** Which sources the arguments hold, now and when they are looked at again: what is still there stays what it is. */

import type { Inspector } from '../engines/duckdb/host/inspector.ts'
import type { Problem } from '../model/layer.ts'
import { type WantedSource, wantedSources } from './configure.ts'
import type { InspectionCache } from './inspection-cache.ts'
import type { LayerOptions } from './layer-options.ts'
import { uniqueNames } from './names.ts'
import type { WantedForeign, WantedServed } from './offers.ts'
import { ServedSource } from './served-source.ts'
import { allowedPathsOf, type DatabaseSource, identityOf } from './sources.ts'

/** Bounds the files that are open. */
const READINGS_AT_ONCE = 4

/** As of one look. */
export interface Lineup {
  /** Each has been read. */
  readonly wanted: readonly WantedServed[]
  readonly wantedForeign: readonly WantedForeign[]
  /** Those of arguments that are no source. */
  readonly problems: readonly Problem[]
  /** Data sets whose files are others now, and what they were: the layer keeps its name. */
  readonly heirs: ReadonlyMap<ServedSource, ServedSource>
}

export interface RosterOptions {
  readonly paths: readonly string[]
  readonly layers: readonly LayerOptions[]
  readonly inspector: Inspector
  readonly inspections: InspectionCache
}

export class Roster {
  readonly #options: RosterOptions
  #known: readonly WantedServed[] = []
  /** By file. Never another database's, also when it is gone: a worker may have it yet. */
  readonly #aliases = new Map<string, string>()

  constructor(options: RosterOptions) {
    this.#options = options
  }

  /** One look at a time. @throws Error when the process that reads sources cannot start */
  async look(): Promise<Lineup> {
    const { paths, layers, inspector, inspections } = this.#options
    const { sources, foreign, problems } = await wantedSources(paths, layers)
    const known = new Map(this.#known.map(({ served }) => [keyOf(served), served]))
    const added = sources.filter((wants) => !known.has(keyOf(wants)))
    if (added.length > 0) inspector.allow(added.flatMap(({ source }) => allowedPathsOf(source)))
    this.#giveAliases(added)
    const wanted = sources.map((wants) => {
      const { source } = wants
      const alias = source.kind === 'database' ? (this.#aliases.get(source.file) ?? '') : ''
      return { wants, served: known.get(keyOf(wants)) ?? new ServedSource(source, alias, inspector, inspections) }
    })
    const heirs = heirsOf(this.#known, wanted)
    // Fingerprints are taken here while the inspector describes one source at a time.
    const queue = wanted.values()
    await Promise.all(Array.from({ length: READINGS_AT_ONCE }, () => readAll(queue)))
    this.#known = wanted
    return { wanted, wantedForeign: foreign, problems, heirs }
  }

  /** From the file's name: the same on every server that serves the same files. The prefix keeps them off DuckDB's own names. */
  #giveAliases(added: readonly WantedSource[]): void {
    const databases = added
      .map(({ source }) => source)
      .filter((source): source is DatabaseSource => source.kind === 'database' && !this.#aliases.has(source.file))
    const taken = [...this.#aliases.values()]
    const names = uniqueNames([...taken.map((alias) => [alias.slice('db_'.length)]), ...databases.map(({ names }) => names)])
    for (const [index, { file }] of databases.entries()) this.#aliases.set(file, `db_${names[taken.length + index]}`)
  }
}

async function readAll(queue: Iterable<WantedServed>): Promise<void> {
  for (const { served } of queue) if (!(await served.isCurrent())) await served.read()
}

function keyOf({ source }: Pick<WantedSource, 'source'>): string {
  return `${source.kind} ${identityOf(source)}`
}

function heirsOf(before: readonly WantedServed[], now: readonly WantedServed[]): Map<ServedSource, ServedSource> {
  const [old, present] = [before, now].map((all) => new Set(all.map(({ served }) => served)))
  const gone = new Map([...old!].filter((served) => !present!.has(served)).map((served) => [calling(served), served]))
  const added = [...present!].filter((served) => !old!.has(served))
  return new Map(
    added.flatMap((served) => {
      const predecessor = gone.get(calling(served))
      return predecessor ? [[served, predecessor] as const] : []
    }),
  )
}

const calling = ({ source: { kind, names } }: ServedSource): string => [kind, ...names].join('\n')
