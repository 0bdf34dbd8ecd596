/** A small box over a table with an RTREE: the index finds its rows, and only the plan differs from a scan. */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { countOf } from '../../../src/ask/groups/read-groups.ts'
import { compileFeatures, heldOf } from '../../../src/engines/duckdb/dialect/compile.ts'
import { compileRows } from '../../../src/engines/duckdb/dialect/compile-rows.ts'
import { explain } from '../../../src/engines/duckdb/dialect/explain.ts'
import { Parameters } from '../../../src/engines/duckdb/dialect/quote.ts'
import type { FeatureFilter, FeatureOrder } from '../../../src/graphql/generated.ts'
import type { CheckReport, Layer } from '../../../src/model/layer.ts'
import type { FeatureQuery } from '../../../src/model/query.ts'
import { queryOf } from '../../support/filter.ts'
import { Engine, positionOf, type Row } from '../../support/plan/engine.ts'
import { Random } from '../../support/random.ts'

const ROWS = 30_000
const folder = mkdtempSync(join(tmpdir(), 'geoduck-index-'))
const random = new Random()
const valid: CheckReport = { nullGeometries: 0, emptyGeometries: 0, withZ: 0, withM: 0, invalid: 0, firstInvalid: [] }

let engine: Engine
let indexed: Layer
let scanned: Layer

/** Points, lines and squares in no order, some of them none or empty, over 36 by 18 degrees. */
const SHAPES = `SELECT i AS n, i % 50 AS week, CASE i % 40 WHEN 7 THEN NULL WHEN 8 THEN ST_GeomFromText('POLYGON EMPTY') ELSE
    CASE i % 3 WHEN 0 THEN ST_Point(x, y) WHEN 1 THEN ST_MakeEnvelope(x, y, x + 0.03, y + 0.02)
      ELSE ST_MakeLine(ST_Point(x, y), ST_Point(x + 0.05, y - 0.04)) END END AS geom
  FROM (SELECT i, (hash(i) % 360001) / 10000.0 AS x, (hash(i + 1000000) % 180001) / 10000.0 AS y FROM range(${ROWS}) r(i))`

beforeAll(async () => {
  const store = join(folder, 'store.duckdb')
  const writer = await Engine.open(2)
  await writer.sql(`ATTACH '${store}' AS store (STORAGE_VERSION 'v1.5.0', ROW_GROUP_SIZE 2048)`)
  await writer.sql(`CREATE TABLE store.things AS ${SHAPES}`)
  await writer.sql('DELETE FROM store.things WHERE n % 1000 = 3')
  await writer.sql('USE store')
  await writer.sql('CREATE INDEX over_geom ON things USING RTREE (geom)')
  await writer.sql('CHECKPOINT store')
  await writer.sql('USE memory')
  await writer.sql('DETACH store')
  writer.close()
  engine = await Engine.open(2)
  await engine.sql(`ATTACH '${store}' AS store (READ_ONLY)`)
  const relation = { kind: 'table', database: 'store', schema: 'main', table: 'things' } as const
  scanned = await engine.layer(relation, { extent: [0, -0.04, 36.05, 18.02], featureCount: ROWS, check: valid })
  indexed = { ...scanned, pruning: { kind: 'RTREE' } }
})
afterAll(() => {
  engine.close()
  rmSync(folder, { recursive: true })
})

const usesIndex = async (query: FeatureQuery) => /RTREE_INDEX_SCAN/.test(await engine.explain(compileFeatures(query)))

function filters(): FeatureFilter[] {
  const place = () => [random.next() * 36, random.next() * 18] as const
  const boxes = random.list(8, (): FeatureFilter => {
    const [x, y] = place()
    return { bbox: [x, y, x + random.next() * 2, y + random.next()] }
  })
  const [x, y] = place()
  return [
    ...boxes,
    { dWithin: { geometry: { wkt: `POINT(${x} ${y})` }, distance: 20_000 } },
    { within: { wkt: `POLYGON((${x} ${y}, ${x + 1} ${y}, ${x} ${y + 1}, ${x} ${y}))` } },
    { and: [{ property: { name: 'week', lt: '25' } }, boxes[0]!] },
  ]
}

