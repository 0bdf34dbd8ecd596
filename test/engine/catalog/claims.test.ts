/** Claims of Parquet files, their folders and their metadata about which few writers and readers agree. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import type { Catalog } from '../../../src/catalog/catalog.ts'
import { inEngine } from '../../support/engine.ts'
import { python } from '../../support/python.ts'
import { layerOf, problemOf, testCatalog } from './support.ts'

const folder = mkdtempSync(join(tmpdir(), 'geoduck-claims-'))

/** Boxes of features, and the value that the problem names. Null: no problem. */
const EXTENTS: Readonly<Record<string, { box: number[]; reach: string | null }>> = {
  degrees: { box: [-180, -90, 180, 90], reach: null },
  from_0_to_360: { box: [0, -90, 360, 90], reach: null },
  across_the_antimeridian: { box: [170, -10, 190, 10], reach: null },
  cells_over_a_pole: { box: [-0.5, -90.5, 359.5, 90.5], reach: null },
  metres: { box: [652469, 6862035, 652471, 6862036], reach: '652471' },
  metres_to_the_west: { box: [-652469, 10, -652460, 11], reach: '-652469' },
  longitude: { box: [0, 0, 361, 5], reach: '361' },
  exchanged: { box: [40, -120, 50, -70], reach: 'the latitude -120' },
}

const MAKE = `
import json, os, sys, pyarrow as pa, pyarrow.parquet as pq, shapely
folder, extents = sys.argv[1], json.loads(sys.argv[2])
def write(path, geometries, bbox=None, crs=0, **columns):
    column = {'encoding': 'WKB', 'geometry_types': []} | ({} if bbox is None else {'bbox': bbox}) | ({} if crs == 0 else {'crs': crs})
    geo = {'version': '1.0.0', 'primary_column': 'geometry', 'columns': {'geometry': column}}
    os.makedirs(os.path.dirname(f'{folder}/{path}'), exist_ok=True)
    table = pa.table({'geometry': pa.array([shapely.to_wkb(g) for g in geometries], pa.binary()), **columns})
    pq.write_table(table.replace_schema_metadata({'geo': json.dumps(geo)}), f'{folder}/{path}')
nan, inf, point = float('nan'), float('inf'), shapely.Point(1, 2)
write('nan.parquet', [point, None], [nan] * 4)
write('infinite.parquet', [point, None], [inf, inf, -inf, -inf])
write('nan_in_text.parquet', [point], [nan] * 4, {'type': 'GeographicCRS', 'name': 'says NaN, "Infinity" and -Infinity', 'x': -inf})
for name, extent in extents.items():
    write(f'{name}.parquet', [shapely.box(*extent['box'])])
    write(f'{name}_unknown.parquet', [shapely.box(*extent['box'])], crs=None)
for hive, values in {'hive': ['01', '__HIVE_DEFAULT_PARTITION__'], 'hive_of_null': ['a', 'NULL'], 'hive_of_values': ['a', 'b']}.items():
    for n, value in enumerate(values): write(f'{hive}/Kind={value}/same=x/{n}.parquet', [point], n=pa.array([n]))
print('null')
`

/** The crs of a footer, and what its layer has. Undefined: the type has no crs. */
const FORMS: readonly (readonly [string, string | undefined, object | null])[] = [
  ['absent', undefined, { code: 'OGC:CRS84', isLonLat: true }],
  ['srid_0', 'srid:0', null],
  ['srid_4326', 'srid:4326', { code: 'EPSG:4326', isLonLat: true }],
  ['srid_2154', 'srid:2154', { code: 'EPSG:2154', isLonLat: false }],
  ['key', 'projjson:a_key', { code: 'EPSG:2154', name: 'RGF93 v1 / Lambert-93' }],
  ['absent_key', 'projjson:nobody', { code: null, name: 'projjson:nobody', isLonLat: false }],
  ['authority', 'epsg:2154', { code: 'EPSG:2154' }],
  ['nonsense', 'nonsense', { code: null, name: 'nonsense' }],
]

const varint = (value: number): number[] => (value < 128 ? [value] : [(value & 127) | 128, ...varint(value >> 7)])
const withLength = (text: string) => Buffer.from([...varint(Buffer.byteLength(text)), ...Buffer.from(text)])

