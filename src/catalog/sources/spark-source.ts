/** Parquet files whose rows Spark gathers. Their footers describe the layer. */
import { isDeepStrictEqual } from 'node:util'
import { hasColumns } from '../../engines/duckdb/host/files.ts'
import type { Covering } from '../../engines/duckdb/host/inspection.ts'
import { SourceError } from '../../engines/duckdb/host/source-error.ts'
import { extentOf, type Facts } from '../../engines/spark/dialect/facts.ts'
import type { SparkEngine } from '../../engines/spark/host/spark-engine.ts'
import type { FieldType } from '../../model/field-type.ts'
import { type BBox, type Field, kindOf, type LayerKind } from '../../model/layer.ts'
import type { Contents, SourceContext, Version } from '../source.ts'
import { type SourceLocation, statOf } from './file-source.ts'
import { GatheredSource, isAway, type Proof } from './gathered-source.ts'
import { ParquetSource } from './parquet.ts'

/** Characters with which a path is a pattern in Spark. */
const PATTERN = /[*?[\]{}\\]/

/** Its content is the description by the footers. */
export class SparkSource extends GatheredSource<Version> {
  protected readonly part = ''
  protected readonly isPinned = false
  protected readonly unread = 'its files, and is asked again: it must see them under the same path'
  readonly #original: ParquetSource

  constructor(place: SourceLocation, context: SourceContext, engine: SparkEngine, key: string) {
    super(place, context, engine, key)
    this.#original = new ParquetSource(place, context)
  }

  get files(): readonly string[] {
    return this.#original.files
  }

  get bytes(): number {
    return this.#original.bytes
  }

  /** True while its content is not the proven one. */
  get hasChanged(): boolean {
    return !this.isSettled
  }

  override get failure(): string | null {
    return this.#original.failure ?? super.failure
  }

  get writes(): number {
    return this.#original.writes
  }

  replaceFiles(files: readonly string[]): void {
    this.#original.replaceFiles(files)
  }

  async look(): Promise<boolean> {
    const hasRead = await this.#original.look()
    if (this.#original.failure === null) this.follow()
    return hasRead
  }

  override describe(): Contents {
    const contents = super.describe()
    const { problems } = this.#original.describe()
    return contents.failure === null ? { ...contents, problems: [...problems, ...contents.problems] } : contents
  }

  async isCurrent(): Promise<boolean> {
    return (await this.#original.isCurrent()) && !this.hasChanged
  }

  protected get found(): Version | null {
    return this.#original.describe().parts[0]?.version ?? null
  }

  protected async find(): Promise<Version | null> {
    await this.#original.look()
    return this.found
  }

  protected kindOf({ description }: Version): LayerKind {
    return kindOf(description)
  }

  protected async prove(found: Version): Promise<Proof> {
    const { description: base, fingerprint, isUnchanged } = found
    const paths = this.files
    if (paths.some((path) => PATTERN.test(path)))
      throw new SourceError('its path has characters that are a pattern in Spark: rename it')
    if (paths.some(hasColumns))
      throw new SourceError(
        'it has columns from names of folders (key=value), which its engine does not read: write them into the files',
      )
    await this.connect()
    const covering = base.covering?.declared ? base.covering : null
    const { columns, leftOut } = await this.#typesOf(covering ? base.columns : base.columnsUncovered, paths)
    const key = this.keyOf(columns)
    const facts = await this.factsOf(paths, [fingerprint, await statOf(paths)], covering)
    if (facts.rows !== base.featureCount)
      throw new SourceError(
        `its engine counts ${facts.rows} rows in its files, and this server ${base.featureCount}: both must see the same files`,
      )
    this.requireKey(facts)
    return {
      version: this.versionOf(
        {
          ...base,
          relation: { kind: 'gathered', engine: this.engine.name, snapshot: fingerprint, paths, key },
          columns,
          columnsUncovered: columns,
          geometryEncoding: base.geometryEncoding === 'GEOMETRY' ? 'WKB' : base.geometryEncoding,
          extent: extentIn(facts, covering, base.extent),
          key: { kind: 'COLUMN', column: key.name },
          pruning: covering ? base.pruning : { kind: 'NONE' },
          covering,
          keyCandidates: [],
          unproven: [],
        },
        fingerprint,
        isUnchanged,
      ),
      leftOut,
    }
  }

  /** Returns the columns with the types that Spark writes, and why others are left out. */
  async #typesOf(
    fields: readonly Field[],
    paths: readonly string[],
  ): Promise<{ readonly columns: readonly Field[]; readonly leftOut: readonly string[] }> {
    const names = fields.filter(({ type }) => type.kind !== 'geometry').map(({ name }) => name)
    const types = await this.writtenTypes(names, paths).catch((error: unknown) => {
      const unknown = fields.filter(({ type }) => isUnknown(type)).map(({ name, native }) => `${name} (${native})`)
      if (unknown.length === 0 || isAway(error)) throw error
      const reason = `its engine ${this.engine.name} cannot read the type of ${unknown.join(', ')}: write it as another type`
      throw new SourceError(reason, { cause: error })
    })
    const written = new Map(types.map((column) => [column.name, column]))
    const columns: Field[] = []
    const leftOut: string[] = []
    for (const { readAs, ...field } of fields) {
      const { type, native, jsonType } = written.get(field.name) ?? {}
      if (type && native && jsonType && isSame(field.type, type)) columns.push({ ...field, type, native, jsonType })
      else leftOut.push(`its column ${field.name} is left out: it is ${field.native}, and Spark reads ${native ?? 'bytes'}`)
    }
    return { columns, leftOut }
  }
}

/** Types with which Spark reads no column of a file. */
const isUnknown = (type: FieldType): boolean =>
  ['time', 'uuid', 'interval'].includes(type.kind) || (type.kind === 'timestamp' && type.unit === 'ns')

/** True if Spark has the same values, perhaps in a wider type: it has no unsigned integers, and JSON is a text. */
function isSame(before: FieldType, after: FieldType): boolean {
  switch (before.kind) {
    case 'int':
      return after.kind === 'int' || (after.kind === 'decimal' && after.scale === 0)
    case 'json':
      return after.kind === 'utf8'
    case 'timestamp':
      return after.kind === 'timestamp'
    case 'list':
      return after.kind === 'list' && isSame(before.child, after.child)
    case 'map':
      return after.kind === 'map' && isSame(before.key, after.key) && isSame(before.value, after.value)
    case 'struct': {
      const members = after.kind === 'struct' ? after.fields : []
      const isMember = ({ name, type }: (typeof before.fields)[number], n: number) =>
        members[n]?.name === name && isSame(type, members[n].type)
      return members.length === before.fields.length && before.fields.every(isMember)
    }
    default:
      return isDeepStrictEqual(before, after)
  }
}

/** A covering of 32 bits is rounded. If it agrees with the extent that the files declare, that one is exact. */
function extentIn(facts: Facts, covering: Covering | null, declared: BBox | null): BBox | null {
  if (!covering) return declared
  const found = extentOf(facts)
  return found && declared?.every((side, n) => Math.fround(side) === Math.fround(found[n]!)) ? declared : found
}
