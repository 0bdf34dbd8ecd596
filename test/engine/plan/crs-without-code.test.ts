/** Layers whose CRS has a definition but no code, and layers whose CRS the configuration names, by pyproj with x first. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readCrs } from '../../../src/ask/crs.ts'
import { geoJsonOutput, Representations } from '../../../src/ask/selection.ts'
import { viewOf } from '../../../src/ask/view.ts'
import { type Catalog, openCatalog } from '../../../src/catalog/catalog.ts'
import type { LayerOptions } from '../../../src/catalog/layer-options.ts'
import { compileFeatures } from '../../../src/engines/duckdb/dialect/compile.ts'
import type { GeometryInput } from '../../../src/graphql/generated.ts'
import type { Layer } from '../../../src/model/layer.ts'
import { inEngine } from '../../support/engine.ts'
import { queryOf } from '../../support/filter.ts'
import { Engine } from '../../support/plan/engine.ts'
import { refusal } from '../../support/plan/geometry.ts'
import { python } from '../../support/python.ts'
import { SPATIAL_EXTENSION } from '../../support/spatial-extension.ts'
import { layerOf, testCatalog } from '../catalog/support.ts'

const folder = mkdtempSync(join(tmpdir(), 'geoduck-crs-'))
const store = join(folder, 'store.duckdb')

/**
 * Points in CRSs without an id: as PROJJSON in GeoParquet, and as WKT for the native types. `tolerance` is in degrees. PROJ knows several
 * transformations between some datums, and the oracle may take another one, which is off by about a metre.
 */
const MAKE = `
import json, random, sys, numpy as np, pyarrow as pa, pyarrow.parquet as pq, pyproj, shapely
folder, r = sys.argv[1], random.Random(7)
def without_id(value):
    if isinstance(value, dict): return {k: without_id(v) for k, v in value.items() if k != 'id'}
    return [without_id(v) for v in value] if isinstance(value, list) else value
tm = '+proj=tmerc +lat_0=47 +lon_0=7.1 +x_0=1000 +y_0=2000 +type=crs '
crss = {
    'lambert': ('EPSG:2154', 2, 47, 1e-9), 'transverse': (tm + '+datum=WGS84 +units=m', 7, 47, 1e-9),
    'compound': ('EPSG:25832+5783', 9, 51, 1e-9), 'nad27': ('EPSG:4267', -100, 40, 1e-9), 'grads': ('EPSG:4807', 2, 47, 1e-9),
    'feet': (tm + '+datum=WGS84 +units=us-ft', 7, 47, 1e-9), 'state_plane': ('EPSG:2263', -74, 40.7, 3e-5),
    'bessel': ('EPSG:4314', 10, 50, 3e-5), 'bound': (tm + '+ellps=bessel +towgs84=598.1,73.7,418.2,0.202,0.045,-2.455,6.7 +units=m', 7, 47, 1e-9),
    'northing_first': ('EPSG:31467', 9, 51, 3e-5), 'south_pole': ('EPSG:3031', 10, -80, 1e-9),
}
out = {}
for name, (text, x, y, tolerance) in crss.items():
    crs = pyproj.CRS.from_user_input(text)
    definition = without_id(json.loads(crs.to_json()))
    lonlat = np.array([[x + r.uniform(-.5, .5), y + r.uniform(-.3, .3)] for _ in range(40)])
    to = pyproj.Transformer.from_crs('OGC:CRS84', pyproj.CRS.from_json_dict(definition), always_xy=True).transform
    points = shapely.points(np.column_stack(to(lonlat[:, 0], lonlat[:, 1])))
    geo = {'version': '1.1.0', 'primary_column': 'geom', 'columns': {'geom': {'encoding': 'WKB', 'geometry_types': ['Point'], 'crs': definition}}}
    table = pa.table({'n': range(40), 'geom': pa.array(shapely.to_wkb(points).tolist(), pa.binary())}).replace_schema_metadata({'geo': json.dumps(geo)})
    pq.write_table(table, f'{folder}/{name}.parquet')
    stored = shapely.get_coordinates(points)
    def coordinates(target):
        t = pyproj.Transformer.from_crs(pyproj.CRS.from_json_dict(definition), target, always_xy=True).transform
        return np.column_stack(t(stored[:, 0], stored[:, 1]))
    back, mercator = coordinates('OGC:CRS84'), coordinates('EPSG:3857')
    box = [x - .31, y - .17, x + .27, y + .13]
    near = lambda v, side: abs(v - side) < 1e-3
    meets = [None if any(near(p[i % 2], s) for i, s in enumerate(box)) else bool(box[0] < p[0] < box[2] and box[1] < p[1] < box[3]) for p in back]
    wkt = pyproj.CRS.from_json_dict(definition).to_wkt('WKT2_2019')
    out[name] = {'wkt': wkt, 'tolerance': tolerance, 'OGC:CRS84': back.tolist(), 'EPSG:3857': mercator.tolist(), 'bbox': box, 'meets': meets}
print(json.dumps(out))
`

