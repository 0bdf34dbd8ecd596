import { DuckDBInstance } from '@duckdb/node-api'
import { expect, test } from 'vitest'
import { Chunks } from '../../../src/engines/duckdb/processes/query/cutter.ts'

const ROWS = 8_192

/** Reports whether the engine was working on the next chunk when the first chunk of `bytes` had been read, and the number of all rows. */
async function readAll(bytes: number): Promise<{ atWork: boolean; rows: number }> {
  const duckdb = await DuckDBInstance.create(':memory:')
  const connection = await duckdb.connect()
  const read = async (use: (chunks: Chunks) => Promise<void>) => use(new Chunks(await connection.stream(`FROM range(${ROWS})`)))
  let rows = 0
  await read(async (chunks) => {
    for (let chunk = await chunks.next(); chunk; chunk = await chunks.next()) {
      rows += chunk.rowCount
      chunks.weigh(bytes)
      chunks.ahead()
    }
  })
  let atWork = false
  await read(async (chunks) => {
    await chunks.next()
    chunks.weigh(bytes)
    chunks.ahead()
    await chunks.settle(() => {
      atWork = true
    })
  })
  connection.closeSync()
  duckdb.closeSync()
  return { atWork, rows }
}

test('the engine makes a chunk ahead of the one that is read, but none ahead of one of more than 16 MB', async () => {
  expect(await readAll(16 * 2 ** 20)).toEqual({ atWork: true, rows: ROWS })
  expect(await readAll(16 * 2 ** 20 + 1)).toEqual({ atWork: false, rows: ROWS })
})
