/**
 * `geoduck import`: writes a new version of a store beside it, lets another process verify it, and renames it over the store. Until the rename, the
 * store is unchanged. A process that has the store open continues with the old version until it opens the store again.
 */

import { realpath, stat } from 'node:fs/promises'
import path from 'node:path'
import { fileKind, UNKNOWN_FORMAT } from '../../catalog/file-kind.ts'
import { ProcessLock } from '../../catalog/process-lock.ts'
import { isUnchanged, statOf } from '../../catalog/sources/file-source.ts'
import { ChildProcess, NoAnswer } from '../../engines/duckdb/host/child-process.ts'
import { withoutWildcards } from '../../engines/duckdb/host/files.ts'
import { filesOfFormat, type InputFormat } from '../../engines/duckdb/host/format.ts'
import type {
  ImportMode,
  InputFile,
  Progress,
  ToImporter,
  VerifiedLayer,
  Written,
} from '../../engines/duckdb/host/import-messages.ts'
import { GDAL_ENVIRONMENT } from '../../engines/duckdb/host/worker-environment.ts'
import { remoteReason, shownPath } from '../../model/remote-source.ts'
import { ImportError } from './import-error.ts'
import { estimateDiskUse, exists, identityOf, lockPath, StoreCopy } from './store-copy.ts'

export interface ImportRequest {
  readonly inputs: readonly string[]
  /** A DuckDB database, which is created if it does not exist. */
  readonly store: string
  readonly layer: string
  readonly mode: ImportMode
  readonly rtree: boolean
  /** The column to make the key. Null: the key that the table has. */
  readonly key: string | null
  /** Columns to make sorted copies by. */
  readonly index: readonly string[]
  /** True for a small table instead of a fast one. */
  readonly compress: boolean
  readonly skipUnsafe: boolean
  readonly spatialExtension: string
  readonly memoryLimitBytes: number
  readonly threads: number
}

export interface ImportOptions {
  readonly onProgress: (progress: Progress) => void
  /** Aborting it undoes everything. */
  readonly signal: AbortSignal
  /** Prints bytes as text. */
  readonly formatSize: (bytes: number) => string
}

export interface ImportSummary extends Written, VerifiedLayer {
  readonly bytes: number
}

/** @throws ImportError */
export async function importFiles(request: ImportRequest, options: ImportOptions): Promise<ImportSummary> {
  const inputs = await Promise.all(request.inputs.map(existing))
  const store = await storePath(request.store)
  if (inputs.includes(store)) throw new ImportError('A store cannot be imported into itself.')
  const lock = await ProcessLock.take(lockPath(store)).catch((error: unknown) => {
    throw unwritable(error, store)
  })
  if (!(lock instanceof ProcessLock))
    throw new ImportError(`Process ${lock.pid} imports into ${store} already: wait for its end, or end it.`)
  const draft = new StoreCopy(store)
  try {
    await draft.remove()
    await finish(lock, store)
    return await replace({ ...request, inputs, store }, { ...options, lock, draft })
  } catch (error) {
    throw unwritable(error, store)
  } finally {
    await draft.remove()
    await lock.release()
  }
}

/** Describes errors of the file system with what to do. Other errors stay unchanged. */
function unwritable(error: unknown, store: string): unknown {
  const { code } = error as NodeJS.ErrnoException
  const folder = path.dirname(store)
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new ImportError(`The disk of ${folder} is full: free some space. The store is unchanged.`, { cause: error })
  if (code === 'EROFS' || code === 'EACCES' || code === 'EPERM')
    return new ImportError(`${folder} cannot be written to (${code}): a store takes a folder that this user may write to.`, {
      cause: error,
    })
  return error
}

type Held = ImportOptions & { readonly lock: ProcessLock; readonly draft: StoreCopy }

