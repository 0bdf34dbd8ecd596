/** The nearest features in order, against brute force by pyproj and shapely: test/support/plan/nearest.py. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { compileFeatures } from '../../../src/engines/duckdb/dialect/compile.ts'
import { rowGroupsOf } from '../../../src/engines/duckdb/dialect/row-groups.ts'
import { Rings, RowGroups } from '../../../src/engines/duckdb/pool/rings.ts'
import type { FeatureOrder } from '../../../src/graphql/generated.ts'
import type { Layer } from '../../../src/model/layer.ts'
import type { FeatureQuery } from '../../../src/model/query.ts'
import { queryOf } from '../../support/filter.ts'
import { Engine, type Row } from '../../support/plan/engine.ts'
import { python } from '../../support/python.ts'
import { Random } from '../../support/random.ts'

/** 1,000 probes take about a minute and a half. */
const PROBES = Number(process.env['GEODUCK_PROBES'] ?? 144)
const FIRST = 10
const KINDS = ['points', 'lines', 'polygons'] as const
const COVERING = {
  kind: 'COVERING_COLUMN',
  column: 'bbox',
  members: { xmin: 'xmin', ymin: 'ymin', xmax: 'xmax', ymax: 'ymax' },
  float32: true,
} as const
const PLANE = { crs: { code: 'EPSG:3857', name: 'a plane', isLonLat: false } } as const

interface Probe {
  readonly kind: (typeof KINDS)[number]
  readonly earth: boolean
  readonly wkb: string
  /** The nearest features, and all that are hardly farther, in order. */
  readonly truth: readonly (readonly [n: number, distance: number])[]
}

const random = new Random()
const folder = mkdtempSync(join(tmpdir(), 'geoduck-nearest-'))
let engine: Engine
let probes: readonly Probe[]
/** The layers of each kind, by their storage. */
const layers: Record<string, readonly Layer[]> = {}

beforeAll(async () => {
  engine = await Engine.open(2)
  const program = readFileSync(join(import.meta.dirname, '../../support/plan/nearest.py'), 'utf8')
  const made = await python<{ features: Record<string, string[]>; probes: Probe[] }>(program, [
    String(random.integer(2 ** 31)),
    String(PROBES),
  ])
  probes = made.probes
  for (const kind of KINDS) layers[kind] = await store(kind, made.features[kind]!)
}, 300_000)
afterAll(() => {
  engine.close()
  rmSync(folder, { recursive: true })
})

async function store(kind: string, features: readonly string[]): Promise<Layer[]> {
  await engine.sql(
    `CREATE TABLE ${kind} AS SELECT n::INTEGER AS n, geom,
      {xmin: ST_XMin(geom)::FLOAT, ymin: ST_YMin(geom)::FLOAT, xmax: ST_XMax(geom)::FLOAT, ymax: ST_YMax(geom)::FLOAT} AS bbox
    FROM (SELECT generate_subscripts(l, 1) - 1 AS n, ST_GeomFromWKB(unhex(unnest(l))) AS geom FROM (SELECT string_split($1, ' ') AS l)) ORDER BY n`,
    [features.join(' ')],
  )
  // Neighbours are far from each other in the order of the numbers, so that boxes of row groups overlap.
  await engine.sql(`CREATE TABLE ${kind}_indexed AS SELECT n, geom FROM ${kind}`)
  await engine.sql(`CREATE INDEX rtree_${kind} ON ${kind}_indexed USING RTREE (geom)`)
  const path = (name: string) => join(folder, `${kind} ${name}.parquet`)
  const write = async (name: string, sql: string) => {
    await engine.sql(`COPY (${sql}) TO '${path(name)}' (FORMAT parquet, ROW_GROUP_SIZE 100)`)
    return path(name)
  }
  const half = Math.floor(features.length / 2)
  const parts = [
    await write('west', `FROM ${kind} WHERE n < ${half} ORDER BY n`),
    await write('east', `FROM ${kind} WHERE n >= ${half} ORDER BY n`),
  ]
  const extent = [-180, -90, 180, 90] as const
  const checked = { check: { invalid: 0 } as Layer['check'] & object, extent, featureCount: features.length }
  return [
    await engine.table(kind, { pruning: COVERING, featureCount: features.length }),
    await engine.table(`${kind}_indexed`, { pruning: { kind: 'RTREE' }, ...checked }),
    await engine.parquets(parts, { pruning: COVERING, featureCount: features.length }),
    await engine.parquet(await write('all', `SELECT n, geom FROM ${kind} ORDER BY n`)),
  ]
}

