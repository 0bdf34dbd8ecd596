/** A Shapefile of more than 2 GB is refused before it is written. The rows are views, so that they take no space. */
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { refuseForShapefile } from '../../src/engines/duckdb/processes/export/shapefile-limits.ts'
import type { Staged } from '../../src/engines/duckdb/processes/prepare/stage.ts'
import { SPATIAL_EXTENSION } from '../support/spatial-extension.ts'

let connection: DuckDBConnection
let instance: DuckDBInstance
beforeAll(async () => {
  instance = await DuckDBInstance.create(':memory:')
  connection = await instance.connect()
  await connection.run(`LOAD '${SPATIAL_EXTENSION}'`)
})
afterAll(() => {
  connection.closeSync()
  instance.closeSync()
})

async function staged(sql: string): Promise<Staged> {
  await connection.run(`CREATE OR REPLACE VIEW staged AS ${sql}`)
  const found = await connection.runAndReadAll('SELECT column_name FROM (DESCRIBE staged)')
  const names = found.getRows().map(([name]) => String(name))
  const columns = names.filter((name) => name !== 'shape').map((name) => ({ name, type: '' }))
  const geometryColumn = names.includes('shape') ? 'shape' : null
  const relation = { from: 'staged', columns, geometryColumn, crs: '', problems: [] }
  return { relation, table: 'staged', geometry: geometryColumn && { column: geometryColumn, covering: 'bbox' } }
}

// A row of the DBF is a byte, and 80 bytes of the text.
const MOST_ROWS = Math.floor((2 ** 31 - 1) / 81)
const line = (positions: number) => `ST_MakeLine([ST_Point(i, i) FOR i IN range(${positions})])`

it.each([
  ['texts', `SELECT 'a' AS text FROM range(${MOST_ROWS})`, `SELECT 'a' AS text FROM range(${MOST_ROWS + 1})`],
  [
    'long texts',
    `SELECT repeat('é', 100) AS text FROM range(10_000_000)`,
    `SELECT repeat('é', 100) AS text FROM range(11_000_000)`,
  ],
  ['geometries', `SELECT ${line(10_000)} AS shape FROM range(13_000)`, `SELECT ${line(10_000)} AS shape FROM range(13_500)`],
])(
  '%s below 2 GB are taken, and more are refused with what to do',
  async (_, small, large) => {
    await refuseForShapefile(connection, await staged(small))
    await expect(refuseForShapefile(connection, await staged(large))).rejects.toMatchObject({
      name: 'ExportRefusal',
      code: 'UNSUPPORTED',
      message: expect.stringMatching(/at most 2 GB.*use \.gpkg/),
    })
  },
  60_000,
)