async function replace(request: ImportRequest, { onProgress, signal, formatSize, lock, draft }: Held): Promise<ImportSummary> {
  const { store, inputs, layer, mode } = request
  const { needed, free } = await estimateDiskUse(store, inputs, { rewritten: mode !== 'CREATE', copies: request.index.length })
  if (needed > free) {
    throw new ImportError(
      `${path.dirname(store)} has ${formatSize(free)} free, and this import may need ${formatSize(needed)}: make room first.`,
    )
  }
  const before = await statOf([store, `${store}.wal`])
  // The writer holds the store open until everything is done.
  const children: ChildProcess<ToImporter>[] = []
  const ask = <Value>(message: ToImporter): Promise<Value> => {
    const { threads, tempDirectory } = message.job.options
    children.push(new ChildProcess({ program: 'import/importer', threads, environment: GDAL_ENVIRONMENT, tempDirectory }))
    return answerOf(children.at(-1)!.ask<Value>(message, Number.POSITIVE_INFINITY, onProgress))
  }
  const stop = () => Promise.all(children.map((child) => child.end()))
  signal.addEventListener('abort', stop)
  try {
    onProgress({ phase: 'copy', share: null })
    await draft.copy()
    const hasLog = await exists(`${store}.wal`)
    const held = !hasLog && (await exists(store)) ? store : null
    const files = await Promise.all(inputs.map(async (file) => ({ file, format: await formatOf(file) })))
    const options = engine(request, draft, (await Promise.all(files.map(filesOf))).flat())
    const paths = { draft: draft.file, staging: draft.staging, held }
    const written = await ask<Written>({ type: 'WRITE', job: { ...request, ...paths, options, inputs: files, hasLog } })
    if (await exists(`${draft.file}.wal`)) throw new ImportError('The copy was not checkpointed: the store is unchanged.')
    const verified = await ask<VerifiedLayer>({ type: 'VERIFY', job: { options, draft: draft.file, layer, written } })
    const { size } = await stat(draft.file)
    signal.throwIfAborted()
    if (!(await isUnchanged(before))) {
      throw new ImportError(`${store} was written to by another process meanwhile, and is as that left it: import again.`)
    }
    if (!(await lock.announce(await draft.identity())))
      throw new ImportError('Another process has taken over the import of this store: nothing was changed.')
    await draft.publish()
    return { ...written, ...verified, bytes: size }
  } catch (error) {
    throw signal.aborted ? new ImportError('Stopped: the store is unchanged.') : error
  } finally {
    signal.removeEventListener('abort', stop)
    await stop()
  }
}

const DIED = 'a file may be corrupt or made to do so, or memory was short. The store is unchanged.'

/** Runs a process that its input may end. The store is not affected. @throws ImportError */
async function answerOf<Value>(answer: Promise<Value>): Promise<Value> {
  try {
    return await answer
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error
    if (error.why === 'FAILED') throw new ImportError(error.message)
    throw new ImportError(`The process that reads and writes ended (${error.ending}): ${error.message || DIED}`)
  }
}

/** Finishes an import that was killed after the rename, while the log of the old version was still there. */
async function finish(lock: ProcessLock, store: string): Promise<void> {
  if (lock.left === null || !(await exists(store)) || (await identityOf(store)) !== lock.left) return
  const draft = new StoreCopy(store)
  await draft.finish()
}

/** Returns all files of a store. */
async function filesOf({ file, format }: InputFile): Promise<readonly string[]> {
  if (format === 'GeoParquet') return [file, withoutWildcards(file)]
  return format === 'DuckDB' ? [file, `${file}.wal`] : await filesOfFormat(file, format)
}

function engine(
  { store, spatialExtension, memoryLimitBytes, threads }: ImportRequest,
  draft: StoreCopy,
  files: readonly string[],
) {
  const allowedPaths = [...draft.paths, store, `${store}.wal`, ...files]
  return { spatialExtension, memoryLimitBytes, threads, tempDirectory: draft.spill, allowedPaths }
}

async function existing(file: string): Promise<string> {
  const remote = remoteReason(file)
  if (remote !== null) throw new ImportError(`${shownPath(file)}: ${remote}.`)
  const found = await stat(file).catch(() => null)
  if (!found) throw new ImportError(`There is no file ${file}.`)
  if (!found.isFile())
    throw new ImportError(`${file} is not a file: name each file, or let the shell do it (${path.join(file, '*')}).`)
  return await realpath(file)
}

/** Follows links, because the new version is written in the store's real folder. */
async function storePath(store: string): Promise<string> {
  if (remoteReason(store) !== null) throw new ImportError(`--into ${shownPath(store)} is no file of this machine: name one.`)
  const found = await stat(store).catch(() => null)
  if (found && !found.isFile()) throw new ImportError(`--into ${store} is not a file: name the store's file.`)
  if (found) return await realpath(store)
  const folder = await realpath(path.dirname(path.resolve(store))).catch(() => null)
  if (folder === null) throw new ImportError(`There is no folder ${path.dirname(store)} for the store: make it first.`)
  return path.join(folder, path.basename(store))
}

/** @throws ImportError */
async function formatOf(file: string): Promise<InputFormat> {
  const found = await fileKind(file)
  if (found.kind === 'source') return found.format === 'Parquet' ? 'GeoParquet' : found.format
  throw new ImportError(`${path.basename(file)}: ${found.kind === 'unsupported' ? found.reason : UNKNOWN_FORMAT}.`)
}
