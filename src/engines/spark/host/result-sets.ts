/**
 * The result sets of one engine: Parquet files in a folder that servers may share. A result set is named by the digest of what it holds. It is complete when its
 * manifest is there, which is put only if there is none. So servers need no lock: of two that gather the same, one puts the manifest, and the other uses its files.
 */
import { createHash, randomUUID } from 'node:crypto'
import { link, mkdir, readdir, readFile, rm, stat, unlink, utimes, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { GeoduckError } from '../../../model/errors.ts'
import type { GatheredContent } from '../../../model/layer.ts'
import type { GroupQuery } from '../../../model/query.ts'
import { type Gathering, type GatherQuery, gatheringOf } from '../dialect/gather.ts'
import { groupingOf } from '../dialect/groups.ts'
import type { SparkConnection } from './spark-connection.ts'

export interface ResultSetOptions {
  /** The folder of the result sets. Spark and all servers see it under the same path. */
  readonly folder: string
  /** Bytes of a result set. */
  readonly maxBytes: number
  /** Seconds without use after which a result set is removed. */
  readonly keepSeconds: number
  /** Gatherings at a time. */
  readonly concurrency: number
}

/** The content of a layer at one moment. */
export interface Snapshot {
  /** Differs for other content. */
  readonly digest: string
  readonly content: GatheredContent
  /** True if the content is still that. */
  readonly isCurrent: () => Promise<boolean>
}

export interface ResultSet {
  readonly digest: string
  /** Absolute paths, in the order of the rows. */
  readonly files: readonly string[]
  /** True if the rows are in the order of the question. */
  readonly isSorted: boolean
  readonly notNarrowed: readonly string[]
  /** Milliseconds that Spark took. 0: the result set was there. */
  readonly gatherMs: number
}

interface Manifest {
  /** The folder of the attempt that succeeded. */
  readonly attempt: string
  readonly files: readonly { readonly name: string; readonly bytes: number }[]
}

/** The files of a result set. Questions that differ only in what does not narrow share them. */
type Rows = Pick<ResultSet, 'files' | 'gatherMs'>

class TooLarge extends Error {}

/** Milliseconds between two looks at the size of a running attempt. */
const LOOK_MS = 500
/** An attempt touches its folder with each look. Other servers may remove one that has not done so for this long. */
const ABANDONED_MS = 600_000
const MANIFEST = '.json'

interface Waiting {
  readonly asker: string
  readonly begin: () => void
}

interface Running {
  readonly result: Promise<Rows>
  readonly abort: AbortController
  askers: number
}

export class ResultSets {
  readonly #options: ResultSetOptions
  readonly #connection: Pick<SparkConnection, 'view' | 'write'>
  readonly #running = new Map<string, Running>()
  readonly #waiting: Waiting[] = []
  /** The number of the last gathering that each asker began, while others wait. */
  readonly #turns = new Map<string, number>()
  #begun = 0
  #gathering = 0

  constructor(options: ResultSetOptions, connection: Pick<SparkConnection, 'view' | 'write'>) {
    this.#options = options
    this.#connection = connection
  }

  /**
   * Returns the result set of a question. Askers of the same question share one gathering, which stops when the signals of all of them are
   * aborted.
   *
   * @throws SparkError @throws GeoduckError LIMIT_EXCEEDED, SOURCE_CHANGED
   */
  async get(query: GatherQuery | GroupQuery, snapshot: Snapshot, signal?: AbortSignal, asker = ''): Promise<ResultSet> {
    signal?.throwIfAborted()
    const gathering = statementOf(query, VIEW)
    const { isSorted, notNarrowed } = gathering
    const digest = digestOf(gathering, snapshot)
    const running = this.#running.get(digest) ?? this.#start(digest, query, snapshot, asker)
    running.askers++
    const left = Promise.withResolvers<never>()
    const leave = () => {
      running.askers--
      if (running.askers === 0) running.abort.abort(signal?.reason)
      left.reject(signal?.reason)
    }
    signal?.addEventListener('abort', leave)
    try {
      return { digest, isSorted, notNarrowed, ...(await Promise.race([running.result, left.promise])) }
    } catch (error) {
      throw error instanceof TooLarge ? tooMany(`${this.#options.maxBytes} bytes`, notNarrowed) : error
    } finally {
      signal?.removeEventListener('abort', leave)
    }
  }

  /** Removes result sets that nobody has used for long, and what attempts of servers that ended have left. */
  async sweep(now = Date.now()): Promise<void> {
    const { folder, keepSeconds } = this.#options
    const names = await readdir(folder).catch(() => [])
    const kept = new Set<string>()
    for (const name of names.filter((name) => name.endsWith(MANIFEST))) {
      const file = path.join(folder, name)
      const usedAt = await mtimeOf(file)
      const manifest = await read(file)
      if (manifest && usedAt > now - keepSeconds * 1_000) kept.add(manifest.attempt)
      else await rm(file, { force: true })
    }
    for (const name of names.filter((name) => !name.endsWith(MANIFEST) && !kept.has(name))) {
      // The manifest of an attempt may have been put meanwhile.
      if ((await mtimeOf(path.join(folder, name))) < now - Math.max(ABANDONED_MS, keepSeconds * 1_000))
        await rm(path.join(folder, name), { recursive: true, force: true })
    }
  }

  /** True if the result set is there. */
  async has(query: GatherQuery, snapshot: Snapshot): Promise<boolean> {
    return (await sizeOf(this.#manifestOf(digestOf(statementOf(query, VIEW), snapshot)))) !== null
  }

  /** The next question gathers it again. */
  async forget({ digest }: ResultSet): Promise<void> {
    await rm(this.#manifestOf(digest), { force: true })
  }

  /** Counts what is there, of all servers. */
  async figures(): Promise<{ readonly gatherings: number; readonly resultSets: number; readonly bytes: number }> {
    const { folder } = this.#options
    const names = await readdir(folder).catch(() => [])
    const manifests = await Promise.all(
      names.filter((name) => name.endsWith(MANIFEST)).map((name) => read(path.join(folder, name))),
    )
    const sizes = manifests.flatMap((manifest) => manifest?.files.map(({ bytes }) => bytes) ?? [])
    return {
      gatherings: this.#gathering + this.#waiting.length,
      resultSets: manifests.filter((manifest) => manifest !== null).length,
      bytes: sizes.reduce((sum, bytes) => sum + bytes, 0),
    }
  }

  #start(digest: string, query: GatherQuery | GroupQuery, snapshot: Snapshot, asker: string): Running {
    const abort = new AbortController()
    const end = () => {
      if (this.#running.get(digest) === running) this.#running.delete(digest)
    }
    const result = this.#find(digest)
      .then((found) => found ?? this.#inTurn(asker, () => this.#gather(digest, query, snapshot, abort.signal), abort.signal))
      .finally(end)
    // Its askers may all have left.
    result.catch(() => {})
    const running: Running = { result, abort, askers: 0 }
    this.#running.set(digest, running)
    abort.signal.addEventListener('abort', end)
    return running
  }

  /** A result set whose files are not as its manifest says is removed. */
  async #find(digest: string): Promise<Rows | null> {
    const file = this.#manifestOf(digest)
    const manifest = await read(file)
    if (!manifest) return null
    const files = manifest.files.map(({ name }) => path.join(this.#options.folder, manifest.attempt, ROWS, name))
    const sizes = await Promise.all(files.map((name) => sizeOf(name)))
    if (manifest.files.some(({ bytes }, n) => bytes !== sizes[n])) {
      await rm(file, { force: true })
      return null
    }
    // The times of use.
    const now = new Date()
    for (const used of [file, path.join(this.#options.folder, manifest.attempt)]) await utimes(used, now, now).catch(() => {})
    return { files, gatherMs: 0 }
  }

  /** The next of the askers that wait is the one who has not begun a gathering for longest. */
  async #inTurn<Result>(asker: string, work: () => Promise<Result>, signal: AbortSignal): Promise<Result> {
    if (this.#gathering === this.#options.concurrency) await new Promise<void>((begin) => this.#waiting.push({ asker, begin }))
    else this.#gathering++
    this.#turns.set(asker, ++this.#begun)
    try {
      signal.throwIfAborted()
      return await work()
    } finally {
      const lastOf = ({ asker }: Waiting) => this.#turns.get(asker) ?? 0
      const [next] = this.#waiting.toSorted((a, b) => lastOf(a) - lastOf(b))
      if (next) {
        this.#waiting.splice(this.#waiting.indexOf(next), 1)
        next.begin()
      } else {
        this.#gathering--
        this.#turns.clear()
      }
    }
  }

  async #gather(digest: string, query: GatherQuery | GroupQuery, snapshot: Snapshot, signal: AbortSignal): Promise<Rows> {
    const began = performance.now()
    const attempt = `${digest}-${randomUUID()}`
    const folder = path.join(this.#options.folder, attempt)
    await mkdir(folder, { recursive: true })
    try {
      const { sql, values } = statementOf(query, VIEW + snapshot.digest)
      await this.#connection.view(VIEW + snapshot.digest, snapshot.content)
      const limited = new AbortController()
      const written = this.#connection
        .write({ sql, values, directory: path.join(folder, ROWS) }, AbortSignal.any([signal, limited.signal]))
        .finally(() => limited.abort())
      // Spark must have ended before its files are removed.
      const [watched, ended] = await Promise.allSettled([this.#watch(folder, limited), written])
      for (const part of [watched, ended]) if (part.status === 'rejected') throw part.reason
      // Spark may have read files of two versions.
      if (!(await snapshot.isCurrent()))
        throw new GeoduckError('SOURCE_CHANGED', 'The files of the layer changed while they were read; try again.')
      const files = await parquetIn(path.join(folder, ROWS))
      this.#refuseAbove(files.reduce((sum, { bytes }) => sum + bytes, 0))
      await this.#put(digest, { attempt, files })
    } finally {
      const manifest = await read(this.#manifestOf(digest))
      if (manifest?.attempt !== attempt) await rm(folder, { recursive: true, force: true, maxRetries: 3 })
    }
    const found = await this.#find(digest)
    if (!found) throw new Error('a result set was changed while it was put')
    return { ...found, gatherMs: Math.round(performance.now() - began) }
  }

  /** Stops an attempt that becomes too large. Resolves when it is over. */
  async #watch(folder: string, over: AbortController): Promise<void> {
    while (!over.signal.aborted) {
      await sleep(LOOK_MS, undefined, { signal: over.signal }).catch(() => {})
      const now = new Date()
      await utimes(folder, now, now)
      try {
        this.#refuseAbove(await bytesBelow(folder))
      } catch (error) {
        over.abort(error)
        throw error
      }
    }
  }

  #refuseAbove(bytes: number): void {
    if (bytes > this.#options.maxBytes) throw new TooLarge()
  }

  /** The first one counts. */
  async #put(digest: string, manifest: Manifest): Promise<void> {
    const file = this.#manifestOf(digest)
    const fresh = `${path.join(this.#options.folder, manifest.attempt)}/manifest`
    await writeFile(fresh, JSON.stringify(manifest), { flush: true })
    await link(fresh, file).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error
    })
    await unlink(fresh)
  }

  #manifestOf(digest: string): string {
    return path.join(this.#options.folder, `${digest}${MANIFEST}`)
  }
}

/** @throws Error for groups that Spark does not compute as DuckDB does */
function statementOf(query: GatherQuery | GroupQuery, view: string): Gathering {
  if (!('keys' in query)) return gatheringOf(query, view)
  const grouping = groupingOf(query, view)
  if (!grouping) throw new Error('Spark computes no such groups')
  return grouping
}

export function tooMany(limit: string, notNarrowed: readonly string[]): GeoduckError {
  const missed = notNarrowed.length === 0 ? '' : ` These parts of it do not narrow there: ${notNarrowed.join(', ')}.`
  const message = `The engine of the layer would gather more than ${limit} for this filter; narrow it.${missed}`
  return new GeoduckError('LIMIT_EXCEEDED', message)
}

/** The folder of an attempt that Spark makes and writes to. */
const ROWS = 'rows'
const VIEW = 'rows_'

function digestOf({ sql, values }: Gathering, snapshot: Snapshot): string {
  const texts = values.map((value) => ('binary' in value ? { binary: Buffer.from(value.binary).toString('hex') } : value))
  return createHash('sha256')
    .update(JSON.stringify([snapshot.digest, sql, texts]))
    .digest('hex')
}

async function read(file: string): Promise<Manifest | null> {
  const text = await readFile(file, 'utf8').catch(() => null)
  return text === null ? null : JSON.parse(text)
}

/** Files of Spark have their number first, which is the order of the rows. */
export async function parquetIn(folder: string): Promise<Manifest['files']> {
  const names = (await readdir(folder)).filter((name) => name.startsWith('part-') && name.endsWith('.parquet')).sort()
  return await Promise.all(names.map(async (name) => ({ name, bytes: (await stat(path.join(folder, name))).size })))
}

async function bytesBelow(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
  const sizes = await Promise.all(entries.map((entry) => (entry.isFile() ? sizeOf(path.join(entry.parentPath, entry.name)) : 0)))
  return sizes.reduce((sum: number, bytes) => sum + (bytes ?? 0), 0)
}

async function sizeOf(file: string): Promise<number | null> {
  return await stat(file).then(
    ({ size }) => size,
    () => null,
  )
}

async function mtimeOf(file: string): Promise<number> {
  return await stat(file).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0,
  )
}
