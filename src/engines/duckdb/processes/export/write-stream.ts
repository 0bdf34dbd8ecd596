/** Writes a file in a format that streams, with the encoders of downloads. */
import { createWriteStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import path from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { DuckDBConnection } from '@duckdb/node-api'
import { createEncoder } from '../../../../encode/encode.ts'
import { FILE_FRAMES } from '../../../../encode/file-frame.ts'
import type { StreamFormat } from '../../../../model/file-format.ts'
import type { ExportedFile, ExportJob } from '../../host/export-messages.ts'
import { emptyBatch } from '../query/arrow-export.ts'
import type { ColumnReader } from '../query/column-reader.ts'
import { bindParameters } from '../query/execution.ts'

type Job = ExportJob & { readonly format: StreamFormat }

/** @throws Error of the engine, and EncodingError */
export async function writeStream(connection: DuckDBConnection, columns: ColumnReader, job: Job): Promise<ExportedFile> {
  const file = path.join(job.folder, `export.${job.format}`)
  let rows = 0
  const counted = (count: number) => {
    rows += count
  }
  await pipeline(Readable.from(pieces(connection, columns, job, counted)), createWriteStream(file))
  return { file, rows, bytes: (await stat(file)).size }
}

async function* pieces(
  connection: DuckDBConnection,
  columns: ColumnReader,
  { statement, layout, output, format }: Job,
  counted: (rows: number) => void,
): AsyncGenerator<Buffer, void, void> {
  const frame = FILE_FRAMES[format]
  const encode = createEncoder(layout, output)
  const prepared = await connection.prepare(statement.sql)
  bindParameters(prepared, statement.parameters)
  const result = await prepared.stream()
  const reader = columns.open(connection)
  let isFirst = true
  const document = (count: number, bytes: Uint8Array) => {
    const parts = frame.batch(count, bytes, isFirst).map((part) => Buffer.from(part))
    isFirst = false
    return Buffer.concat(parts)
  }
  try {
    for (let isLast = false; !isLast; ) {
      const chunk = await result.fetchChunk()
      if (!chunk || chunk.rowCount === 0) throw new Error('the engine ended before the last row')
      isLast = chunk.getColumnVector(layout.columns.length).getItem(chunk.rowCount - 1) === true
      const count = isLast ? chunk.rowCount - 1 : chunk.rowCount
      const { batch, release } = reader.read(chunk, layout.columns)
      if (count > 0) yield document(count, encode(batch, 0, count))
      release()
      counted(count)
    }
    if (isFirst) yield document(0, encode(emptyBatch(layout.columns), 0, 0))
    yield Buffer.from(frame.end)
  } finally {
    reader.close()
  }
}