describe('a small box over a table with an RTREE', () => {
  it.each<[string, readonly FeatureOrder[]]>([
    ['in the natural order', []],
    ['sorted', [{ property: 'week', direction: 'DESC' }]],
  ])('has the features of a scan, %s, complete and resumed after every feature', async (_, orderBy) => {
    for (const where of filters()) {
      const query = { where, orderBy, properties: ['n'] }
      const [scan, index] = [scanned, indexed].map((layer) => queryOf(layer, query)) as [FeatureQuery, FeatureQuery]
      expect(await usesIndex(index), JSON.stringify(where)).toBe(true)
      // The engine does not promise the order of a join.
      expect(compileFeatures(index).statement.sql).toMatch(/ ORDER BY (.*, )?t\.rowid\b/)
      const rows = await engine.rows(compileFeatures(scan))
      expect(await engine.rows(compileFeatures(index)), JSON.stringify(where)).toEqual(rows)
      expect(await engine.rows(compileRows(countOf(index)))).toEqual([[BigInt(rows.length), false]])
      for (const at of random.list(rows.length === 0 ? 0 : 2, () => random.integer(rows.length))) {
        const after = positionOf(compileFeatures(scan), rows[at] as Row)
        expect(await engine.rows(compileFeatures({ ...index, after, limit: 20 }))).toEqual(rows.slice(at + 1, at + 21))
      }
    }
  })

  it('of one point alone finds what lies there', async () => {
    const [[x, y, n] = []] = await engine.sql(
      'SELECT ST_X(geom), ST_Y(geom), n FROM store.things WHERE n % 3 = 0 AND NOT ST_IsEmpty(geom) LIMIT 1',
    )
    const query = queryOf(indexed, { where: { intersects: { wkt: `POINT(${x} ${y})` } }, properties: ['n'] })
    expect(await usesIndex(query)).toBe(true)
    const plan = compileFeatures(query)
    const found = (await engine.rows(plan)).map((row) => row[plan.layout.properties[0]!])
    expect(found).toContain(n)
  })

  it('is shown by its plan; a large box, one of two boxes, or a box over faulty geometry uses row groups', async () => {
    const small: FeatureFilter = { bbox: [10, 10, 10.5, 10.5] }
    const pruning = (where: FeatureFilter, layer = indexed) => explain(queryOf(layer, { where })).pruning
    expect(pruning(small)).toBe('RTREE')
    for (const where of [
      { bbox: [0, 0, 30, 15] },
      { or: [small, { bbox: [20, 10, 20.5, 10.5] }] },
      { bbox: [20, 10, -20, 10.5] },
    ]) {
      expect(pruning(where)).toBe('ROW_GROUP_STATISTICS')
      expect(await usesIndex(queryOf(indexed, { where }))).toBe(false)
    }
    expect(pruning(small, { ...indexed, check: { ...valid, invalid: 1 } })).toBe('ROW_GROUP_STATISTICS')
    const { check: _, ...unchecked } = indexed
    expect(pruning(small, unchecked)).toBe('ROW_GROUP_STATISTICS')
  })
})

const ofWeek: FeatureFilter = { property: { name: 'week', eq: 7 } }
const byWeek: FeatureOrder[] = [{ property: 'week' }]

