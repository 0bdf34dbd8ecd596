/** Arrow of a layer in other programs: DuckDB, GDAL and @geoarrow, compared with the source as geopandas reads it. */
import { readdir } from 'node:fs/promises'
import { algorithm, child, type } from '@geoarrow/geoarrow-js'
import { type Table, tableFromIPC, type Vector } from 'apache-arrow'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fixture } from '../../fixtures/index.ts'
import { ask } from '../../support/graphql.ts'
import { python } from '../../support/python.ts'
import { serve, type TestServer } from '../../support/server.ts'
import { SPATIAL_EXTENSION } from '../../support/spatial-extension.ts'

const NATIVE = ['point', 'linestring', 'polygon', 'multipoint', 'multilinestring', 'multipolygon'] as const
const LAYERS = ['xy', 'xyz'].flatMap((dimensions) => [...NATIVE, 'mixed'].map((name) => `${name}_${dimensions}`))

interface Encoded {
  /** Base64 of Arrow IPC. */
  readonly native: string
  readonly wkb: string
}

let server: TestServer
const encoded: Record<string, Encoded> = {}
let read: Record<string, Record<string, unknown>>

const READ = `
import base64, json, math, os, sys, tempfile
import duckdb, geopandas, pyarrow, pyogrio, shapely

folder, extension = sys.argv[1:]
engine = duckdb.connect()
engine.execute(f"LOAD '{extension}'")

def table_of(text):
    return pyarrow.ipc.open_stream(base64.b64decode(text)).read_all()

def same(got, wanted):
    return len(got) == len(wanted) and all(
        (a is None) == (b is None) and (a is None or shapely.equals_identical(a, b)) for a, b in zip(got, wanted))

def from_wkb(values):
    return [None if value is None else shapely.from_wkb(bytes(value)) for value in values]

def lists(geometry):
    "Its positions as nested lists, as GeoArrow has them."
    if geometry is None: return None
    if hasattr(geometry, 'geoms'): return [lists(part) for part in geometry.geoms]
    if geometry.geom_type == 'Polygon':
        return [] if geometry.is_empty else [lists(ring) for ring in (geometry.exterior, *geometry.interiors)]
    positions = shapely.get_coordinates(geometry, include_z=geometry.has_z).tolist()
    if geometry.geom_type != 'Point': return positions
    return positions[0] if positions else 'EMPTY'

def plain(value):
    if isinstance(value, (list, tuple)):
        items = [plain(item) for item in value]
        return 'EMPTY' if items and all(item == 'NAN' for item in items) else items
    return 'NAN' if isinstance(value, float) and math.isnan(value) else value

def by_duckdb(table, column):
    return engine.execute(f'SELECT {column} FROM "table" ORDER BY n').fetchall(), engine.execute('SELECT DISTINCT typeof(geometry) FROM "table"').fetchall()[0][0]

def through(driver, table, geometry_type, **options):
    with tempfile.TemporaryDirectory() as own:
        file = os.path.join(own, 'out.gpkg' if driver == 'GPKG' else 'out.fgb')
        pyogrio.write_arrow(table, file, driver=driver, geometry_name='geometry', geometry_type=geometry_type, crs='EPSG:3857', **options)
        return list(pyogrio.read_dataframe(file).geometry)

def refusal(table, geometry_type):
    try: through('GPKG', table, geometry_type)
    except Exception as error: return str(error)

TYPES = {'point': 'Point', 'linestring': 'LineString', 'polygon': 'Polygon', 'multipoint': 'MultiPoint',
    'multilinestring': 'MultiLineString', 'multipolygon': 'MultiPolygon', 'mixed': 'Unknown'}
answers = {}
for name, streams in json.load(sys.stdin).items():
    source = list(geopandas.read_parquet(os.path.join(folder, f'{name}.parquet')).geometry)
    native, wkb = table_of(streams['native']), table_of(streams['wkb'])
    kind, dimensions = name.split('_')
    geometry_type = TYPES[kind] + (' Z' if dimensions == 'xyz' and kind != 'mixed' else '')
    # In FlatGeobuf a geometry without a position is none.
    filled = [None if g is None or g.is_empty else g for g in source]
    rows, of_wkb = by_duckdb(wkb, 'ST_AsWKB(geometry)')
    answer = {'duckdb': same(from_wkb([row[0] for row in rows]), source), 'duckdb_type': of_wkb,
        'gpkg': same(through('GPKG', wkb, geometry_type), source)}
    if kind != 'mixed':
        rows, of_native = by_duckdb(native, 'geometry')
        answer |= {'lists': [plain(row[0]) for row in rows] == [lists(g) for g in source], 'lists_type': of_native,
            'fgb': same(through('FlatGeobuf', wkb, geometry_type, SPATIAL_INDEX='NO'), filled),
            'gdal_native': refusal(native, geometry_type)}
    bounds = shapely.total_bounds([g for g in source if g is not None])
    answer |= {'bounds': bounds.tolist(), 'areas': [None if g is None else g.area for g in source]}
    answers[name] = answer
print(json.dumps(answers))
`

