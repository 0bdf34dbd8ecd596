/** The inside of the preparer's process: what the server asks it. It may die of what it reads; nothing else does. */
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
/** What one source has left cannot be cleared away for the next. */
let isSpent = false

answerWith(
  async (message: ToPreparer): Promise<unknown> => {
    if (message.type === 'OPEN') {
      options = message.options
      return
    }
    if (!options) throw new Error('the preparer has not been opened')
    // A digest needs no engine: a source whose copy is there starts none.
    return message.type === 'DIGEST' ? digestOf(message.files) : prepare(message.request, options)
  },
  (error) => {
    const { failure, isOver } = failureOf(error)
    return { failure, isOver: isOver || isSpent }
  },
)

async function prepare(request: PrepareRequest, given: PreparerOptions): Promise<Prepared> {
  connection ??= await openEngine(given)
  const using = connection
  const file = path.join(given.folder, UNFINISHED)
  // One that nobody took.
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
    // Room for the next one.
    await Promise.all([clearStage(using), rm(file, { force: true })]).catch(() => {
      isSpent = true
    })
    throw error
  }
}
