/**
 * Parquet files whose rows Spark gathers. Their footers describe the layer. Spark says how it writes the types of their columns, and proves the key
 * in one statement. Until then the layer is being prepared, also while Spark does not answer.
 */
import { hash } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { hasColumns } from '../../engines/duckdb/host/files.ts'
import type { CheckResult, Covering } from '../../engines/duckdb/host/inspection.ts'
import { SourceError } from '../../engines/duckdb/host/source-error.ts'
import type { FileAccess } from '../../engines/engine.ts'
import { type Facts, factsOf } from '../../engines/spark/dialect/facts.ts'
import { SparkError } from '../../engines/spark/host/spark-connection.ts'
import type { SparkEngine } from '../../engines/spark/host/spark-engine.ts'
import { GeoduckError } from '../../model/errors.ts'
import type { FieldType } from '../../model/field-type.ts'
import { type BBox, type Field, kindOf } from '../../model/layer.ts'
import type { Preparation } from '../../model/preparation.ts'
import type { Contents, Reader, ServedDescription, Source, SourceContext, SourcePart, Version } from '../source.ts'
import { type SourceLocation, statOf } from './file-source.ts'
import { ParquetSource } from './parquet.ts'
import { WAITING } from './vector-file.ts'

/** Milliseconds before an engine that does not answer is asked again: twice as long each time. */
const [FIRST_RETRY_MS, LAST_RETRY_MS] = [1_000, 60_000]

const PROVING: Preparation = { ...WAITING, stage: 'READING' }

/** Bytes of a key. Even with escapes, a cursor has place for it. */
const LONGEST_KEY = 500

/** Characters with which a path is a pattern in Spark. */
const PATTERN = /[*?[\]{}\\]/

export class SparkSource implements Source, Reader {
  readonly label: string
  readonly names: readonly string[]
  proven: Promise<void> = Promise.resolve()
  readonly #original: ParquetSource
  readonly #context: SourceContext
  readonly #engine: SparkEngine
  readonly #key: string
  #parts: readonly SourcePart[] = []
  /** Why it has no proof. */
  #problem: string | null = null
  /** Columns that are left out. */
  #leftOut: readonly string[] = []
  /** The description by the footers that the last proof is of. */
  #settled: Version | null = null
  #version: Version | null = null
  /** True if the engine accepted the connection of the last proof. */
  #isConnected = false
  #isProving = false
  #retry: NodeJS.Timeout | undefined
  #retryMs = FIRST_RETRY_MS
  readonly #closing = Promise.withResolvers<void>()
  #isClosed = false
  #changed: (() => void) | null = null

  constructor(place: SourceLocation, context: SourceContext, engine: SparkEngine, key: string) {
    this.label = place.label
    this.names = place.names
    this.#original = new ParquetSource(place, context)
    this.#context = context
    this.#engine = engine
    this.#key = key
  }

  get files(): readonly string[] {
    return this.#original.files
  }

  get bytes(): number {
    return this.#original.bytes
  }

  /** True while its content is not the proven one. */
  get hasChanged(): boolean {
    return this.#found !== this.#settled
  }

  get failure(): string | null {
    return this.#original.failure ?? this.#problem
  }

  get writes(): number {
    return this.#original.writes
  }

  replaceFiles(files: readonly string[]): void {
    this.#original.replaceFiles(files)
  }

  async look(): Promise<boolean> {
    const hasRead = await this.#original.look()
    this.#follow()
    return hasRead
  }

