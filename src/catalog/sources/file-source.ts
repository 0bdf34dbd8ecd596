/** A source of files. It is read, and read again when they change. Subclasses implement what differs by format. */

import { isLocal, stampNow, stampOf } from '../../engines/duckdb/host/files.ts'
import type { CheckResult, Description } from '../../engines/duckdb/host/inspection.ts'
import { SourceError } from '../../engines/duckdb/host/source-error.ts'
import type { FileAccess } from '../../engines/engine.ts'
import { kindOf } from '../../model/layer.ts'
import { isObject } from '../../model/remote-source.ts'
import type { RemoteObjects } from '../remote/remote-objects.ts'
import type { Contents, Reader, Source, SourceContext, SourcePart } from '../source.ts'

/** The number of attempts to read a file that changes while it is read. */
const MOST_READINGS = 5
/** A check takes about a second per ten megabytes on a busy machine. Ten times that means that it hangs. */
const CHECK_MS = 60_000
const CHECK_MS_PER_BYTE = 1e-3

/** Facts about a source before it is read. */
export type SourceLocation = Pick<Source, 'label' | 'names' | 'files'>

export abstract class FileSource implements Source, Reader {
  readonly label: string
  readonly names: readonly string[]
  files: readonly string[]
  failure: string | null = null
  writes = 0
  /** The digest of the described content. Null: nothing has been described. */
  protected fingerprint: string | null = null
  /** The snapshot of the files when they were read. */
  protected snapshot: Snapshot = []
  protected readonly context: SourceContext
  /** The objects of other machines, if the files are addresses. */
  protected objects: RemoteObjects | null = null
  #described: Pick<Contents, 'parts' | 'problems'> = { parts: [], problems: [] }
  #describedFiles: readonly string[] = []
  #reading: Promise<void> | null = null
  /** True if its files are few and on a local disk. */
  #isNear = false

  constructor({ label, names, files }: SourceLocation, context: SourceContext) {
    this.label = label
    this.names = names
    this.files = files
    this.context = context
  }

  /** Returns a different text for different content. */
  protected abstract digest(files: readonly string[]): string | Promise<string>
  /** Called when the digest has changed. */
  protected abstract read(files: readonly string[], fingerprint: string): Promise<Pick<Contents, 'parts' | 'problems'>>
  abstract access(): FileAccess
  /** The path of the database, if the source is one. */
  protected readonly database: string | null = null

  get bytes(): number {
    return bytesOf(this.snapshot)
  }

  replaceFiles(files: readonly string[]): void {
    if (files.join('\n') !== this.files.join('\n')) this.files = files
  }

  /** Waits for a running reading. Takes 5 µs per file that is near, and 30 µs or more per other file. */
  async isCurrent(): Promise<boolean> {
    // Its snapshot is of content that is not described yet.
    await this.#reading?.catch(() => {})
    return await this.#isAsRead()
  }