interface Truth {
  readonly wkt: string
  readonly tolerance: number
  readonly 'OGC:CRS84': readonly number[][]
  readonly 'EPSG:3857': readonly number[][]
  readonly bbox: number[]
  /** Null for a point near the border. */
  readonly meets: readonly (boolean | null)[]
}

const truth = await python<Record<string, Truth>>(MAKE, [folder])
const names = Object.keys(truth)
const quoted = (text: string) => `'${text.replaceAll("'", "''")}'`

let engine: Engine
let catalog: Catalog
let inConfiguration: Catalog

/** Files and a database in the engine's own types. */
async function writeNative(): Promise<void> {
  await inEngine(':memory:', async (connection) => {
    // Older storage formats lose the CRS.
    await connection.run(`ATTACH ${quoted(store)} AS store (STORAGE_VERSION 'v1.5.0')`)
    for (const [name, { wkt }] of Object.entries(truth)) {
      const rows = `SELECT n, ST_SetCRS(ST_SetCRS(geom, ''), ${quoted(wkt)}) AS geom FROM ${quoted(join(folder, `${name}.parquet`))}`
      await connection.run(`CREATE TABLE store.${name}_table AS ${rows}`)
      const file = quoted(join(folder, `${name}_native.parquet`))
      await connection.run(`COPY (${rows}) TO ${file} (FORMAT parquet, GEOPARQUET_VERSION 'NONE')`)
    }
    for (const [name, crs] of [
      ['none', ''],
      ['wrong', 'OGC:CRS84'],
      ['no_method', truth['transverse']!.wkt.replace(/METHOD\["[^"]*"(,ID\[[^\]]*\])?\]/, 'METHOD["?"]')],
      [
        'unknown',
        'ENGCRS["a building site",EDATUM["a corner"],CS[Cartesian,2],AXIS["x",east],AXIS["y",north],LENGTHUNIT["metre",1]]',
      ],
    ] as const) {
      const rows = `SELECT n, ST_SetCRS(ST_SetCRS(geom, ''), ${quoted(crs)}) AS geom FROM ${quoted(join(folder, 'lambert.parquet'))}`
      await connection.run(`CREATE TABLE store.${name} AS ${rows}`)
    }
  })
}

beforeAll(async () => {
  await writeNative()
  catalog = await testCatalog(
    store,
    ...names.flatMap((name) => [`${name}`, `${name}_native`].map((file) => join(folder, `${file}.parquet`))),
  )
  const layers: LayerOptions[] = ['none', 'wrong', 'unknown'].map((table) => ({
    name: `${table}-2154`,
    path: store,
    table,
    crs: 'EPSG:2154',
  }))
  layers.push({ name: 'lambert-2154', path: join(folder, 'lambert.parquet'), crs: 'epsg:2154' })
  const log = { info: () => {}, warn: () => {} }
  inConfiguration = await openCatalog({ sources: [], layers, spatialExtension: SPATIAL_EXTENSION, log })
  await Promise.all([catalog.checked, inConfiguration.checked])
  engine = await Engine.open(1)
  for (const { alias } of [...catalog.access().databases, ...inConfiguration.access().databases])
    await engine.sql(`ATTACH IF NOT EXISTS ${quoted(store)} AS "${alias}" (READ_ONLY)`)
})

afterAll(async () => {
  engine?.close()
  await Promise.all([catalog?.close(), inConfiguration?.close()])
  rmSync(folder, { recursive: true })
})

async function positions(layer: Layer, code: string): Promise<number[][]> {
  const representations = [{ crs: readCrs(code, 'crs'), simplify: null }]
  const features = await engine.features({ ...queryOf(layer, { properties: ['n'] }), representations })
  return features.map(({ geometry }) =>
    String(geometry)
      .match(/-?\d[\d.e+-]*/g)!
      .map(Number),
  )
}

async function found(layer: Layer, intersects: GeometryInput): Promise<Set<number>> {
  const plan = compileFeatures(queryOf(layer, { where: { intersects }, properties: ['n'] }))
  return new Set((await engine.rows(plan)).map((row) => Number(row[plan.layout.properties[0]!])))
}

/** The message of a refusal, or the output. */
function geojson(layer: Layer, crs?: string): unknown {
  const context = { view: viewOf(layer), representations: new Representations(layer, { representations: new Set() }) }
  return refusal(() => geoJsonOutput('geojson', crs === undefined ? {} : { crs }, context as Parameters<typeof geoJsonOutput>[2]))
}

async function agrees(layer: Layer, { tolerance, ...of }: Truth): Promise<void> {
  for (const [code, most] of [
    ['OGC:CRS84', tolerance],
    ['EPSG:3857', tolerance * 2e5],
  ] as const) {
    const out = await positions(layer, code)
    expect(out).toHaveLength(of[code].length)
    for (const [n, position] of out.entries())
      for (const axis of [0, 1])
        expect(Math.abs(position[axis]! - of[code][n]![axis]!), `${layer.name} ${code} ${n}`).toBeLessThan(most)
  }
  const numbers = await found(layer, { bbox: of.bbox, crs: 'OGC:CRS84' })
  expect(of.meets.flatMap((hit, n) => (hit === null || hit === numbers.has(n) ? [] : [n]))).toEqual([])
  expect(numbers.size).toBeGreaterThan(2)
}

describe.each(names)('a layer in the CRS %s, which has no code,', (name) => {
  it.each(['', '_native', '_table'])('is transformed as pyproj does, as is a geometry of a client (%s)', async (kind) => {
    const layer = layerOf(catalog, `${name}${kind}`)
    expect(layer.crs).toMatchObject({ code: null, isLonLat: false })
    await agrees(layer, truth[name]!)
  })

  it('is refused as GeoJSON with a remedy that works', () => {
    const layer = layerOf(catalog, name)
    expect(geojson(layer)).toContain('ask for `crs: "OGC:CRS84"`')
    expect(geojson(layer, 'OGC:CRS84')).toBe('taken')
  })
})

describe('the `crs` of the configuration', () => {
  it.each(['none', 'wrong', 'unknown', 'lambert'])('replaces the CRS of a source: %s', async (name) => {
    const layer = layerOf(inConfiguration, `${name}-2154`)
    expect(layer.crs).toEqual({ code: 'EPSG:2154', name: 'EPSG:2154', isLonLat: false })
    await agrees(layer, truth['lambert']!)
  })

  it('leaves no problem', () => expect(inConfiguration.problems()).toEqual([]))

  it('is what a refusal and a problem advise, for a CRS that is unknown', () => {
    for (const name of ['none', 'unknown']) {
      const layer = layerOf(catalog, name)
      expect(geojson(layer)).toContain('give the layer its `crs` in the configuration')
      expect(geojson(layer, 'OGC:CRS84')).toContain('give the layer its `crs` in the configuration')
    }
    const reasons = catalog
      .problems()
      .map(({ reason }) => reason)
      .sort()
    expect(reasons).toEqual([
      'layer no_method: its coordinates have no place in its CRS unknown: give the layer its `crs` in the configuration',
      'layer unknown: its CRS a building site is none that PROJ knows, so its coordinates are not transformed: give the layer its `crs` in the configuration',
      expect.stringMatching(
        /^layer wrong: its CRS is OGC:CRS84 \(degrees\), but its coordinates reach \d+\.\d+: give the layer its `crs` in the configuration$/,
      ),
    ])
  })
})
