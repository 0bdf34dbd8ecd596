/**
 * A source whose rows Spark gathers. Spark says how it writes the types of the columns, and proves the key in one statement. Until then the layer is being
 * prepared, also while Spark does not answer.
 */
import { hash } from 'node:crypto'
import type { CheckResult, Covering } from '../../engines/duckdb/host/inspection.ts'
import { SourceError } from '../../engines/duckdb/host/source-error.ts'
import type { FileAccess } from '../../engines/engine.ts'
import { type Facts, factsOf } from '../../engines/spark/dialect/facts.ts'
import { SparkError } from '../../engines/spark/host/spark-connection.ts'
import type { SparkEngine } from '../../engines/spark/host/spark-engine.ts'
import { GeoduckError } from '../../model/errors.ts'
import type { Field, GatheredContent, LayerKind } from '../../model/layer.ts'
import type { Preparation } from '../../model/preparation.ts'
import type { Contents, Reader, ServedDescription, Source, SourceContext, SourcePart, Version } from '../source.ts'
import { WAITING } from './vector-file.ts'

/** Milliseconds before an engine that does not answer is asked again: twice as long each time. */
const [FIRST_RETRY_MS, LAST_RETRY_MS] = [1_000, 60_000]

const PROVING: Preparation = { ...WAITING, stage: 'READING' }

/** Bytes of a key. Even with escapes, a cursor has place for it. */
const LONGEST_KEY = 500

/** A fault that may end without a change of the source's content. Its message is the reason. */
export class NotYet extends Error {}

export interface Proof {
  readonly version: Version
  /** Why columns are left out. */
  readonly leftOut: readonly string[]
}

export abstract class GatheredSource<Found> implements Source, Reader {
  readonly label: string
  readonly names: readonly string[]
  proven: Promise<void> = Promise.resolve()
  protected readonly context: SourceContext
  protected readonly engine: SparkEngine
  readonly #key: string
  #parts: readonly SourcePart[] = []
  /** Why it has no proof. */
  #problem: string | null = null
  #leftOut: readonly string[] = []
  /** The content that the last proof is of. */
  #settled: Found | null = null
  #version: Version | null = null
  /** True if the engine accepted the connection of the last proof. */
  #isConnected = false
  #isProving = false
  #retry: NodeJS.Timeout | undefined
  #retryMs = FIRST_RETRY_MS
  readonly #closing = Promise.withResolvers<void>()
  #isClosed = false
  #changed: (() => void) | null = null

  constructor({ label, names }: Pick<Source, 'label' | 'names'>, context: SourceContext, engine: SparkEngine, key: string) {
    this.label = label
    this.names = names
    this.context = context
    this.engine = engine
    this.#key = key
  }

  abstract readonly files: readonly string[]
  abstract readonly bytes: number
  abstract readonly writes: number
  abstract readonly hasChanged: boolean
  abstract replaceFiles(files: readonly string[]): void
  abstract look(): Promise<boolean>
  abstract isCurrent(): Promise<boolean>
  /** The name of its part. */
  protected abstract readonly part: string
  /** The content that was found last. Other content is another object. Null: there is nothing to prove. */
  protected abstract readonly found: Found | null
  /** True if a version can be read when there is a newer one, and so while the newer one is proven. */
  protected abstract readonly isPinned: boolean
  /** The thing that an engine cannot read although it answers, and the remedy. */
  protected abstract readonly unread: string
  protected abstract kindOf(found: Found): LayerKind
  /** Looks for the current content. */
  protected abstract find(): Promise<Found | null>
  /** @throws SourceError if the content cannot be served @throws NotYet @throws GeoduckError ENGINE_UNAVAILABLE */
  protected abstract prove(found: Found): Promise<Proof>

  get failure(): string | null {
    return this.#problem
  }

