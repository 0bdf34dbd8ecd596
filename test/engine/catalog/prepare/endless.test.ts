/** A file that is read without end does not hold up the others. */
import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, expect, test } from 'vitest'
import { type Catalog, openCatalog } from '../../../../src/catalog/catalog.ts'
import { fixture } from '../../../fixtures/index.ts'
import { SPATIAL_EXTENSION } from '../../../support/spatial-extension.ts'
import { layerOf, problemOf } from '../support.ts'

const root = await mkdtemp(join(tmpdir(), 'geoduck-damaged-'))
afterAll(() => rm(root, { recursive: true, force: true }))
const whole = await fixture('hostile-formats')
const log = { info() {}, warn() {} }

/** Its view has no end: a count of its rows never returns. */
function endless(file: string): void {
  const database = new DatabaseSync(file)
  database.exec('PRAGMA foreign_keys = OFF')
  database.exec(
    `CREATE VIEW endless AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i AS fid, x'00' AS geom FROM n`,
  )
  database.exec(`UPDATE gpkg_contents SET table_name = 'endless', identifier = 'endless'`)
  database.exec(`UPDATE gpkg_geometry_columns SET table_name = 'endless'`)
  database.close()
}

test('intact files are served while another file blocks its process', async () => {
  const folder = join(root, 'endless')
  await mkdir(folder)
  await cp(join(whole, 'whole.gpkg'), join(folder, 'endless.gpkg'))
  endless(join(folder, 'endless.gpkg'))
  for (let n = 0; n < 5; n++) await cp(join(whole, 'whole.geojson'), join(folder, `good${n}.geojson`))
  const catalog: Catalog = await openCatalog({ sources: [folder], spatialExtension: SPATIAL_EXTENSION, log })
  try {
    const ready = () => catalog.layers().filter(({ name, state }) => name.startsWith('good') && state === 'READY').length
    await expect.poll(ready, { interval: 100 }).toBe(5)
    expect(layerOf(catalog, 'endless').state).toBe('PREPARING')
    expect(problemOf(catalog, 'endless.gpkg')).toBeUndefined()
  } finally {
    await catalog.close()
  }
})
