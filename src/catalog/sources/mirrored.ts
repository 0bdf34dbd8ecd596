/**
 * Objects of other machines with a copy on this one. They are read where they are until their first copy is complete. From then on the copy is
 * read, also while their server is away, until the copy of another version is complete.
 */
import { hash } from 'node:crypto'
import path from 'node:path'
import { SourceError } from '../../engines/duckdb/host/source-error.ts'
import type { FileAccess } from '../../engines/engine.ts'
import { kindOf, type LayerKind } from '../../model/layer.ts'
import { type Preparation, progressText } from '../../model/preparation.ts'
import type { RemoteObjects } from '../remote/remote-objects.ts'
import type { Contents, Source, SourceContext, SourcePart, Version } from '../source.ts'
import type { ObjectVersion } from '../stores/store.ts'
import type { SourceLocation } from './file-source.ts'
import type { ParquetSource } from './parquet.ts'
import type { PreparationQueue } from './preparation-queue.ts'
import { reasonOfCache } from './prepared-cache.ts'
import { RemoteParquet } from './remote-parquet.ts'
import { WAITING } from './vector-file.ts'

/** The delay after a download that failed. */
const RETRY_MS = 20_000
/** The interval of lines in the log. */
const LOG_MS = 10_000
/** Begins the name of a file that shows the address of a copy. */
const MARK = 'of-'

export class MirroredSource implements Source {
  readonly label: string
  readonly names: readonly string[]
  mirrored: Promise<void> = Promise.resolve()
  readonly #original: RemoteParquet
  readonly #context: SourceContext
  readonly #copies: PreparationQueue
  readonly #part: MirroredPart
  #parts: { readonly version: Version | null; readonly list: readonly SourcePart[] } = { version: null, list: [] }
  /** The paths of every copy that was ever served, because streams on an older copy continue. */
  readonly #paths = new Set<string>()
  #copy: ParquetSource | null = null
  /** The versions of the copy. */
  #copied = ''
  /** The copy that will be served when workers may read it. */
  #next: { readonly copy: ParquetSource; readonly key: string } | null = null
  #restored: Promise<void> | null = null
  #isFollowing = false
  /** When the next download may begin, in milliseconds. */
  #retryAt = 0
  #problem: string | null = null
  readonly #closing = new AbortController()
  #changed: (() => void) | null = null

  constructor(place: SourceLocation, context: SourceContext, copies: PreparationQueue) {
    this.label = place.label
    this.names = place.names
    this.#original = new RemoteParquet(place, context)
    this.#context = context
    this.#copies = copies
    this.#part = new MirroredPart(place.names, () => this.#served.describe().parts[0]?.version ?? null)
  }

  get files(): readonly string[] {
    return this.#original.files
  }

  get bytes(): number {
    return this.#served.bytes
  }