/** Files with Parquet's own GEOMETRY, whose crs is replaced in the footer of a file that the engine writes. */
async function makeForms(): Promise<void> {
  const file = join(folder, 'form.parquet')
  const written = await inEngine(':memory:', async (connection) => {
    const rows = (crs: string) => `SELECT 1 AS n, ST_SetCRS(ST_Point(1, 2), '${crs}') AS geom`
    const known = "SELECT projjson FROM duckdb_coordinate_systems() WHERE crs_name = 'EPSG:2154'"
    const [[projjson]] = (await connection.runAndReadAll(known)).getRows() as [[string]]
    const options = `FORMAT parquet, GEOPARQUET_VERSION 'NONE', KV_METADATA {a_key: '${projjson.replaceAll("'", "''")}'}`
    await connection.run(`COPY (${rows('')}) TO '${join(folder, 'form_absent.parquet')}' (${options})`)
    await connection.run(`COPY (${rows('OGC:CRS84')}) TO '${file}' (${options})`)
    const type = `SELECT logical_type FROM parquet_schema('${file}') WHERE name = 'geom'`
    return String((await connection.runAndReadAll(type)).getRows()[0]?.[0]).slice('GeometryType(crs='.length, -1)
  })
  const bytes = readFileSync(file)
  const start = bytes.length - 8 - bytes.readUInt32LE(bytes.length - 8)
  const footer = bytes.subarray(start, -8)
  const from = footer.indexOf(withLength(written))
  expect(from).toBeGreaterThan(0)
  for (const [name, crs] of FORMS) {
    if (crs === undefined) continue
    const changed = Buffer.concat([footer.subarray(0, from), withLength(crs), footer.subarray(from + withLength(written).length)])
    const length = Buffer.alloc(4)
    length.writeUInt32LE(changed.length)
    writeFileSync(
      join(folder, `form_${name}.parquet`),
      Buffer.concat([bytes.subarray(0, start), changed, length, Buffer.from('PAR1')]),
    )
  }
  rmSync(file)
}

mkdirSync(folder, { recursive: true })
await python(MAKE, [folder, JSON.stringify(EXTENTS)])
await makeForms()
const catalog: Catalog = await testCatalog(
  folder,
  ...['hive', 'hive_of_null', 'hive_of_values'].map((name) => join(folder, name, '*/*/*.parquet')),
)
const claimed = new Map(catalog.layers().map((layer) => [layer.name, layer]))
await catalog.checked
afterAll(async () => {
  await catalog.close()
  rmSync(folder, { recursive: true })
})

test.each([
  ['hive', true],
  ['hive_of_null', true],
  ['hive_of_values', false],
])('a column of the folders of %s is nullable if a folder says null: %s', (name, isNullable) => {
  const nullable = Object.fromEntries(layerOf(catalog, name).columns.map((column) => [column.name, column.nullable]))
  expect(nullable).toEqual({ n: true, Kind: isNullable, same: false })
})

test.each(['nan', 'infinite'])('a box of %s in the metadata is ignored, and the layer is served', (name) => {
  expect(claimed.get(name)?.extent).toBeNull()
  expect(layerOf(catalog, name)).toMatchObject({ state: 'READY', featureCount: 2, extent: [1, 2, 1, 2] })
  expect(problemOf(catalog, `${name}.parquet`)).toBeUndefined()
})

test('a text that says NaN is unchanged', () => {
  expect(layerOf(catalog, 'nan_in_text').crs?.name).toBe('says NaN, "Infinity" and -Infinity')
})

test.each(Object.entries(EXTENTS))('coordinates of %s are a problem only if they cannot be degrees', (name, { reach }) => {
  const reason = `its CRS is OGC:CRS84 (degrees), but its coordinates reach ${reach}: `
  const problem = problemOf(catalog, `${name}.parquet`)
  if (reach === null) expect(problem).toBeUndefined()
  else expect(problem).toContain(reason)
  if (problem) expect(problem).toMatch(/give the layer its `crs` in the configuration$/)
  expect(layerOf(catalog, name).state).toBe('READY')
  expect(problemOf(catalog, `${name}_unknown.parquet`)).toBeUndefined()
})

test.each(FORMS)('Parquet’s own geometry with the crs %s has the CRS that the specification says', (name, _, crs) => {
  const layer = layerOf(catalog, `form_${name}`)
  if (crs === null) expect(layer.crs).toBeNull()
  else expect(layer.crs).toMatchObject(crs)
  const problem = problemOf(catalog, `form_${name}.parquet`)
  if (crs !== null && 'code' in crs && crs.code === null) expect(problem).toContain('none that PROJ knows')
  else expect(problem).toBeUndefined()
})
