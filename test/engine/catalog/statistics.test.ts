/** The engine skips row groups by the statistics that a layer declares. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { expect, test } from 'vitest'
import { fixture } from '../../fixtures/index.ts'
import { SPATIAL_EXTENSION } from '../../support/spatial-extension.ts'
import { layerOf, testCatalog } from './support.ts'

const VERSIONS = ['V1', 'V2', 'NONE', 'BOTH']

test('a file of DuckDB’s has row-group statistics where a box leaves the other row groups unread, and only there', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'geoduck-test-'))
  const files = await Promise.all(VERSIONS.map((version) => fixture(`databases/duckdb-${version}.parquet`)))
  const catalog = await testCatalog(...files)
  const duckdb = await DuckDBInstance.create(':memory:')
  const connection = await duckdb.connect()
  try {
    await connection.run(`LOAD '${SPATIAL_EXTENSION}'`)
    const rows = async (sql: string) => (await connection.runAndReadAll(sql)).getRows()
    for (const [index, version] of VERSIONS.entries()) {
      const file = files[index]!
      const groups = await rows(
        `SELECT coalesce(dictionary_page_offset, data_page_offset), total_compressed_size FROM parquet_metadata('${file}')
          WHERE path_in_schema = 'geom' AND row_group_id NOT IN (1, 2)`,
      )
      const bytes = await readFile(file)
      for (const [offset, size] of groups) bytes.fill(0xff, Number(offset), Number(offset) + Number(size))
      const spoilt = join(folder, `${version}.parquet`)
      await writeFile(spoilt, bytes)
      // Each row group has a different range of x with width one: only those at 1 and 2 are complete.
      const count = (of: string) => rows(`SELECT count(*) FROM '${of}' WHERE geom && ST_MakeEnvelope(1.5, 0, 2.5, 9)`)
      const isPruned = await count(spoilt).then(
        () => true,
        () => false,
      )
      expect(Number((await count(file))[0]?.[0])).toBeGreaterThan(0)
      expect([version, isPruned]).toEqual([
        version,
        layerOf(catalog, `duckdb-${version}`).pruning.kind === 'ROW_GROUP_STATISTICS',
      ])
    }
  } finally {
    connection.closeSync()
    duckdb.closeSync()
    await catalog.close()
    await rm(folder, { recursive: true })
  }
})
