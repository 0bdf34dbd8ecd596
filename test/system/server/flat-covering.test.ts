/** Boxes of geometry in four separate columns, as properties of a table or from geopandas' `bounds`. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { inEngine } from '../../support/engine.ts'
import { ask, checked } from '../../support/graphql.ts'
import { serve } from '../../support/server.ts'

const folder = await mkdtemp(join(tmpdir(), 'geoduck-test-'))
const store = join(folder, 'store.duckdb')
const file = join(folder, 'flat-file.parquet')
const BOX = [10.5, -20, 40, 30] as const

const squares = (sides: string) => `SELECT id, ${sides}, geom FROM
  (SELECT *, ST_XMin(geom) AS w, ST_YMin(geom) AS s, ST_XMax(geom) AS e, ST_YMax(geom) AS n FROM
    (SELECT i AS id, ST_MakeEnvelope(i % 350 - 175, i % 170 - 85, i % 350 - 174.3, i % 170 - 84.4) AS geom FROM range(5000) r(i)))`
const FLOATS = 'w::FLOAT AS xmin, s::FLOAT AS ymin, e::FLOAT AS xmax, n::FLOAT AS ymax'

/** The ids that the box meets, by the geometry alone. */
const expected = await inEngine(store, async (connection) => {
  await connection.run(`CREATE TABLE floats AS ${squares(FLOATS)}`)
  await connection.run(`CREATE TABLE bounds AS ${squares('w AS minx, s AS miny, e AS maxx, n AS maxy')}`)
  await connection.run(`CREATE TABLE lies AS ${squares('w AS xmin, s AS ymin, if(id = 4711, w, e) AS xmax, n AS ymax')}`)
  await connection.run(`CREATE TABLE words AS ${squares('w::VARCHAR AS xmin, s AS ymin, e AS xmax, n AS ymax')}`)
  await connection.run(`COPY (${squares(FLOATS)}) TO '${file}' (FORMAT parquet)`)
  // All of the second file's boxes are somewhere else.
  const shifted = 'w + 1000 AS xmin, s AS ymin, e + 1000 AS xmax, n AS ymax'
  for (const [part, sides] of ['w AS xmin, s AS ymin, e AS xmax, n AS ymax', shifted].entries()) {
    const rows = `FROM (${squares(sides)}) WHERE id % 2 = ${part}`
    await connection.run(`COPY (${rows}) TO '${join(folder, `lying-${part}.parquet`)}' (FORMAT parquet)`)
  }
  const touched = await connection.runAndReadAll(
    `SELECT list(id ORDER BY id)::VARCHAR[] FROM bounds WHERE ST_Intersects(geom, ST_MakeEnvelope(${BOX}))`,
  )
  await connection.run('CHECKPOINT')
  return touched.getRowsJson()[0]?.[0]
})

const server = await serve([store, file, join(folder, 'lying-*.parquet')])
// Only the check of a layer shows whether its columns hold the boxes.
await checked(server)
afterAll(async () => {
  await server.close()
  await rm(folder, { recursive: true })
})

interface Layers {
  layers: { name: string; pruning: string; columns: { name: string }[] }[]
}

test('four columns that hold the box of every geometry prune as a covering column does, and stay properties', async () => {
  const { data } = await ask<Layers>(server, '{ layers { name pruning columns { name } } }')
  const told = Object.fromEntries(data!.layers.map(({ name, pruning }) => [name, pruning]))
  const none = 'NONE'
  const covering = 'COVERING_COLUMN'
  expect(told).toEqual({ bounds: covering, 'flat-file': covering, floats: covering, lies: none, lying: none, words: none })
  const columns = data!.layers.find(({ name }) => name === 'floats')!.columns.map(({ name }) => name)
  expect(columns).toEqual(['id', 'xmin', 'ymin', 'xmax', 'ymax'])
})

test.each(['floats', 'bounds', 'lies', 'words', 'flat-file', 'lying'])(
  'a box finds in %s what the geometry says',
  async (layer) => {
    const question = `{ features(layer: "${layer}", where: { bbox: [${BOX}] }, first: 5000, orderBy: [{ property: "id" }]) {
    features { id properties(only: ["id"]) } } }`
    const { data } = await ask<{ features: { features: { properties: { id: string } }[] } }>(server, question)
    expect(data!.features.features.map(({ properties }) => properties.id)).toEqual(expected)
  },
)
