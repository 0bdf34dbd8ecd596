import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { compileFeatures } from '../../../src/engines/duckdb/dialect/compile.ts'
import { explain } from '../../../src/engines/duckdb/dialect/explain.ts'
import type { Layer } from '../../../src/model/layer.ts'
import { type Asked, queryOf } from '../../support/filter.ts'
import { Engine } from '../../support/plan/engine.ts'
import { squaresLayer } from '../../support/pool.ts'

const FILE = "/srv/it's a secret/squares.parquet"
const squares = squaresLayer(FILE)
let engine: Engine
let table: Layer

beforeAll(async () => {
  engine = await Engine.open(1)
  await engine.sql('CREATE TABLE "the ""table" AS SELECT range AS n, ST_Point(range, range) AS geom FROM range(50)')
  table = await engine.table('the "table')
})
afterAll(() => engine.close())

const asked = (more: Asked, layer = squares) => explain(queryOf(layer, { properties: [], ...more }))

describe('an explanation', () => {
  it('has the statement that runs, with the layer’s name for its source', () => {
    const query = queryOf(squares, { where: { bbox: [0, 0, 1, 1] }, properties: ['name'] })
    const { sql } = compileFeatures(query).statement
    expect(sql).toContain("it''s a secret")
    const from = /read_parquet\(.*?\) AS t/
    expect(explain(query).sql).toBe(sql.replace(from, '"squares" AS t'))
  })

  it('with its layer’s name still runs', async () => {
    const { sql, values } = asked({}, { ...table, name: 'the "table' })
    expect(values).toBe(0)
    expect(await engine.sql(sql)).toHaveLength(51)
  })

  it('holds neither path nor value, however the question is asked', () => {
    const secrets = { name: 'name', eq: 'SECRET', in: ['SECRET', 'SECRET2'], gte: 'SECRET' }
    const where = { and: [{ property: secrets }, { intersects: { wkt: 'POINT(12.345 67.89)' } }] }
    const told = asked({ where, key: '4711', after: { keys: ['SECRET', '4712'] }, orderBy: [{ property: 'name' }], limit: 4713 })
    expect(JSON.stringify(told)).not.toMatch(/SECRET|secret|4711|4712|4713|12\.345|67\.89/)
    expect(told.values).toBeGreaterThan(7)
  })

  it.each<[string, Asked, readonly string[]]>([
    ['nothing of a count', { outputs: [] }, []],
    ['the geometry', { outputs: [{ kind: 'features', fields: [{ key: 'b', field: 'bbox' }] }] }, ['geometry']],
    ['the key’s column', { outputs: [{ kind: 'features', fields: [{ key: 'id', field: 'key' }] }] }, ['id']],
    [
      'keys of the order, once',
      { outputs: [], properties: ['name'], orderBy: [{ property: 'score' }, { property: 'name' }] },
      ['score', 'name'],
    ],
  ])('has the columns that are read: %s', (_what, more, reads) => {
    expect(asked(more).reads).toEqual(reads)
  })

  it('has the method by which this filter skips rows', () => {
    const bbox = [0, 0, 1, 1]
    expect(asked({}).pruning).toBe('NONE')
    expect(asked({ where: { property: { name: 'score', eq: 1 } } }).pruning).toBe('NONE')
    expect(asked({ where: { bbox } }).pruning).toBe('COVERING_COLUMN')
    expect(asked({ where: { not: { bbox } } }).pruning).toBe('NONE')
    expect(asked({ where: { or: [{ bbox }, { property: { name: 'score', eq: 1 } }] } }).pruning).toBe('NONE')
    expect(asked({ where: { bbox } }, { ...squares, pruning: { kind: 'RTREE' } as Layer['pruning'] }).pruning).toBe(
      'ROW_GROUP_STATISTICS',
    )
  })

  it('says whether everything is sorted before the first feature is sent', () => {
    expect(asked({}).sorted).toBe(false)
    expect(asked({ orderBy: [{ property: 'name' }] }).sorted).toBe(true)
  })
})
