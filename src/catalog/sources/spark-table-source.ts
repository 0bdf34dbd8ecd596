/** A table of Iceberg or Delta whose rows Spark gathers. Only Spark reads it: each version is described and proven there, and gathered by its id. */
import { hash } from 'node:crypto'
import type { Covering } from '../../engines/duckdb/host/inspection.ts'
import { SourceError } from '../../engines/duckdb/host/source-error.ts'
import { extentOf } from '../../engines/spark/dialect/facts.ts'
import { isTableKind, type Latest, type TableKind } from '../../engines/spark/dialect/tables.ts'
import type { SparkEngine } from '../../engines/spark/host/spark-engine.ts'
import { CRS84 } from '../../geometry/read-crs.ts'
import type { Field, LayerKind } from '../../model/layer.ts'
import type { FoundGathering } from '../find-sources.ts'
import type { TableGeometry } from '../layer-options.ts'
import type { ServedDescription, SourceContext } from '../source.ts'
import { GatheredSource, isAway, NotYet, type Proof } from './gathered-source.ts'

/** Milliseconds between two questions for the latest version: while somebody queries the table, and otherwise. */
const [BUSY_MS, IDLE_MS] = [5_000, 60_000]
/** A table is busy for this long after a query. */
const RECENT_MS = 60_000

interface Found {
  /** Null: Spark has not been asked, or the table may be another one. */
  readonly latest: (Latest & { readonly kind: TableKind }) | null
}

export class SparkTableSource extends GatheredSource<Found> {
  readonly files: readonly string[] = []
  readonly bytes = 0
  readonly writes = 0
  readonly hasChanged = false
  protected readonly part: string
  protected readonly isPinned = true
  protected readonly unread = 'the table, and is asked again: correct `table`'
  protected found: Found = { latest: null }
  readonly #name: readonly string[]
  readonly #geometry: TableGeometry | null
  #polling: NodeJS.Timeout | undefined
  #isPolling = false
  #polledAt = Number.NEGATIVE_INFINITY
  #queriedAt = Number.NEGATIVE_INFINITY

  constructor(
    { name, geometry }: NonNullable<FoundGathering['table']>,
    context: SourceContext,
    engine: SparkEngine,
    key: string,
  ) {
    super({ label: name, names: [name] }, context, engine, key)
    this.part = name
    this.#name = name.split('.')
    this.#geometry = geometry
  }

  replaceFiles(): void {}

  /** A query never waits for Spark to say whether there is a newer version. */
  async look(): Promise<boolean> {
    this.#queriedAt = performance.now()
    this.follow()
    this.#pollAfter(BUSY_MS)
    return false
  }

  /** A version never changes. */
  async isCurrent(): Promise<boolean> {
    return true
  }

