/** The inside of the preparer's process: the functions that the server calls by name. It may die of what it reads; nothing else does. */
import { rm, stat } from 'node:fs/promises'
import path from 'node:path'
import type { DuckDBConnection } from '@duckdb/node-api'
import type { Prepared, PrepareRequest, PreparerOptions } from '../../host/preparation.ts'
import type { Answer } from '../../host/reading-process.ts'
import { failureOf } from '../inspect/reason.ts'
import { tieToServer } from '../query/lifetime.ts'
import { refuseSockets } from '../query/no-network.ts'
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

/** Called once, before anything else. */
export async function open(given: PreparerOptions): Promise<void> {
  tieToServer(path.join(given.folder, 'spill'))
  refuseSockets()
  options = given
}

/** Needs no engine: a source whose copy is there starts none. */
export function digest(files: readonly string[]): Promise<Answer<string>> {
  return answer(() => digestOf(files))
}

export function prepare(request: PrepareRequest): Promise<Answer<Prepared>> {
  return answer(async (given) => {
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
  })
}

async function answer<Value>(ask: (given: PreparerOptions) => Promise<Value>): Promise<Answer<Value>> {
  if (!options) throw new Error('the preparer has not been opened')
  try {
    return { value: await ask(options) }
  } catch (error) {
    const { failure, isOver } = failureOf(error)
    return { failure, isOver: isOver || isSpent }
  }
}