  describe(): Contents {
    const { failure } = this
    const { problems } = this.#original.describe()
    return { parts: this.#parts, problems: failure === null ? [...problems, ...this.#leftOut] : [failure], failure }
  }

  /** The paths of result sets are the engine's. */
  access(): FileAccess {
    return { allowedPaths: [], databases: [] }
  }

  watch(changed: () => void): void {
    this.#changed = changed
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#retry)
    this.#closing.resolve()
  }

  async isCurrent(): Promise<boolean> {
    return (await this.#original.isCurrent()) && !this.hasChanged
  }

  /** Spark has proven it already. Nothing reads the geometry before a query does. */
  async check(description: ServedDescription): Promise<CheckResult> {
    const { geometryTypes, hasZ, extent, key, covering } = description
    return {
      outcome: 'PROVEN',
      geometryTypes,
      hasZ,
      coordinates: null,
      extent,
      featureCount: description.featureCount!,
      key,
      coveringHolds: covering !== null,
      report: null,
      uncomputable: 0,
      faults: [],
    }
  }

  /** The current description by the footers. */
  get #found(): Version | null {
    return this.#original.describe().parts[0]?.version ?? null
  }

  /** Proves the current content in the background, one proof at a time. */
  #follow(): void {
    const found = this.#found
    if (!found || !this.hasChanged || this.#isProving || this.#retry || this.#isClosed || this.#original.failure !== null) return
    this.#isProving = true
    this.#set(found, PROVING, this.#version)
    this.proven = Promise.race([this.#settle(found), this.#closing.promise])
  }

  async #settle(found: Version): Promise<void> {
    try {
      const { description, leftOut } = await this.#prove(found)
      await this.#original.look()
      if (this.#found && this.#found !== found) return await this.#settle(this.#found)
      this.#problem = null
      this.#retryMs = FIRST_RETRY_MS
      this.#leftOut = leftOut
      this.#settled = found
      this.#set(found, null, this.#served(found, description))
    } catch (error) {
      if (this.#isClosed) return
      const reason = this.#reasonOf(error)
      if (reason !== this.#problem)
        this.#context.log.warn({ source: this.label, err: error }, `${this.label} is not served: ${reason}`)
      this.#problem = reason
      if (error instanceof SourceError) {
        this.#settled = found
        this.#version = null
        this.#parts = []
      } else this.#postpone(found)
    }
    this.#isProving = false
    if (!this.#isClosed) this.#changed?.()
  }

  #postpone(found: Version): void {
    this.#set(found, WAITING, this.#version)
    this.#retry = setTimeout(() => {
      this.#retry = undefined
      this.#follow()
    }, this.#retryMs).unref()
    this.#retryMs = Math.min(2 * this.#retryMs, LAST_RETRY_MS)
  }

  #set({ description }: Version, preparation: Preparation | null, version: Version | null): void {
    this.#version = version
    this.#parts = [{ id: '', names: this.names, kind: kindOf(description), preparation, version }]
  }

  #served({ fingerprint, isUnchanged }: Version, description: ServedDescription): Version {
    // Its keys and cursors are not those of a layer that the same files give.
    return { description, fingerprint: hash('sha256', `gathered:${fingerprint}`).slice(0, 32), reader: this, isUnchanged }
  }

  /** @throws SourceError if the layer cannot be served @throws GeoduckError ENGINE_UNAVAILABLE */
  async #prove(found: Version): Promise<{ readonly description: ServedDescription; readonly leftOut: readonly string[] }> {
    const base = found.description
    const paths = this.files
    if (paths.some((path) => PATTERN.test(path)))
      throw new SourceError('its path has characters that are a pattern in Spark: rename it')
    if (paths.some(hasColumns))
      throw new SourceError(
        'it has columns from names of folders (key=value), which its engine does not read: write them into the files',
      )
    this.#isConnected = false
    await this.#engine.version()
    this.#isConnected = true
    const covering = base.covering?.declared ? base.covering : null
    const types = await this.#typesOf(covering ? base.columns : base.columnsUncovered, paths)
    const key = types.columns.find(({ name }) => name === this.#key)
    if (!key) throw new SourceError(`it has no column ${this.#key} to be its key`)
    if (!(key.type.kind === 'utf8' || (key.type.kind === 'int' && key.type.signed)))
      throw new SourceError(
        `its column ${key.name} is ${key.native}, which cannot be a key of an engine (an integer or text can)`,
      )
    const facts = await this.#factsOf(found, covering)
    this.#requireKey(facts, base.featureCount)
    return {
      description: {
        ...base,
        relation: { kind: 'gathered', engine: this.#engine.name, snapshot: found.fingerprint, paths, key },
        columns: types.columns,
        columnsUncovered: types.columns,
        geometryEncoding: base.geometryEncoding === 'GEOMETRY' ? 'WKB' : base.geometryEncoding,
        extent: extentOf(facts, covering, base.extent),
        key: { kind: 'COLUMN', column: key.name },
        pruning: covering ? base.pruning : { kind: 'NONE' },
        covering,
        keyCandidates: [],
        unproven: [],
      },
      leftOut: types.leftOut,
    }
  }

  /** Returns the columns with the types that Spark writes, and why others are left out. */
  async #typesOf(
    fields: readonly Field[],
    paths: readonly string[],
  ): Promise<{ readonly columns: readonly Field[]; readonly leftOut: readonly string[] }> {
    const { inspector } = this.#context
    const asked = fields.filter(({ type }) => type.kind !== 'geometry')
    const names = asked.map(({ name }) => name)
    const describe = (files: readonly string[]) => {
      inspector.allow(files)
      return inspector.describeFiles(files)
    }
    const { layers } = await this.#engine.emptyFiles(names, paths, describe).catch((error: unknown) => {
      const unknown = fields.filter(({ type }) => isUnknown(type)).map(({ name, native }) => `${name} (${native})`)
      if (unknown.length === 0 || isAway(error)) throw error
      const reason = `its engine ${this.#engine.name} cannot read the type of ${unknown.join(', ')}: write it as another type`
      throw new SourceError(reason, { cause: error })
    })
    const written = new Map(layers[0]!.columnsUncovered.map((column) => [column.name, column]))
    const columns: Field[] = []
    const leftOut: string[] = []
    for (const { readAs, ...field } of fields) {
      const { type, native, jsonType } = written.get(field.name) ?? {}
      if (type && native && jsonType && isSame(field.type, type)) columns.push({ ...field, type, native, jsonType })
      else leftOut.push(`its column ${field.name} is left out: it is ${field.native}, and Spark reads ${native ?? 'bytes'}`)
    }
    return { columns, leftOut }
  }

