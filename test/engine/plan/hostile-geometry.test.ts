import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { compileFeatures } from '../../../src/engines/duckdb/dialect/compile.ts'
import type { FeatureFilter } from '../../../src/graphql/generated.ts'
import { queryOf } from '../../support/filter.ts'
import { Engine } from '../../support/plan/engine.ts'
import { python } from '../../support/python.ts'

/** Files of 2,500 unit squares, more than a vector, of which every thousandth is something else. */
const MAKE = `
import json, struct, sys, pyarrow as pa, pyarrow.parquet as pq, shapely
square, point = shapely.to_wkb(shapely.box(0, 0, 1, 1)), shapely.to_wkb(shapely.Point(1, 1))
deep = struct.pack('<BII', 1, 7, 1) * 100000 + point
def ring(*xy): return struct.pack('<BIII', 1, 3, 1, len(xy) // 2) + struct.pack(f'<{len(xy)}d', *xy)
odd = {
  'no bytes at all': b'',
  'half a header': square[:3],
  'a polygon that ends early': square[:-8],
  'a count of two thousand million': struct.pack('<BIII', 1, 3, 1, 0x7fffffff) + bytes(64),
  'bytes left over': square + bytes(2),
  'an unknown type': struct.pack('<BI', 1, 99) + bytes(8),
  'a MultiPolygon of a point': struct.pack('<BII', 1, 6, 1) + point,
  'a hundred thousand collections in each other': deep,
  'an open ring': ring(0, 0, 1, 0, 1, 1, 0, 1),
  'a ring of one position': ring(1, 1),
  'a line of one position': struct.pack('<BII', 1, 2, 1) + struct.pack('<2d', 1, 1),
}
meta = {'geo': json.dumps({'version': '1.1.0', 'primary_column': 'geom', 'columns': {'geom': {'encoding': 'WKB', 'geometry_types': []}}})}
names = []
for n, (name, wkb) in enumerate(odd.items()):
    table = pa.table({'n': range(2500), 'geom': pa.array([wkb if i % 1000 == 7 else square for i in range(2500)], pa.binary())})
    pq.write_table(table, f'{sys.argv[1]}/plain-{n}.parquet')
    pq.write_table(table.replace_schema_metadata(meta), f'{sys.argv[1]}/geo-{n}.parquet')
print(json.dumps(list(odd)))
`

const NAMES = [
  'no bytes at all',
  'half a header',
  'a polygon that ends early',
  'a count of two thousand million',
  'bytes left over',
  'an unknown type',
  'a MultiPolygon of a point',
  'a hundred thousand collections in each other',
  'an open ring',
  'a ring of one position',
  'a line of one position',
]
/** The engine reads these from GeoParquet without a word, and ends the process or the query when it computes with them. */
const READ_AS_GEOMETRY = new Set([0, 6, 7, 8, 9, 10])
const FILTERS: readonly FeatureFilter[] = [
  { bbox: [0.5, 0.5, 2, 2] },
  { within: { wkt: 'POLYGON((-1 -1, 2 -1, 2 2, -1 2, -1 -1))' } },
  { not: { intersects: { wkt: 'POINT(5 5)' } } },
  { not: { disjoint: { bbox: [0.5, 0.5, 2, 2] } } },
  { dWithin: { geometry: { wkt: 'POINT(1.001 0.5)' }, distance: 200 } },
  { dWithin: { geometry: { wkt: 'LINESTRING(2 0, 2 1)' }, distance: 150_000 } },
  { property: { name: 'n', ne: 7 }, dWithin: { geometry: { wkt: 'POINT(1.001 0.5)' }, distance: 200 } },
  { intersects: { bbox: [50_000, 50_000, 60_000, 60_000], crs: 'EPSG:3857' } },
]

const folder = mkdtempSync(join(tmpdir(), 'geoduck-plan-'))
const whole = Array.from({ length: 2_500 }, (_, n) => n).filter((n) => n % 1_000 !== 7)
let engine: Engine

beforeAll(async () => {
  expect(await python<string[]>(MAKE, [folder])).toEqual(NAMES)
  engine = await Engine.open(2)
})

afterAll(() => {
  engine.close()
  rmSync(folder, { recursive: true })
})

async function found(file: string, geometryEncoding: 'WKB' | 'GEOMETRY', state: 'CHECKING' | 'READY'): Promise<void> {
  const layer = await engine.parquet(join(folder, file), { geometryEncoding, state })
  for (const where of FILTERS) {
    const plan = compileFeatures(queryOf(layer, { where, properties: ['n'] }))
    const rows = await engine.rows(plan)
    const numbers = rows.map((row) => Number(row[plan.layout.properties[0]!]))
    expect(numbers.length, JSON.stringify(where)).toBe(whole.length)
    expect(numbers).toEqual(whole)
  }
  const representations = [{ crs: { code: 'EPSG:3857', name: '', isLonLat: false }, simplify: 1 }]
  const out = await engine.features({ ...queryOf(layer, { properties: ['n'] }), representations })
  expect(out).toHaveLength(2_500)
  for (const n of whole) expect(out[n]!.geometry).toMatch(/^POLYGON \(\(/)
}

const CASES = NAMES.map((name, n) => ({ name, n }))

describe('features whose geometry nobody can compute with are filtered as if they had none, and no other is lost:', () => {
  it.each(CASES)('$name, as plain WKB that has not been checked', async ({ n }) => {
    await found(`plain-${n}.parquet`, 'WKB', 'CHECKING')
  })

  it.each(CASES.filter(({ n }) => READ_AS_GEOMETRY.has(n)))('$name, as GeoParquet that has not been checked', async ({ n }) => {
    await found(`geo-${n}.parquet`, 'GEOMETRY', 'CHECKING')
  })

  it.each(CASES.filter(({ n }) => n >= 8))('$name, which does not end the process, when it has been checked', async ({ n }) => {
    await found(`geo-${n}.parquet`, 'GEOMETRY', 'READY')
    await found(`plain-${n}.parquet`, 'WKB', 'READY')
  })
})