  get #served(): ParquetSource | RemoteParquet {
    return this.#copy ?? this.#original
  }

  replaceFiles(files: readonly string[]): void {
    this.#original.replaceFiles(files)
  }

  /** Does not wait for another machine if there is a copy. */
  async look(): Promise<boolean> {
    this.#restored ??= this.#restore()
    await this.#restored
    // A disk may have lost a file.
    if (this.#copy && !(await this.#copy.isCurrent())) this.#copy = null
    const hasRead = this.#copy ? false : await this.#original.look()
    this.#follow()
    return hasRead
  }

  describe(): Contents {
    const { problems, failure } = this.#served.describe()
    const { version } = this.#part
    if (version !== this.#parts.version) this.#parts = { version, list: version ? [this.#part] : [] }
    const isTold = this.#problem !== null && failure === null
    return { parts: this.#parts.list, problems: isTold ? [...problems, this.#problem!] : problems, failure }
  }

  access(): FileAccess {
    const { allowedPaths, databases, gateway } = this.#original.access()
    const isRead = allowedPaths.length > 0
    return { allowedPaths: [...this.#paths, ...allowedPaths], databases, ...(isRead && gateway && { gateway }) }
  }

  watch(changed: () => void): void {
    this.#changed = changed
    this.#follow()
  }

  close(): void {
    this.#closing.abort(new Error('the source is closed'))
  }

  has(): boolean {
    return !this.#closing.signal.aborted
  }

  admit(copy: ParquetSource): void {
    for (const file of copy.access().allowedPaths) this.#paths.add(file)
  }

  async serve(_: SourcePart, copy: ParquetSource): Promise<void> {
    this.#copy = copy
    if (this.#next?.copy === copy) this.#copied = this.#next.key
    this.#next = null
    this.#tell(null)
  }

  fail(_: SourcePart, reason: string): void {
    if (!this.has()) return
    this.#next = null
    const isNew = this.#problem === null
    this.#tell(reason)
    if (isNew) this.#context.log.warn({ source: this.label }, `${this.label}: ${this.#problem}`)
  }

  #tell(reason: string | null): void {
    this.#part.preparation = null
    const what = this.#copy ? 'its copy on this machine may be out of date' : 'it has no copy on this machine'
    this.#problem = reason === null ? null : `${what}: ${reason}`
    this.#changed?.()
  }

  /** Serves the last copy of each object. Whether they have changed is looked at later. */
  async #restore(): Promise<void> {
    const { cache } = this.#copies
    const marks = await cache.marked(MARK)
    const ids = this.files.map((url) => marks.get(markOf(url)) ?? '')
    const found = await Promise.all(this.files.map((url, n) => (ids[n] ? cache.findFile(ids[n], nameIn(url)) : null)))
    const paths = found.filter((file) => file !== null)
    if (paths.length === 0 || paths.length < found.length) return
    for (const id of ids) await cache.use(id).catch(() => {})
    const copy = this.#copyOf(paths)
    if (!(await this.#copies.read([copy])).length) return
    this.admit(copy)
    this.#copy = copy
    this.#copied = this.#keyOf(ids)
  }

  /** Makes a copy of the current versions, in the background, if there is none. */
  #follow(): void {
    if (this.#isFollowing || !this.#changed || !this.has()) return
    this.#isFollowing = true
    const done = this.#update().catch((error: unknown) => {
      if (!this.has()) return
      this.fail(this.#part, this.#reasonOf(error))
      setTimeout(() => this.#follow(), RETRY_MS).unref()
    })
    this.mirrored = done.finally(() => {
      this.#isFollowing = false
    })
  }

  async #update(): Promise<void> {
    const { files } = this
    const objects = await this.#context.remote()
    const stamps = await Promise.all(files.map((url) => objects.stampOf(url)))
    const key = this.#keyOf(stamps.map(({ stamp }) => stamp))
    if (key === this.#next?.key) return
    if (this.#copy && key === this.#copied) return this.#problem === null ? undefined : this.#tell(null)
    const versions = files.map((url) => objects.versionOf(url))
    if (performance.now() < this.#retryAt) return
    this.#part.preparation = WAITING
    await this.#copies
      .download(() => this.#download(objects, versions, key))
      .catch((error: unknown) => {
        this.#retryAt = performance.now() + RETRY_MS
        throw error
      })
  }

  async #download(objects: RemoteObjects, versions: readonly ObjectVersion[], key: string): Promise<void> {
    const { log } = this.#context
    const { signal } = this.#closing
    const total = versions.reduce((sum, { bytes }) => sum + bytes, 0)
    const progress = new DownloadClock(total)
    log.info({ source: this.label, bytes: total }, `${this.label} is being downloaded`)
    const began = performance.now()
    let [logged, done] = [began, 0]
    // A start without mirrors does not load it.
    const { copied } = await import('../remote/download.ts')
    const { cache } = this.#copies
    const paths: string[] = []
    for (const version of versions) {
      const arrived = (bytes: number) => {
        this.#part.preparation = progress.preparation(done + bytes)
        if (performance.now() - logged < LOG_MS) return
        logged = performance.now()
        log.info({ source: this.label }, `${this.label}: ${progressText(this.#part.preparation)}`)
      }
      const { url } = version
      paths.push(await copied({ objects, version, name: nameIn(url), mark: markOf(url), cache, signal, arrived }))
      done += version.bytes
    }
    const ms = Math.round(performance.now() - began)
    log.info({ source: this.label, bytes: total, ms }, `${this.label} is downloaded`)
    this.#next = { copy: this.#copyOf(paths), key }
    this.#copies.finish({ source: this, part: this.#part, copy: this.#next.copy })
  }

  #copyOf(files: readonly string[]): ParquetSource {
    return this.#copies.source({ label: this.label, names: this.names, files }, null)
  }

  #keyOf(ids: readonly string[]): string {
    return JSON.stringify([this.files, ids])
  }

  #reasonOf(error: unknown): string {
    const reason = reasonOfCache(error)
    if (reason !== null || error instanceof SourceError) return reason ?? (error as Error).message
    this.#context.log.warn({ err: error }, `${this.label} could not be downloaded`)
    return 'it cannot be downloaded: the log has the cause'
  }
}

class MirroredPart implements SourcePart {
  readonly id = ''
  readonly names: readonly string[]
  preparation: Preparation | null = null
  readonly #version: () => Version | null

  constructor(names: readonly string[], version: () => Version | null) {
    this.names = names
    this.#version = version
  }

  get version(): Version | null {
    return this.#version()
  }

  get kind(): LayerKind {
    return this.version ? kindOf(this.version.description) : 'FEATURES'
  }
}

const markOf = (url: string): string => `${MARK}${hash('sha256', url).slice(0, 32)}`

/** Keeps the folders of the address whose names are columns (key=value). */
function nameIn(url: string): string {
  const folders = new URL(url).pathname.split('/').slice(0, -1)
  return path.join(...folders.filter((name) => /^[^=]+=./.test(name)), 'features.parquet')
}

class DownloadClock {
  readonly #total: number
  #since: { readonly ms: number; readonly bytes: number } | null = null

  constructor(total: number) {
    this.#total = total
  }

  preparation(bytes: number): Preparation {
    const now = performance.now()
    this.#since ??= { ms: now, bytes }
    const { ms, bytes: before } = this.#since
    const secondsLeft = bytes > before ? ((this.#total - bytes) * (now - ms)) / (bytes - before) / 1_000 : null
    const percent = (100 * bytes) / Math.max(1, this.#total)
    return { stage: 'DOWNLOADING', rows: 0, total: null, percent, rowsPerSecond: null, secondsLeft }
  }
}