beforeAll(async () => {
  const folder = await fixture('geoarrow')
  expect((await readdir(folder)).toSorted()).toEqual(LAYERS.map((name) => `${name}.parquet`).toSorted())
  server = await serve([folder])
  for (const layer of LAYERS) {
    while ((await stateOf(layer)) !== 'READY') await new Promise((resolve) => setTimeout(resolve, 50))
    const { data } = await ask<{ features: Encoded }>(
      server,
      'query ($layer: String!) { features(layer: $layer, orderBy: [{ property: "n" }]) { native: arrow wkb: arrow(geometry: WKB) } }',
      { layer },
    )
    encoded[layer] = data!.features
  }
  read = await python(READ, [folder, SPATIAL_EXTENSION], JSON.stringify(encoded))
})
afterAll(() => server?.close())

async function stateOf(name: string): Promise<string> {
  const { data } = await ask<{ layer: { state: string } }>(server, 'query ($name: String!) { layer(name: $name) { state } }', {
    name,
  })
  return data!.layer.state
}

describe.each(LAYERS)('%s', (layer) => {
  const [name, dimensions] = layer.split('_') as [string, string]

  it('as WKB is a GEOMETRY with its CRS to DuckDB, and comes out of a GeoPackage as it went into GDAL', () => {
    expect(read[layer]).toMatchObject({ duckdb: true, duckdb_type: "GEOMETRY('EPSG:3857')", gpkg: true })
  })

  if (name === 'mixed') {
    it('is WKB, for every request', () => {
      const { native, wkb } = encoded[layer]!
      expect(native).toBe(wkb)
    })
    return
  }

  it('as native columns is lists of positions to DuckDB', () => {
    const depth = { point: 0, linestring: 1, multipoint: 1, polygon: 2, multilinestring: 2, multipolygon: 3 }[name]!
    expect(read[layer]).toMatchObject({ lists: true, lists_type: `DOUBLE[${dimensions.length}]${'[]'.repeat(depth)}` })
  })

  it('goes into FlatGeobuf by GDAL as WKB; native columns GDAL does not write', () => {
    expect(read[layer]).toMatchObject({ fgb: true, gdal_native: expect.stringContaining('should be of Arrow format') })
  })

  it('is of its type to @geoarrow', () => {
    const { column, field } = columnOf(layer)
    const is = {
      point: type.isPoint,
      linestring: type.isLineString,
      polygon: type.isPolygon,
      multipoint: type.isMultiPoint,
      multilinestring: type.isMultiLineString,
      multipolygon: type.isMultiPolygon,
    }[name as (typeof NATIVE)[number]]
    expect(is(column.type)).toBe(true)
    // It takes every position for one of two numbers.
    if (dimensions === 'xyz') return
    const { minX, minY, maxX, maxY } = algorithm.totalBounds(column, field)
    const [west, south, east, north] = read[layer]!['bounds'] as number[]
    expect([minX, minY, maxX, maxY]).toEqual([west, south, east, north])
  })
})

it('polygons have the areas to @geoarrow that they have to shapely', () => {
  const { column } = columnOf('polygon_xy')
  const areas = algorithm.area(column as Parameters<typeof algorithm.area>[0]) as unknown as Vector
  for (const [row, wanted] of (read['polygon_xy']!['areas'] as (number | null)[]).entries()) {
    if (wanted !== null && wanted > 0) expect(areas.get(row)).toBeCloseTo(wanted, 3)
  }
  expect(child.getPolygonChild(column as Parameters<typeof child.getPolygonChild>[0]).length).toBeGreaterThan(column.length)
})

function columnOf(layer: string): { column: Vector; field: Table['schema']['fields'][number] } {
  const table = tableFromIPC(Buffer.from(encoded[layer]!.native, 'base64'))
  return { column: table.getChild('geometry')!, field: table.schema.fields.find((field) => field.name === 'geometry')! }
}