  /** The statement reads all keys. Its result is kept between starts. */
  async #factsOf({ fingerprint }: Version, covering: Covering | null): Promise<Facts> {
    const { files } = this
    const sql = factsOf(this.#key, covering)
    return await this.#context.inspections.recall([fingerprint, await statOf(files), sql], async () => {
      const [facts] = await this.#engine.facts(files, sql)
      return facts as unknown as Facts
    })
  }

  #requireKey({ rows, keys, different, longest }: Facts, expected: number | null): void {
    if (rows !== expected)
      throw new SourceError(
        `its engine counts ${rows} rows in its files, and this server ${expected}: both must see the same files`,
      )
    const faults = [
      keys < rows && `it is null in ${counted(rows - keys)}`,
      different < keys && `${counted(keys - different)} repeat another's value`,
      (longest ?? 0) > LONGEST_KEY && `it has a text of ${longest} bytes, and a cursor has place for ${LONGEST_KEY}`,
    ]
    const fault = faults.find((one) => one !== false)
    if (fault) throw new SourceError(`its column ${this.#key} cannot be its key: ${fault}; name another \`key\``)
  }

  #reasonOf(error: unknown): string {
    const { name } = this.#engine
    if (error instanceof SourceError) return error.message
    if (!(error instanceof GeoduckError)) {
      const { code } = error as NodeJS.ErrnoException
      return `the folder of result sets of its engine ${name} cannot be used (${code}): correct \`resultSets\`, or its permissions`
    }
    if (isAway(error)) return `its engine ${name} does not answer, and is asked again: start it, or correct \`engines\``
    return this.#isConnected
      ? `its engine ${name} cannot read its files, and is asked again: it must see them under the same path; the log has the cause`
      : `its engine ${name} refuses the server, and is asked again: correct its \`token\` or its settings; the log has the cause`
  }
}

const counted = (rows: number): string => (rows === 1 ? '1 row' : `${rows} rows`)

/** True for an engine that does not answer. */
const isAway = (error: unknown): boolean =>
  error instanceof GeoduckError && error.cause instanceof SparkError && error.cause.isUnavailable

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
function extentOf({ xmin, ymin, xmax, ymax }: Facts, covering: Covering | null, declared: BBox | null): BBox | null {
  if (!covering) return declared
  if (typeof xmin !== 'number' || typeof ymin !== 'number' || typeof xmax !== 'number' || typeof ymax !== 'number') return null
  const found = [xmin, ymin, xmax, ymax] as const
  return declared?.every((side, n) => Math.fround(side) === Math.fround(found[n]!)) ? declared : found
}