  override watch(changed: () => void): void {
    super.watch(changed)
    this.#polling = setInterval(() => {
      this.#pollAfter(performance.now() - this.#queriedAt < RECENT_MS ? BUSY_MS : IDLE_MS)
    }, BUSY_MS).unref()
  }

  override close(): void {
    super.close()
    clearInterval(this.#polling)
  }

  /** Asks Spark for the latest version, unless that was done within this time. */
  #pollAfter(ms: number): void {
    const { latest } = this.found
    if (!latest || !this.isSettled || this.#isPolling || performance.now() - this.#polledAt < ms) return
    this.#isPolling = true
    void this.#poll(latest).finally(() => {
      this.#isPolling = false
      this.#polledAt = performance.now()
    })
  }

  async #poll(known: NonNullable<Found['latest']>): Promise<void> {
    try {
      const { version, stamp } = (await this.engine.latestOf(this.#name, known.kind)) ?? {}
      if (version === known.version && stamp === known.stamp) return
    } catch (error) {
      // The version that is served can be read when Spark answers again.
      if (isAway(error)) return
    }
    this.found = { latest: null }
    this.follow()
  }

  protected kindOf(): LayerKind {
    return this.#geometry ? 'FEATURES' : 'TABLE'
  }

  protected async find(): Promise<Found> {
    if (!this.found.latest) {
      await this.connect()
      this.found = { latest: await this.#ask() }
      this.#polledAt = performance.now()
    }
    return this.found
  }

  async #ask(): Promise<NonNullable<Found['latest']>> {
    const kind = await this.engine.providerOf(this.#name)
    if (kind === null || !isTableKind(kind))
      throw new NotYet(`it is a table of ${kind ?? 'an unknown kind'}, and an engine reads tables of Iceberg and Delta`)
    const latest = await this.engine.latestOf(this.#name, kind)
    if (!latest) throw new NotYet('nothing has been written to the table yet, so it has no version')
    return { kind, ...latest }
  }

  protected async prove({ latest }: Found): Promise<Proof> {
    const { version } = latest!
    const table = { name: this.#name, version }
    const all = await this.engine.columnsOf(table)
    const exact = all.filter(({ type }) => !INEXACT.test(type))
    const written = await this.writtenTypes(
      exact.map(({ name }) => name),
      table,
    )
    const covering = this.#coveringIn(written)
    const columns = written.filter(({ name }) => name !== this.#geometry?.column && name !== covering?.column)
    const key = this.keyOf(columns)
    const snapshot = hash('sha256', JSON.stringify([this.#name, latest, this.#geometry])).slice(0, 32)
    const facts = await this.factsOf(table, snapshot, covering)
    this.requireKey(facts)
    const { column: prunedBy, members, float32 } = covering ?? {}
    const description: ServedDescription = {
      names: [],
      relation: { kind: 'gathered', engine: this.engine.name, snapshot, paths: [], table, key },
      columns,
      columnsUncovered: columns,
      geometryColumn: this.#geometryIn(written),
      geometryEncoding: this.#geometry && 'WKB',
      geometryTypes: [],
      hasZ: null,
      crs: this.#geometry && CRS84,
      extent: covering ? extentOf(facts) : null,
      featureCount: facts.rows,
      key: { kind: 'COLUMN', column: key.name },
      pruning: covering ? { kind: 'COVERING_COLUMN', column: prunedBy!, members: members!, float32: float32! } : { kind: 'NONE' },
      covering,
      keyCandidates: [],
      unproven: [],
    }
    const leftOut = all.filter((column) => !exact.includes(column))
    return {
      version: this.versionOf(description, snapshot, async () => true),
      leftOut: leftOut.map(({ name, type }) => `its column ${name} is left out: it is ${type}, which files cannot hold exactly`),
    }
  }

  #geometryIn(columns: readonly Field[]): string | null {
    if (!this.#geometry) return null
    const { column } = this.#geometry
    const { type, native } = columns.find(({ name }) => name === column) ?? {}
    if (!type) throw new SourceError(`it has no column ${column} to be its geometry`)
    if (type.kind !== 'binary') throw new SourceError(`its column ${column} is ${native}, and a geometry is WKB, in bytes`)
    return column
  }

  #coveringIn(columns: readonly Field[]): Covering | null {
    const { covering } = this.#geometry ?? {}
    if (covering === undefined) return null
    const [column, members] = typeof covering === 'string' ? [covering, SIDES] : [null, covering]
    const of =
      column === null
        ? columns
        : columns.filter(({ name }) => name === column).flatMap(({ type }) => (type.kind === 'struct' ? type.fields : []))
    const bits = Object.values(members).flatMap((member) => {
      const type = of.find(({ name }) => name === member)?.type
      return type?.kind === 'float' ? type.bits : []
    })
    if (bits.length === 4) return { column, members, float32: bits.includes(32), declared: true }
    throw new SourceError(`its covering has not the four numbers ${Object.values(members).join(', ')}, of type float or double`)
  }
}

const SIDES = { xmin: 'xmin', ymin: 'ymin', xmax: 'xmax', ymax: 'ymax' } as const

/** Spark's types that Parquet does not hold, and texts that Spark compares in another way; also inside other types. */
const INEXACT = /(?:^|[<:,])(?:variant|void|interval[^:,>]*|string collate [^:,>]*)(?=[,>]|$)/