describe('one thread is enough', () => {
  const small: FeatureFilter = { bbox: [10, 10, 10.5, 10.5] }
  const large: FeatureFilter = { bbox: [0, 0, 30, 15] }
  const pruned = () => ({ ...scanned, pruning: { kind: 'ROW_GROUP_STATISTICS' } }) as const

  it('for a page, a count or an aggregate of a small box, for a page without a filter, and for a feature by row number or primary key', () => {
    const inBox = queryOf(pruned(), { where: small, limit: 101 })
    expect(compileFeatures(inBox).few).toBe(true)
    expect(compileFeatures(queryOf(pruned(), { limit: 101 })).few).toBe(true)
    expect(compileRows(countOf(inBox)).few).toBe(true)
    expect(compileFeatures(queryOf(indexed, { where: small, limit: 101 })).few).toBe(true)
    expect(compileFeatures(queryOf(pruned(), { key: '17', limit: 2 })).few).toBe(true)
    const keyed = (isPrimary?: true): Layer => ({
      ...pruned(),
      key: { kind: 'COLUMN', column: 'n', ...(isPrimary && { isPrimary }) },
    })
    expect(compileFeatures(queryOf(keyed(true), { key: '17', limit: 2 })).few).toBe(true)
    expect(compileFeatures(queryOf(keyed(), { key: '17', limit: 2 })).few).toBe(false)
  })

  it.each<[string, () => FeatureQuery]>([
    ['a large box', () => queryOf(pruned(), { where: large, limit: 101 })],
    ['a long page', () => queryOf(pruned(), { limit: 10_001 })],
    ['a sorted page', () => queryOf(pruned(), { limit: 101, orderBy: byWeek })],
    ['a page with a filter that is no box', () => queryOf(pruned(), { where: ofWeek, limit: 101 })],
    ['a stream, whose size is unknown', () => queryOf(pruned(), { where: small })],
    ['a layer whose rows a box does not skip', () => queryOf(scanned, { where: small, limit: 101 })],
    ['a layer of unknown extent', () => queryOf({ ...pruned(), extent: null }, { where: small, limit: 101 })],
    ['a layer of unknown size', () => queryOf({ ...pruned(), featureCount: null }, { where: small, limit: 101 })],
    ['either of two boxes', () => queryOf(pruned(), { where: { or: [small, small] }, limit: 101 })],
  ])('not for %s', (_, query) => {
    expect(compileFeatures(query()).few).toBe(false)
  })
})

describe('a page is read as one result', () => {
  const small: FeatureFilter = { bbox: [10, 10, 10.5, 10.5] }
  const pruned = { kind: 'ROW_GROUP_STATISTICS' } as const
  const held = (limit: number | null, where?: FeatureFilter, orderBy: FeatureOrder[] = []) =>
    compileFeatures(queryOf({ ...scanned, pruning: pruned }, { limit, orderBy, ...(where && { where }) })).held

  it('if it is at most two chunks of the engine, or if its filter may leave few rows: then at most two chunks of it', () => {
    expect(held(4_096)).toMatchObject({ cut: null })
    expect(held(4_097)).toBeUndefined()
    expect(held(4_096, small)).toMatchObject({ cut: null })
    expect(held(10_001, small)).toMatchObject({ cut: 4_096 })
    expect(held(10_001, ofWeek)).toMatchObject({ cut: 4_096 })
    expect(held(10_001, small, byWeek)).toMatchObject({ cut: 4_096 })
    expect(held(10_001, ofWeek, byWeek)).toBeUndefined()
    expect(held(10_001, { bbox: [0, 0, 30, 15] })).toBeUndefined()
    expect(held(4_096, ofWeek, byWeek)).toMatchObject({ cut: null })
    expect(held(null, small)).toBeUndefined()
    expect(compileRows({ ...countOf(queryOf(scanned, {})), limit: 2 }).held).toMatchObject({ cut: null })
  })

  it('with the statement that is streamed, without its sentinel', () => {
    for (const layer of [indexed, { ...scanned, pruning: pruned }]) {
      const { statement, held } = compileFeatures(queryOf(layer, { limit: 10_001, where: small }))
      const body = /FROM \((SELECT .*)\) UNION ALL SELECT NULL/s.exec(statement.sql)![1]!
      expect(held!.sql.endsWith(body)).toBe(true)
      expect(statement.sql.startsWith(held!.sql.slice(0, -body.length))).toBe(true)
      expect(statement.parameters.at(-1)).toBe(10_001)
    }
  })

  it('not if only the sentinel computes a value that may be refused', () => {
    const parameters = new Parameters()
    const page = queryOf(scanned, { limit: 101 })
    expect(heldOf('SELECT 1', page, true, parameters)).toMatchObject({ held: { cut: null } })
    parameters.proofs.push('ST_Transform(...)')
    expect(heldOf('SELECT 1', page, true, parameters)).toBeNull()
  })
})
