/**
 * The program of the preparer's process. It answers the server's messages. What it reads may end this process, and no other
 * one.
 */
import { rm, stat } from 'node:fs/promises'
import path from 'node:path'
import type { DuckDBConnection } from '@duckdb/node-api'
import type { Prepared, PrepareRequest, PreparerOptions, ToPreparer } from '../../host/preparation.ts'
import { answerWith } from '../answer.ts'
import { failureOf } from '../inspect/reason.ts'
import { snapshotOf } from '../read/geopackage-snapshot.ts'
import { digestOf } from './digest.ts'
import { openEngine, UNFINISHED } from './engine.ts'
import { relationOf } from './file-relation.ts'
import { readingNotes } from './progress.ts'
import { clearStage, stage } from './stage.ts'
import { writeGeoParquet } from './write-geoparquet.ts'

let options: PreparerOptions | null = null
let connection: DuckDBConnection | null = null
/** The last snapshot of a GeoPackage, of which all tables are read. */
let snapshot: { readonly source: string; readonly content: string; readonly file: string } | null = null
/** The leftover files of one source cannot be removed before the next one. */
let isSpent = false

answerWith(
  async (message: ToPreparer): Promise<unknown> => {
    if (message.type === 'OPEN') {
      options = message.options
      return
    }
    if (!options) throw new Error('the preparer has not been opened')
    // A digest needs no engine, so a source with a copy does not start one.
    if (message.type === 'PREPARE') return prepare(message.request, options)
    const [file = ''] = message.files
    return message.format === 'GeoPackage' ? (await takeSnapshot(file, options)).content : digestOf(message.files)
  },
  (error) => {
    const answer = failureOf(error)
    return { ...answer, isOver: answer.isOver || isSpent }
  },
)

async function takeSnapshot(source: string, { folder }: PreparerOptions): Promise<NonNullable<typeof snapshot>> {
  snapshot = null
  const file = await snapshotOf(source, path.join(folder, 'snapshot'))
  snapshot = { source, content: await digestOf([file]), file }
  return snapshot
}

/** The file to read: a snapshot, if another process may write to the file meanwhile. */
async function fileOf({ file, format, content }: PrepareRequest, given: PreparerOptions): Promise<string> {
  if (format !== 'GeoPackage') return file
  const isKnown = snapshot?.source === file && snapshot.content === content
  const found = isKnown ? snapshot! : await takeSnapshot(file, given)
  if (found.content !== content) throw new Error('it changed before it was read')
  return found.file
}

async function prepare(request: PrepareRequest, given: PreparerOptions): Promise<Prepared> {
  connection ??= await openEngine(given)
  const using = connection
  const file = path.join(given.folder, UNFINISHED)
  // A copy that was not taken.
  await rm(file, { force: true })
  try {
    const staged = await readingNotes(using, async (onProgress) => {
      const source = { ...request, file: await fileOf(request, given) }
      const relation = await relationOf(using, source, given.folder, onProgress)
      return await stage(using, relation)
    })
    const rows = await writeGeoParquet(using, staged, file)
    const { size } = await stat(file)
    await clearStage(using)
    return { file, rows, bytes: size }
  } catch (error) {
    // Free disk space for the next source.
    await Promise.all([clearStage(using), rm(file, { force: true })]).catch(() => {
      isSpent = true
    })
    throw error
  }
}