async function ringsOf(query: FeatureQuery, first: number): Promise<Rings> {
  const groups = await engine.sql(rowGroupsOf(query.view.layer)!)
  return new Rings(query, new RowGroups(groups.map((group) => group.map(Number))), first)
}

/** The page as the pool makes it: in rings, until one has enough rows. */
async function page(query: FeatureQuery, first: number): Promise<{ rows: Row[]; rings: number }> {
  const rings = await ringsOf(query, first)
  for (let ring = 1; ; ring++) {
    const rows = await engine.rows(compileFeatures({ ...query, limit: first }, rings.reach))
    if (rows.length === first || rings.ended()) return { rows, rings: ring }
  }
}

const byDistance = (to: object): readonly FeatureOrder[] => [{ distance: { to } }]

/** The number of a feature, and its distance. */
function hits(query: FeatureQuery, rows: readonly Row[]): [number, number | null][] {
  const { properties } = compileFeatures(query).layout
  return rows.map((row) => [row[properties[0]!] as number, row[0] as number | null])
}

/** Checks that the distances are true, and that no other feature is nearer. `share` and `least` are the permitted error. */
function check(
  found: readonly [number, number | null][],
  truth: Probe['truth'],
  share: number,
  least: number,
  what: string,
): void {
  const off = (distance: number) => share * distance + least
  const known = new Map(truth)
  for (const [n, distance] of found) {
    const real = known.get(n) ?? Number.NaN
    expect(Math.abs(distance! - real), `${what}: feature ${n} at ${distance}, truly ${real}`).toBeLessThanOrEqual(off(real))
  }
  const furthest = found.at(-1)![1]!
  const numbers = new Set(found.map(([n]) => n))
  for (const [n, distance] of truth) {
    if (distance < furthest - 2 * off(furthest))
      expect(numbers.has(n), `${what}: feature ${n} at ${distance} is missing`).toBe(true)
  }
  for (const [place, [n, distance]] of found.entries()) {
    const [before, at] = found[place - 1] ?? [-1, -1]
    expect(at! < distance! || (at === distance && before < n), `${what}: ${n} comes after ${before}`).toBe(true)
  }
}

describe('the nearest features', () => {
  it('are those of brute force on a plane and on the earth, in every kind of source, with ties in natural order', async () => {
    let executions = 0
    for (const [number, { kind, earth, wkb, truth }] of probes.entries()) {
      const layer = layers[kind]![Math.floor(number / 6) % 4]!
      const query = queryOf(earth ? layer : { ...layer, ...PLANE }, { orderBy: byDistance({ wkb }), properties: ['n'] })
      const { rows, rings } = await page(query, FIRST)
      executions += rings
      const found = hits(query, rows)
      const what = `probe ${number} ${wkb} over ${kind}`
      expect(found).toHaveLength(FIRST)
      const exact =
        !earth || (kind === 'points' && query.orderBy[0]?.kind === 'distance' && query.orderBy[0].probe.onEarth?.point)
      if (exact) check(found, truth, 1e-9, 1e-6, what)
      else check(found, truth, 1e-3, 2e-3, what)
      if (!earth)
        expect(
          found.map(([n]) => n),
          what,
        ).toEqual(truth.slice(0, FIRST).map(([n]) => n))
    }
    console.log(`${executions} executions for ${probes.length} probes`)
  }, 600_000)

  it('are searched in the city of the probe, also where its row group has another city far away', async () => {
    const path = join(folder, 'cities.parquet')
    // 1,000 points in a hundredth of a degree at 0 0, and as many at 100 50.
    await engine.sql(`COPY (SELECT n, geom, {xmin: x, ymin: y, xmax: x, ymax: y} AS bbox
      FROM (SELECT n, x, y, ST_Point(x, y) AS geom FROM (SELECT n, (n // 1000 * 100 + n * 37 % 1000 * 1e-5)::FLOAT AS x,
        (n // 1000 * 50 + n * 91 % 1000 * 1e-5)::FLOAT AS y FROM range(2000) r(n))) ORDER BY n) TO '${path}' (FORMAT parquet)`)
    const layer = await engine.parquet(path, { pruning: COVERING, featureCount: 2_000 })
    const { reach } = await ringsOf(queryOf(layer, { orderBy: byDistance({ wkt: 'POINT(0.005 0.005)' }) }), FIRST)
    expect(reach).toBeLessThan(1_000)
  })
})
