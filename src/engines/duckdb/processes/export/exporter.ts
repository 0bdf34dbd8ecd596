/**
 * The program that writes one file of a layer's features. It runs the statement of a checked query, as a worker does, keeps the rows in a
 * database on disk, and writes them from there. Everything is in the folder of the export.
 */
import { stat } from 'node:fs/promises'
import path from 'node:path'
import { isStreamed } from '../../../../model/file-format.ts'
import { identifier, literal } from '../../dialect/quote.ts'
import type { ExportAnswer, ExportJob, ExportNote } from '../../host/export-messages.ts'
import { crsFiles } from '../../host/files.ts'
import { answerWith, withNotes } from '../answer.ts'
import { STAGING } from '../prepare/engine.ts'
import { shapeOf } from '../prepare/stage.ts'
import { writeGeoParquet } from '../prepare/write-geoparquet.ts'
import { classify } from '../query/failures.ts'
import { openInstance } from '../query/instance.ts'
import { ExportRefusal } from './refusal.ts'
import { stageRows } from './stage-rows.ts'
import { filesOf, writeByGdal } from './write-by-gdal.ts'
import { writePmtiles } from './write-pmtiles.ts'
import { writeStream } from './write-stream.ts'

// The failure is the kind of the engine's message.
answerWith(
  exported,
  (error) => {
    const cause = error instanceof Error ? error.message : String(error)
    return { failure: /No space left|ENOSPC|disk full/i.test(cause) ? 'DISK_FULL' : classify(cause).kind, cause }
  },
  ({ options }) => options.gateway !== undefined,
)

async function exported(job: ExportJob): Promise<ExportAnswer> {
  try {
    return await write(job)
  } catch (error) {
    if (error instanceof ExportRefusal) return { refused: error.message, code: error.code }
    throw error
  }
}

async function write(job: ExportJob): Promise<ExportAnswer> {
  const { folder, format, options } = job
  const staging = path.join(folder, 'staging.duckdb')
  const stagings = ['', '.wal', '.wal.checkpoint', '.wal.recovery'].map((ending) => `${staging}${ending}`)
  const parquet = path.join(folder, 'export.parquet')
  const allowedPaths = [...options.allowedPaths, ...stagings, parquet, ...filesOf(folder), ...crsFiles(folder)]
  const instance = await openInstance({ ...options, allowedPaths })
  const connection = await instance.duckdb.connect()
  if (job.live) await instance.showLive(connection, job.live)
  if (isStreamed(format))
    return await withNotes(
      { phase: 'write' },
      () => null,
      () => writeStream(connection, instance.columnReader, { ...job, format }),
    )
  await connection.run(`ATTACH ${literal(staging)} AS ${identifier(STAGING)}`)
  if (format === 'pmtiles') return await writePmtiles(connection, instance.columnReader, job)
  const during = <Result>(phase: ExportNote['phase'], work: () => Promise<Result>) => withNotes({ phase }, () => null, work)
  const staged = await during('read', () => stageRows(connection, job, format))
  return await during('write', async () => {
    if (format === 'parquet') {
      const rows = await writeGeoParquet(connection, staged, parquet, {
        compression: 'zstd',
        inOrder: job.isSorted,
        listsProblems: false,
      })
      return { file: parquet, rows, bytes: (await stat(parquet)).size }
    }
    const shape = await shapeOf(connection, staged)
    const file = await writeByGdal(connection, staged, shape, { ...job, format })
    return { file, rows: shape.rows, bytes: (await stat(file)).size }
  })
}
