/**
 * A source that is served by copies of its parts. The parts are the same, with the versions of the copies as soon as the
 * workers may read them.
 */
import { hash } from 'node:crypto'
import type { FileAccess } from '../../engines/engine.ts'
import type { LayerKind } from '../../model/layer.ts'
import type { Preparation } from '../../model/preparation.ts'
import type { Contents, Source, SourcePart, Version } from '../source.ts'
import type { ParquetSource } from './parquet.ts'
import type { PreparationQueue } from './preparation-queue.ts'
import { CACHE_FULL } from './prepared-cache.ts'
import { type VectorFile, WAITING } from './vector-file.ts'

/** The delay after a copy had no disk space. */
const RETRY_MS = 20_000

/** A part, and its copy if there is one. */
export class PreparedPart implements SourcePart {
  readonly id: string
  readonly names: readonly string[]
  readonly kind: LayerKind
  preparation: Preparation | null = WAITING
  /** True if workers may read it. */
  copy: ParquetSource | null = null

  constructor({ id, names, kind }: SourcePart) {
    this.id = id
    this.names = names
    this.kind = kind
  }

  /** A table of a GeoPackage. */
  get table(): string | null {
    return this.id || null
  }

  get version(): Version | null {
    return this.copy?.describe().parts[0]?.version ?? null
  }
}

export function prepared(source: VectorFile, copies: PreparationQueue): Source {
  return new PreparedSource(source, copies)
}

export class PreparedSource implements Source {
  readonly original: VectorFile
  parts: readonly PreparedPart[] = []
  readonly #copies: PreparationQueue
  /** The reasons why parts of it, or all parts, cannot be copied. */
  #problems: string[] = []
  /** The access of every copy that was ever served, because streams on an older copy continue. */
  readonly #paths = new Set<string>()
  #isLookedAt = false
  /** True while it is being looked at or prepared. */
  #isBusy = false
  #isClosed = false
  #changed: (() => void) | null = null

  constructor(original: VectorFile, copies: PreparationQueue) {
    this.original = original
    this.#copies = copies
  }

  get label(): string {
    return this.original.label
  }

  get names(): readonly string[] {
    return this.original.names
  }

  get files(): readonly string[] {
    return this.original.files
  }

  get bytes(): number {
    return this.original.bytes
  }

  replaceFiles(files: readonly string[]): void {
    this.original.replaceFiles(files)
  }

  describe(): Contents {
    const { problems, failure } = this.original.describe()
    const ofCopies = this.parts.flatMap(({ table, copy }) =>
      (copy?.describe().problems ?? []).map((problem) => (table ? `table ${table}: ${problem}` : problem)),
    )
    return { parts: this.parts, problems: [...problems, ...this.#problems, ...ofCopies], failure }
  }

  access(): FileAccess {
    return { allowedPaths: [...this.#paths], databases: [] }
  }

  /** A changed file is prepared again. Until that is done, its parts are unchanged. A missing copy is made again. */
  async look(): Promise<boolean> {
    if (this.#isBusy) return false
    const current = await Promise.all(this.parts.map(async ({ copy }) => !copy || (await copy.isCurrent())))
    if (this.#isLookedAt && current.every(Boolean) && (await this.original.isCurrent())) return false
    if (this.#isBusy) return false
    this.#isBusy = true
    const isFirst = !this.#isLookedAt
    try {
      await this.original.look()
      await this.#renew(current)
      this.#isLookedAt = true
    } finally {
      this.#isBusy = false
    }
    // A file that cannot be read now may still be incomplete.
    if (this.original.failure === null && (!isFirst || this.#lacksCopies)) this.#prepare()
    return true
  }

  /** Prepares the parts without a copy. */
  watch(changed: () => void): void {
    this.#changed = changed
    if (this.original.failure === null && this.#lacksCopies) this.#prepare()
  }

  close(): void {
    this.#isClosed = true
  }

  /** True if a copy of the part is still needed. */
  has(part: PreparedPart): boolean {
    return !this.#isClosed && this.parts.includes(part)
  }

  /** A new copy that has not been read yet. */
  copyOf(part: PreparedPart, content: string, path: string): ParquetSource {
    // The fingerprint is of the whole content of the source, so servers with the same source agree.
    const fingerprint = part.table === null ? content : hash('sha256', `${content}:${part.table}`).slice(0, 32)
    return this.#copies.source({ label: this.label, names: part.names, files: [path] }, fingerprint)
  }

  /** Its paths are part of the description before it is served. */
  admit(copy: ParquetSource): void {
    for (const path of copy.access().allowedPaths) this.#paths.add(path)
  }

  /** Workers may now read the copy. The same copy stays the same object. */
  async serve(part: PreparedPart, copy: ParquetSource): Promise<void> {
    if (!this.has(part)) return
    if (part.copy?.files[0] !== copy.files[0] || !(await part.copy?.isCurrent())) part.copy = copy
    part.preparation = null
    this.#changed?.()
  }

  /** @param part null: all parts */
  fail(part: PreparedPart | null, reason: string): void {
    if (this.#isClosed) return
    const problem = part?.table ? `table ${part.table}: ${reason}` : reason
    this.#problems.push(problem)
    for (const one of part ? [part] : this.parts) one.preparation = null
    this.#copies.log.warn({ source: this.label }, `${this.label} is not served: ${problem}`)
    if (reason === CACHE_FULL) setTimeout(() => this.#retry(), RETRY_MS).unref()
    this.#changed?.()
  }

  get #lacksCopies(): boolean {
    return this.parts.some(({ copy }) => !copy)
  }

  /** Adds parts for new tables, and removes parts of removed tables. */
  async #renew(current: readonly boolean[]): Promise<void> {
    const { parts, failure } = this.original.describe()
    this.#problems = []
    for (const [index, part] of this.parts.entries()) {
      if (!current[index]) part.copy = null
      if (!part.copy) part.preparation = failure === null ? WAITING : null
    }
    const known = this.parts
    this.parts =
      failure === null
        ? parts.map((part) => known.find(({ id, kind }) => id === part.id && kind === part.kind) ?? new PreparedPart(part))
        : [...known]
    if (failure !== null) return
    const content = await this.original.knownContent()
    if (content === null) return
    for (const part of this.parts) {
      if (part.copy) continue
      const path = await this.#copies.find(content, part.table)
      const copy = path === null ? null : this.copyOf(part, content, path)
      // A disk may have lost a file that should have been kept.
      if (!copy || !(await this.#copies.read([copy])).length) continue
      this.admit(copy)
      part.copy = copy
      part.preparation = null
    }
  }

  /** Until it is watched, preparation waits. */
  #prepare(): void {
    if (!this.#changed || this.#isClosed || this.parts.length === 0) return
    this.#isBusy = true
    const made = this.#copies.make(this).then(async () => {
      this.#isBusy = false
      // It may have changed after the last look of the preparation.
      if (!this.#isClosed) await this.look()
    })
    made.catch((error: unknown) => this.#copies.log.warn({ err: error }, `${this.label} could not be looked at again`))
  }

  /** There may be disk space now. */
  #retry(): void {
    if (this.#isClosed || this.#isBusy) return
    this.#problems = []
    for (const part of this.parts) part.preparation = part.copy ? null : WAITING
    this.#prepare()
    this.#changed?.()
  }
}