  describe(): Contents {
    const { failure } = this
    return { parts: this.#parts, problems: failure === null ? this.#leftOut : [failure], failure }
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

  protected get isSettled(): boolean {
    return this.found === this.#settled
  }

  /** Proves the current content in the background, one proof at a time. */
  protected follow(): void {
    const { found } = this
    if (found === null || this.isSettled || this.#isProving || this.#retry || this.#isClosed) return
    this.#isProving = true
    this.#set(found, PROVING, this.#version)
    this.proven = Promise.race([this.#settle(found), this.#closing.promise])
  }

  async #settle(known: Found): Promise<void> {
    let found = known
    try {
      found = (await this.find()) ?? known
      const { version, leftOut } = await this.prove(found)
      const now = await this.find()
      if (now !== null && now !== found) return await this.#settle(now)
      this.#problem = null
      this.#retryMs = FIRST_RETRY_MS
      this.#leftOut = leftOut
      this.#settled = found
      this.#set(found, null, version)
    } catch (error) {
      if (this.#isClosed) return
      this.#fail(found, error)
    }
    this.#isProving = false
    if (!this.#isClosed) this.#changed?.()
  }

  #fail(found: Found, error: unknown): void {
    const reason = this.#reasonOf(error)
    if (reason !== this.#problem)
      this.context.log.warn({ source: this.label, err: error }, `${this.label} is not served: ${reason}`)
    this.#problem = this.isPinned && this.#version && isAway(error) ? null : reason
    if (error instanceof SourceError) {
      this.#settled = found
      this.#version = null
      this.#parts = []
    } else this.#postpone(found)
  }

  #postpone(found: Found): void {
    this.#set(found, WAITING, this.#version)
    this.#retry = setTimeout(() => {
      this.#retry = undefined
      this.follow()
    }, this.#retryMs).unref()
    this.#retryMs = Math.min(2 * this.#retryMs, LAST_RETRY_MS)
  }

  #set(found: Found, preparation: Preparation | null, version: Version | null): void {
    this.#version = version
    this.#parts = [{ id: this.part, names: this.names, kind: this.kindOf(found), preparation, version }]
  }

  /** Its keys and cursors are not those of a layer that another source with the same content gives. */
  protected versionOf(description: ServedDescription, content: string, isUnchanged: Version['isUnchanged']): Version {
    return { description, fingerprint: hash('sha256', `gathered:${content}`).slice(0, 32), reader: this, isUnchanged }
  }

  /** @throws GeoduckError ENGINE_UNAVAILABLE */
  protected async connect(): Promise<void> {
    this.#isConnected = false
    await this.engine.version()
    this.#isConnected = true
  }

  /** Returns the columns with the types that Spark writes. */
  protected async writtenTypes(names: readonly string[], content: GatheredContent): Promise<readonly Field[]> {
    const { inspector } = this.context
    const { layers } = await this.engine.emptyFiles(names, content, (files) => {
      inspector.allow(files)
      return inspector.describeFiles(files)
    })
    return layers[0]!.columnsUncovered.map((column, n) => ({ ...column, name: names[n]! }))
  }

  /** @throws SourceError */
  protected keyOf(columns: readonly Field[]): Field {
    const key = columns.find(({ name }) => name === this.#key)
    if (!key) throw new SourceError(`it has no column ${this.#key} to be its key`)
    if (key.type.kind === 'utf8' || (key.type.kind === 'int' && key.type.signed)) return key
    throw new SourceError(`its column ${key.name} is ${key.native}, which cannot be a key of an engine (an integer or text can)`)
  }

  /**
   * The statement reads all keys. Its result is kept between starts.
   *
   * @param stamp differs for other content
   */
  protected async factsOf(content: GatheredContent, stamp: unknown, covering: Covering | null): Promise<Facts> {
    const sql = factsOf(this.#key, covering)
    return await this.context.inspections.recall([stamp, sql], async () => {
      const [facts] = await this.engine.facts(content, sql)
      return facts as unknown as Facts
    })
  }

  /** @throws SourceError */
  protected requireKey({ rows, keys, different, longest }: Facts): void {
    const faults = [
      keys < rows && `it is null in ${counted(rows - keys)}`,
      different < keys && `${counted(keys - different)} repeat another's value`,
      (longest ?? 0) > LONGEST_KEY && `it has a text of ${longest} bytes, and a cursor has place for ${LONGEST_KEY}`,
    ]
    const fault = faults.find((one) => one !== false)
    if (fault) throw new SourceError(`its column ${this.#key} cannot be its key: ${fault}; name another \`key\``)
  }

  #reasonOf(error: unknown): string {
    const { name } = this.engine
    if (error instanceof SourceError || error instanceof NotYet) return error.message
    if (!(error instanceof GeoduckError)) {
      const { code } = error as NodeJS.ErrnoException
      return `the folder of result sets of its engine ${name} cannot be used (${code}): correct \`resultSets\`, or its permissions`
    }
    if (isAway(error)) return `its engine ${name} does not answer, and is asked again: start it, or correct \`engines\``
    if (this.#isConnected) return `its engine ${name} cannot read ${this.unread}; the log has the cause`
    return `its engine ${name} refuses the server, and is asked again: correct its \`token\` or its settings; the log has the cause`
  }
}

const counted = (rows: number): string => (rows === 1 ? '1 row' : `${rows} rows`)

/** True for an engine that does not answer. */
export const isAway = (error: unknown): boolean =>
  error instanceof GeoduckError && error.cause instanceof SparkError && error.cause.isUnavailable