  /** Concurrent callers wait for the same reading. */
  async look(): Promise<boolean> {
    if (await this.isCurrent()) return false
    this.#reading ??= this.#read().finally(() => {
      this.#reading = null
    })
    await this.#reading
    return true
  }

  describe(): Contents {
    const { failure } = this
    const { parts, problems } = this.#described
    return { parts, problems: failure === null ? problems : [failure], failure }
  }

  watch(): void {}

  close(): void {}

  check(description: Description): Promise<CheckResult> {
    const { inspector, inspections } = this.context
    const request = { description, database: this.database }
    const timeoutMs = CHECK_MS + Math.round(this.bytes * CHECK_MS_PER_BYTE)
    return inspections.recall([this.fingerprint, this.snapshot, request], () => inspector.check(request, timeoutMs))
  }

  /** A part that is read from these files. */
  protected part(id: string, names: readonly string[], description: Description, fingerprint: string): SourcePart {
    const [snapshot, isNear] = [this.snapshot, this.#isNear]
    const version = { description, fingerprint, reader: this, isUnchanged: () => isUnchanged(snapshot, isNear, this.objects) }
    return { id, names, kind: kindOf(description), preparation: null, version }
  }

  async #isAsRead(): Promise<boolean> {
    const { files, snapshot } = this
    const isSame = snapshot.length === files.length && snapshot.every(({ path }, index) => path === files[index])
    return isSame && (await isUnchanged(snapshot, this.#isNear, this.objects))
  }

  async #read(): Promise<void> {
    for (let left = MOST_READINGS; left > 0; left--) {
      await this.#readOnce()
      // The described content may be another version than the one of the digest.
      if (this.failure !== null || (await this.#isAsRead())) return
    }
    this.failure = 'it changes faster than it can be read: put a whole new file in its place instead of writing into it'
  }

  async #readOnce(): Promise<void> {
    const { files } = this
    this.context.inspector.allow(this.access().allowedPaths)
    // This is before anything is read, so that the next look sees every later change.
    const snapshot = await statOf(files, this.objects)
    this.#isNear = await areNear(files)
    if (writtenInPlace(this.snapshot, snapshot)) this.writes++
    this.snapshot = snapshot
    try {
      const fingerprint = await this.digest(files)
      if (fingerprint !== this.fingerprint || files !== this.#describedFiles) {
        this.#described = await this.read(files, fingerprint)
        this.fingerprint = fingerprint
        this.#describedFiles = files
      }
      this.failure = null
    } catch (error) {
      if (!(error instanceof SourceError)) {
        this.snapshot = []
        throw error
      }
      this.failure = error.message
      // The reason is for clients. The engine's own words are only here.
      if (error.cause !== undefined) this.context.log.warn({ err: error, source: this.label }, `${this.label}: ${error.message}`)
    }
  }
}

/* Decides when to read a file again. Nothing here is part of a fingerprint: these values differ between servers with the same data. */

/** Device, inode, size and modification time of each file, as text. */
type Snapshot = readonly { readonly path: string; readonly bytes: number; readonly stamp: string }[]

/**
 * Takes about 30 µs per file. A missing file has a stamp too, because a database's write-ahead log appears and disappears.
 *
 * @param objects the objects of other machines, if a path may be the address of one
 */
export async function statOf(files: readonly string[], objects: RemoteObjects | null = null): Promise<Snapshot> {
  const stamp = (path: string) => (objects && isObject(path) ? objects.stampOf(path) : stampOf(path))
  return await Promise.all(files.map(async (path) => ({ path, ...(await stamp(path)) })))
}

function bytesOf(snapshot: Snapshot): number {
  return snapshot.reduce((sum, { bytes }) => sum + bytes, 0)
}

/**
 * True if every file is still the one of the snapshot, by the file system. Each query asks before and after it. Files that are near are looked
 * at without waiting: a thread of libuv that has to wake up costs twenty times as much, 0.6 ms of a small query.
 */
export async function isUnchanged(snapshot: Snapshot, isNear = false, objects: RemoteObjects | null = null): Promise<boolean> {
  if (isNear) return snapshot.every(({ path, stamp }) => stampNow(path).stamp === stamp)
  const now = await statOf(
    snapshot.map(({ path }) => path),
    objects,
  )
  return now.every(({ stamp }, index) => stamp === snapshot[index]?.stamp)
}

/** Most files of a source that are looked at without waiting: 0.1 ms. A query of all layers looks at 64 sources in one turn. */
const MOST_NEAR = 16

/** True if the files may be looked at without waiting. A network share that does not answer would hold up every client. */
async function areNear(files: readonly string[]): Promise<boolean> {
  return files.length <= MOST_NEAR && (await Promise.all(files.map(isLocal))).every((local) => local)
}

/**
 * True if a file of `before` is the same file `now` with different content: a process that has it open reads the new content.
 */
function writtenInPlace(before: Snapshot, now: Snapshot): boolean {
  const files = new Map(before.map(({ path, stamp }) => [path, stamp]))
  return now.some(({ path, stamp }) => {
    const known = files.get(path)
    return known !== undefined && known !== stamp && inodeOf(known) === inodeOf(stamp)
  })
}

function inodeOf(stamp: string): string {
  return stamp.split(':', 2).join(':')
}
