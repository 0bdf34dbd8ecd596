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
import { digestOf } from './digest.ts'
import { openEngine, UNFINISHED } from './engine.ts'
import { expectedRows } from './expected-rows.ts'
import { relationOf } from './file-relation.ts'
import { reporting } from './progress.ts'
import { clearStage, stage } from './stage.ts'
import { writeGeoParquet } from './write-geoparquet.ts'

let options: PreparerOptions | null = null
let connection: DuckDBConnection | null = null
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
    return message.type === 'DIGEST' ? digestOf(message.files) : prepare(message.request, options)
  },
  (error) => {
    const answer = failureOf(error)
    return { ...answer, isOver: answer.isOver || isSpent }
  },
)

async function prepare(request: PrepareRequest, given: PreparerOptions): Promise<Prepared> {
  connection ??= await openEngine(given)
  const using = connection
  const file = path.join(given.folder, UNFINISHED)
  // A copy that was not taken.
  await rm(file, { force: true })
  try {
    const staged = await reporting(using, 'READING', async () => {
      const expected = await expectedRows(request)
      return await stage(using, await relationOf(using, request), expected)
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
