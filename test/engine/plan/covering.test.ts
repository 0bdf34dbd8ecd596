import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { compileFeatures } from '../../../src/engines/duckdb/dialect/compile.ts'
import { floatAbove } from '../../../src/engines/duckdb/dialect/pruning.ts'
import { queryOf } from '../../support/filter.ts'
import { Engine } from '../../support/plan/engine.ts'
import { Random } from '../../support/random.ts'

const random = new Random()
const folder = mkdtempSync(join(tmpdir(), 'geoduck-plan-'))
let engine: Engine

beforeAll(async () => {
  engine = await Engine.open(1)
})

afterAll(() => {
  engine.close()
  rmSync(folder, { recursive: true })
})

const below = (x: number) => -floatAbove(-x)

/** The rounding of a box's sides to floats by a writer: [smaller sides, larger sides]. */
const ROUNDINGS: Readonly<Record<string, readonly [(x: number) => number, (x: number) => number]>> = {
  'to nearest': [Math.fround, Math.fround],
  outwards: [
    (x) => (Math.fround(x) > x ? below(x) : Math.fround(x)),
    (x) => (Math.fround(x) < x ? floatAbove(x) : Math.fround(x)),
  ],
  'towards zero': [towardsZero, towardsZero],
}

function towardsZero(x: number): number {
  const float = Math.fround(x)
  return Math.abs(float) <= Math.abs(x) ? float : x > 0 ? below(x) : floatAbove(x)
}

describe.each(Object.keys(ROUNDINGS))('a covering column of floats rounded %s', (name) => {
  it('never hides a feature that touches the box with its last digit', async () => {
    const [smaller, larger] = ROUNDINGS[name]!
    const points = random.list(100, () => [random.next() * 360 - 180, random.next() * 180 - 90] as const)
    points.push([0, 0], [1e-46, -1e-46], [-180, 90], [0.1, -0.1])
    const rows = points.map(
      ([x, y], n) =>
        `(${[n, x, y, smaller(x), smaller(y), larger(x), larger(y)].map((value) => `'${value}'::DOUBLE`).join(', ')})`,
    )
    const file = join(folder, `${name}.parquet`)
    await engine.sql(`COPY (SELECT n::INTEGER AS n, ST_Point(x, y) AS geom, {a: w::FLOAT, b: s::FLOAT, c: e::FLOAT, d: r::FLOAT} AS "the box"
      FROM (VALUES ${rows.join(', ')}) AS p(n, x, y, w, s, e, r)) TO '${file}' (FORMAT parquet)`)
    const members = { xmin: 'a', ymin: 'b', xmax: 'c', ymax: 'd' }
    const layer = await engine.parquet(file, { pruning: { kind: 'COVERING_COLUMN', column: 'the box', members, float32: true } })
    for (const [n, [x, y]] of points.entries()) {
      const plan = compileFeatures(queryOf(layer, { where: { bbox: [x, y, x, y] }, properties: ['n'] }))
      const [numbers] = await engine.numbers(plan, plan.layout.properties)
      expect(numbers, `${x} ${y}`).toEqual([n])
    }
  })
})

it('the next float is the next float', () => {
  const bits = (x: number) => new Int32Array(Float32Array.of(x).buffer)[0]!
  for (const x of [
    0,
    -0,
    1,
    -1,
    0.1,
    180,
    -180,
    1e-45,
    -1e-45,
    16777216,
    ...random.list(1000, () => (random.next() - 0.5) * 1000),
  ]) {
    const next = floatAbove(x)
    expect(next).toBeGreaterThan(Math.fround(x))
    expect(Math.fround(next)).toBe(next)
    if (Math.fround(x) > 0) expect(bits(next)).toBe(bits(x) + 1)
  }
  expect(floatAbove(1e39)).toBe(Number.POSITIVE_INFINITY)
})

it('the statistics of the column’s own type are asked', async () => {
  const file = join(folder, 'many.parquet')
  await engine.sql(`COPY (SELECT ST_Point(i % 360 - 180, 0) AS geom, {xmin: x, ymin: 0::FLOAT, xmax: x, ymax: 0::FLOAT} AS bbox
    FROM (SELECT i, (i % 360 - 180)::FLOAT AS x FROM range(1000) r(i))) TO '${file}' (FORMAT parquet)`)
  const pruning = {
    kind: 'COVERING_COLUMN',
    column: 'bbox',
    members: { xmin: 'xmin', ymin: 'ymin', xmax: 'xmax', ymax: 'ymax' },
    float32: true,
  } as const
  const plan = compileFeatures(queryOf(await engine.parquet(file, { pruning }), { where: { bbox: [0, 0, 1, 1] } }))
  const [filters = ''] = /Filters:[\s\S]*?rows/.exec(await engine.explain(plan)) ?? []
  expect(filters).toMatch(/bbox\.xmin\s*<=/)
  expect(filters).not.toMatch(/CAST\(struct_extract/)
})
