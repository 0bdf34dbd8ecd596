/** A layer of many files, of which only those with possible matches are read. The result is otherwise the same. */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { countOf } from '../../../src/ask/groups/read-groups.ts'
import { compileFeatures } from '../../../src/engines/duckdb/dialect/compile.ts'
import { compileRows } from '../../../src/engines/duckdb/dialect/compile-rows.ts'
import { explain } from '../../../src/engines/duckdb/dialect/explain.ts'
import type { FeatureFilter, FeatureOrder } from '../../../src/graphql/generated.ts'
import type { BBox, Layer } from '../../../src/model/layer.ts'
import { queryOf } from '../../support/filter.ts'
import { Engine, positionOf } from '../../support/plan/engine.ts'
import { Random } from '../../support/random.ts'

const FILES = 24
const ROWS = 100
const folder = mkdtempSync(join(tmpdir(), 'geoduck-files-'))
const random = new Random()

let engine: Engine
/** Knows where each file's features are... */
let told: Layer
/** ...and does not. */
let untold: Layer
let files: string[]

beforeAll(async () => {
  engine = await Engine.open(2)
  // Files lie apart and overlap, the first ones on both sides of the antimeridian, for every seed; one is empty.
  const extents = Array.from({ length: FILES }, (_, file): BBox => {
    const west = file < 3 ? 175 + file : file === 3 ? -170 : random.next() * 330 - 180
    const south = random.next() * 150 - 85
    return [west, south, Math.min(180, west + 5 + random.next() * 20), south + 2 + random.next() * 10]
  })
  files = extents.map((_, file) => join(folder, `part-${String(file).padStart(2, '0')}.parquet`))
  for (const [file, [west, south, east, north]] of extents.entries()) {
    const x = `${west} + ${east - west} * (hash(i + ${file * ROWS}) % 10001) / 10000.0`
    const y = `${south} + ${north - south} * (hash(i * 31 + ${file}) % 10001) / 10000.0`
    await engine.sql(
      `COPY (SELECT i + ${file * ROWS} AS n, i % 7 AS week, {xmin: x::FLOAT, ymin: y::FLOAT, xmax: x::FLOAT, ymax: y::FLOAT} AS bbox, ST_Point(x, y) AS geom
        FROM (SELECT i, (${x})::DOUBLE AS x, (${y})::DOUBLE AS y FROM range(${file === 5 ? 0 : ROWS}) r(i))) TO '${files[file]}' (FORMAT parquet)`,
    )
  }
  const members = { xmin: 'xmin', ymin: 'ymin', xmax: 'xmax', ymax: 'ymax' }
  untold = await engine.parquets(files, { pruning: { kind: 'COVERING_COLUMN', column: 'bbox', members, float32: true } })
  const fileSummaries = extents.map((extent, file) => ({ rowGroups: 1, extent: file === 5 ? null : extent }))
  told = { ...untold, relation: { ...(untold.relation as Layer['relation'] & { kind: 'parquet' }), fileSummaries } }
})
afterAll(() => {
  engine.close()
  rmSync(folder, { recursive: true })
})

function boxes(): FeatureFilter[] {
  return random.list(12, () => {
    const [x, y] = [random.next() * 360 - 180, random.next() * 160 - 85]
    const [width, height] = [random.next() * 60, random.next() * 30]
    const east = x + width > 180 ? x + width - 360 : x + width
    return { bbox: [x, y, east, Math.min(90, y + height)] }
  })
}

const read = (sql: string): string[] => files.filter((file) => sql.includes(file))

describe('the number of a row', () => {
  it('is looked for in its file alone', async () => {
    for (const id of [0, 99, 100, 101, ...random.list(5, () => random.integer((FILES - 1) * ROWS))].map(String)) {
      const query = queryOf(untold, { key: id })
      expect(read(compileFeatures(query).statement.sql).length).toBeLessThanOrEqual(2)
      expect((await engine.features(query)).map((feature) => feature.id)).toEqual([id])
    }
    for (const id of ['2400', '99999999999999', '-1', 'x'])
      expect(await engine.features(queryOf(untold, { key: id }))).toEqual([])
  })
})

describe('a box', () => {
  it('leaves files unopened, and has the same features, places and count', async () => {
    let left = 0
    for (const where of [...boxes(), { bbox: [-180, -90, -179.99, -89.99] }]) {
      const plan = compileFeatures(queryOf(told, { where }))
      left += FILES - read(plan.statement.sql).length
      const rows = await engine.rows(plan)
      expect(rows, JSON.stringify(where)).toEqual(await engine.rows(compileFeatures(queryOf(untold, { where }))))
      expect(await engine.rows(compileRows(countOf(queryOf(told, { where }))))).toEqual([[BigInt(rows.length), false]])
      expect(await engine.features(queryOf(told, { where }))).toEqual(await engine.features(queryOf(untold, { where })))
    }
    expect(left).toBeGreaterThan(6 * FILES)
  })

  it.each<[string, readonly FeatureOrder[]]>([
    ['in the natural order', []],
    ['sorted', [{ property: 'week', direction: 'DESC' }]],
  ])('%s resumes after every feature, from either plan', async (_, orderBy) => {
    for (const where of boxes().slice(0, 4)) {
      const whole = compileFeatures(queryOf(untold, { where, orderBy }))
      const rows = await engine.rows(whole)
      for (const at of random.list(rows.length === 0 ? 0 : 4, () => random.integer(rows.length))) {
        const after = positionOf(whole, rows[at]!)
        const rest = await engine.rows(compileFeatures(queryOf(told, { where, orderBy, after })))
        expect(rest, JSON.stringify({ where, after })).toEqual(rows.slice(at + 1))
      }
    }
  })

  it('under an `or` with something else, or a `not`, leaves none unopened; with another box both count', () => {
    const box: FeatureFilter = { bbox: [170, -90, 180, 90] }
    const week: FeatureFilter = { property: { name: 'week', eq: 3 } }
    const filesFor = (where: FeatureFilter) => read(compileFeatures(queryOf(told, { where })).statement.sql).length
    expect(filesFor({ or: [box, week] })).toBe(FILES)
    expect(filesFor({ not: box })).toBe(FILES)
    expect(filesFor({ and: [week, box] })).toBeLessThan(FILES)
    const other: FeatureFilter = { bbox: [-180, -90, -150, 90] }
    expect(filesFor({ or: [box, other] })).toBeGreaterThan(filesFor(box))
    expect(filesFor({ and: [box, other] })).toBeLessThan(filesFor(box))
  })

  it('is explained without a path', () => {
    const { sql } = explain(queryOf(told, { where: { bbox: [0, 0, 10, 10] } }))
    expect(sql).toContain('FROM "things" AS t')
    expect(sql).not.toContain('parquet')
  })
})
