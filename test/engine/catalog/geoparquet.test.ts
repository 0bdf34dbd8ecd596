/** Layers of GeoParquet against what geopandas, pyarrow and shapely read. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { fixture } from '../../fixtures/index.ts'
import { SHARED } from '../../support/environment.ts'
import { python } from '../../support/python.ts'
import { layerOf, problemOf, testCatalog } from './support.ts'

const folder = await fixture('geoparquet')
const filesIn = (directory: string) =>
  readdirSync(directory)
    .filter((name) => name.endsWith('.parquet'))
    .map((name) => join(directory, name))
const single = [
  ...filesIn(folder),
  ...filesIn(await fixture('databases')).filter((file) => !file.includes('killer')),
  join(SHARED, 'data/places.parquet'),
]
const parts = filesIn(join(folder, 'parts'))

interface Truth {
  readonly count: number
  readonly types: readonly string[]
  readonly hasZ: boolean
  /** Null: measures, or some with a height and some without. */
  readonly coordinates: 'XY' | 'XYZ' | null
  readonly extent: readonly number[] | null
  readonly crs: { readonly code: string | null; readonly name: string } | null
  readonly columns: readonly string[]
}

const ORACLE = `
import json, sys
import numpy as np, pyarrow.parquet as pq, shapely
import geopandas as gpd
def read(file):
    metadata = pq.read_schema(file).metadata or {}
    if b'geo' in metadata:
        geo = json.loads(metadata[b'geo'])
        column = geo['columns'][geo['primary_column']]
        frame = gpd.read_parquet(file)
        geometry = np.asarray(frame.geometry.values, dtype=object)
        name = geo['primary_column']
        crs = column.get('crs', {'name': 'WGS 84 (CRS84)', 'id': {'authority': 'OGC', 'code': 'CRS84'}})
    else:
        table = pq.read_table(file)
        name = 'geom'
        types = [pq.ParquetFile(file).schema.column(i).logical_type for i in range(len(pq.read_schema(file).names))]
        crs = next(json.loads(json.loads(t.to_json())['crs']) for t in types if t.type == 'GEOMETRY')
        values = table.column(name)
        values = values.combine_chunks() if hasattr(values, 'combine_chunks') else values
        storage = getattr(values, 'storage', values)
        geometry = shapely.from_wkb(np.array(storage.to_pylist(), dtype=object))
    present = [g for g in geometry if g is not None]
    bounds = shapely.total_bounds(np.array(present, dtype=object)).tolist() if present else [float('nan')]
    dimensions = {'XY' + ('Z' if g.has_z else '') + ('M' if g.has_m else '') for g in present}
    code = None if crs is None or not crs.get('id') else f"{crs['id']['authority']}:{crs['id']['code']}"
    return {
        'count': len(geometry), 'types': sorted({g.geom_type for g in present}), 'hasZ': any(g.has_z for g in present),
        'coordinates': next((d for d in ['XY', 'XYZ'] if dimensions == {d}), None),
        'extent': None if any(np.isnan(bounds)) else bounds,
        'crs': None if crs is None else {'code': code, 'name': crs['name']},
        'columns': [c for c in pq.read_schema(file).names if c != name],
    }
print(json.dumps({file: read(file) for file in sys.argv[1:]}))
`

const catalog = await testCatalog(...single)
const described = new Map(
  catalog.layers().map((layer) => [layer.relation.kind === 'parquet' ? layer.relation.files[0] : '', layer]),
)
const truth = await python<Record<string, Truth>>(ORACLE, single)
await catalog.checked
afterAll(() => catalog.close())

const shared = await testCatalog(
  join(folder, 'parts'),
  join(folder, 'years/*/*.parquet'),
  join(folder, 'files'),
  ...['other-type', 'other-column', 'other-crs'].map((name) => join(folder, name, '*.parquet')),
)
await shared.checked
afterAll(() => shared.close())

describe('a layer of one file', () => {
  test.each(single)('%s: count, types, height, extent and CRS are what geopandas reads', (file) => {
    const { name } = described.get(file) ?? {}
    const layer = layerOf(catalog, name ?? file)
    const expected = truth[file]!
    expect(layer.state).toBe('READY')
    expect(layer.featureCount).toBe(expected.count)
    expect([...layer.geometryTypes].sort()).toEqual(expected.types)
    expect(layer.hasZ).toBe(expected.hasZ)
    expect(layer.coordinates).toBe(expected.coordinates)
    expect(layer.extent).toEqual(expected.extent)
    expect(layer.crs && { code: layer.crs.code, name: layer.crs.name }).toEqual(expected.crs)
  })

  test('claims nothing that its scan disproves while it is not scanned yet', () => {
    for (const [file, layer] of described) {
      const expected = truth[file ?? '']!
      expect(layer.state).toBe('CHECKING')
      expect([null, expected.count]).toContain(layer.featureCount)
      if (layer.hasZ !== null) expect([layer.name, layer.hasZ]).toEqual([layer.name, expected.hasZ])
      for (const type of layer.geometryTypes) expect(`${layer.name} ${expected.types}`).toContain(type)
    }
  })

  test('has the columns of the file but geometry and covering, in its order', () => {
    expect(layerOf(catalog, 'points-1_1-covering').columns.map(({ name }) => name)).toEqual(['id', 'name'])
    expect(layerOf(catalog, 'places').columns.map(({ name }) => name)).toEqual(
      truth[join(SHARED, 'data/places.parquet')]!.columns.filter((name) => name !== 'bbox'),
    )
    expect(layerOf(catalog, 'geometry-only').columns).toEqual([])
  })

  test('is in longitude and latitude for every spelling of WGS 84', () => {
    const lonLat = (name: string) => layerOf(catalog, name).crs?.isLonLat
    expect(['points-1_0', 'crs-absent', 'crs-wgs84-without-id', 'places'].map(lonLat)).toEqual([true, true, true, true])
    expect(['projected', 'nad83', 'crs-own'].map(lonLat)).toEqual([false, false, false])
    expect(lonLat('crs-null')).toBeUndefined()
  })

  test('has a column as key only if it is named like one and every value is there and unique', () => {
    const key = (name: string) => layerOf(catalog, name).key
    expect(key('key-id')).toEqual({ kind: 'COLUMN', column: 'id' })
    expect(key('key-text')).toEqual({ kind: 'COLUMN', column: 'FID' })
    expect(key('key-null')).toEqual({ kind: 'ROW_NUMBER' })
    expect(key('key-twice')).toEqual({ kind: 'ROW_NUMBER' })
    expect(key('places')).toEqual({ kind: 'ROW_NUMBER' })
  })

  test('keeps a second geometry column as a property', () => {
    const { geometryColumn, columns } = layerOf(catalog, 'two-geometries')
    expect([geometryColumn, ...columns.map(({ name }) => name)]).toEqual(['geometry', 'name', 'other'])
  })

  test('with column names that differ in case only has the engine’s names for them', () => {
    const { geometryColumn, columns } = layerOf(catalog, 'weird-names')
    const names = columns.map(({ name }) => name)
    expect(names).toEqual(
      expect.arrayContaining(['Name', 'name_1', 'geom"etry', "it's", '🦆', 'rowid', 'bbox', 'file_row_number']),
    )
    expect(names).not.toContain(geometryColumn)
  })

  test('has the type of every column', () => {
    const types = layerOf(catalog, 'attributes').columns.map(({ name, native, jsonType, nullable }) => [
      name,
      native,
      jsonType,
      nullable,
    ])
    expect(types).toEqual([
      ['bool', 'BOOLEAN', 'BOOLEAN', true],
      ['int8', 'TINYINT', 'NUMBER', true],
      ['uint8', 'UTINYINT', 'NUMBER', true],
      ['int32', 'INTEGER', 'NUMBER', true],
      ['uint64', 'UBIGINT', 'STRING', true],
      ['int64', 'BIGINT', 'STRING', true],
      ['float', 'FLOAT', 'NUMBER', true],
      ['double', 'DOUBLE', 'NUMBER', true],
      ['decimal', 'DECIMAL(38,3)', 'STRING', true],
      ['small_decimal', 'DECIMAL(9,2)', 'NUMBER', true],
      ['text', 'VARCHAR', 'STRING', true],
      ['blob', 'BLOB', 'STRING', true],
      ['date', 'DATE', 'STRING', true],
      ['time', 'TIME', 'STRING', true],
      ['timestamp_ms', 'TIMESTAMP', 'STRING', true],
      ['timestamp_us', 'TIMESTAMP', 'STRING', true],
      ['timestamp_ns', 'TIMESTAMP_NS', 'STRING', true],
      ['instant', 'TIMESTAMP WITH TIME ZONE', 'STRING', true],
      ['list', 'INTEGER[]', 'ARRAY', true],
      ['struct', 'STRUCT(a BIGINT, b VARCHAR[])', 'OBJECT', true],
      ['map', 'MAP(VARCHAR, DOUBLE)', 'OBJECT', true],
      ['uuid', 'UUID', 'STRING', true],
      ['json', 'JSON', 'ANY', true],
      ['required', 'BIGINT', 'STRING', false],
    ])
  })
})

describe('a covering column', () => {
  const claimedPruning = (name: string) => described.get(join(folder, `${name}.parquet`))!.pruning.kind
  const provenPruning = (name: string) => layerOf(catalog, name).pruning

  test('that is declared is used from the start, and named as it is declared', () => {
    expect(claimedPruning('points-1.1-covering')).toBe('COVERING_COLUMN')
    expect(provenPruning('points-1_1-covering')).toEqual({
      kind: 'COVERING_COLUMN',
      column: 'bbox',
      members: { xmin: 'xmin', ymin: 'ymin', xmax: 'xmax', ymax: 'ymax' },
      float32: false,
    })
    expect(provenPruning('covering-float32')).toMatchObject({ kind: 'COVERING_COLUMN', float32: true })
    expect(provenPruning('native-polygon-covering')).toMatchObject({ kind: 'COVERING_COLUMN', column: 'bbox' })
  })

  test('that nobody declares is used once it is proven', () => {
    for (const name of ['covering-undeclared', 'covering-undeclared-float32']) {
      expect([claimedPruning(name), provenPruning(name).kind]).toEqual(['NONE', 'COVERING_COLUMN'])
    }
    expect(provenPruning('places')).toMatchObject({ kind: 'COVERING_COLUMN', column: 'bbox' })
  })

  test('that does not cover is a property and not used, and a problem where it was declared', () => {
    for (const name of ['covering-that-lies', 'covering-undeclared-that-lies']) {
      expect(provenPruning(name)).toEqual({ kind: 'NONE' })
      expect(layerOf(catalog, name).columns.map((column) => column.name)).toEqual(['id', 'bbox'])
    }
    expect(problemOf(catalog, 'covering-that-lies.parquet')).toContain('covering column bbox does not cover')
    expect(problemOf(catalog, 'covering-undeclared-that-lies.parquet')).toBeUndefined()
  })

  test('of a native point is the point itself', () => {
    expect(provenPruning('native-point')).toMatchObject({
      column: 'geometry',
      members: { xmin: 'x', ymin: 'y', xmax: 'x', ymax: 'y' },
    })
  })

  test('of another type than a box of numbers is a property', () => {
    expect(provenPruning('weird-names')).toEqual({ kind: 'NONE' })
  })
})

describe('a layer of several files', () => {
  test('is a folder of parts, or a pattern, in the order of the paths', () => {
    const layer = layerOf(shared, 'parts')
    expect(layer.relation).toMatchObject({ kind: 'parquet', files: parts, fileRows: Array(10).fill(500) })
    expect(layer).toMatchObject({ featureCount: 5000, key: { column: 'id' }, pruning: { kind: 'COVERING_COLUMN' } })
    expect(layer.extent).toEqual(truth[join(folder, 'points-1.1.parquet')]!.extent)
  })

  test('knows of each file where its features are, from the statistics of its covering column', () => {
    const { relation, extent } = layerOf(shared, 'parts')
    const extents = relation.kind === 'parquet' ? relation.fileSummaries!.map((summary) => summary.extent!) : []
    const side = (n: number, of: (...sides: number[]) => number) => of(...extents.map((box) => box[n]!))
    const whole = [side(0, Math.min), side(1, Math.min), side(2, Math.max), side(3, Math.max)]
    expect(extents).toHaveLength(10)
    // The box has floats.
    for (const [n, value] of whole.entries()) expect(value).toBeCloseTo(extent![n]!, 4)
    expect(new Set(extents.map(String)).size).toBe(10)
  })

  test('has the columns of folders that are named key=value', () => {
    const years = shared.layers().find(({ featureCount }) => featureCount === 1500)
    expect(years?.columns.find(({ name }) => name === 'year')).toMatchObject({ native: 'BIGINT', nullable: false })
  })

  test('whose files do not fit together is a problem that names the file', () => {
    const reasons = shared.problems().map(({ reason }) => reason)
    expect(reasons).toEqual([
      'its files do not fit together: b.parquet has another type of column id than a.parquet; write them alike, or serve each by itself',
      'its files do not fit together: b.parquet has a column more, unlike a.parquet; write them alike, or serve each by itself',
      'its files do not fit together: b.parquet has another CRS, encoding or geometry column than a.parquet; write them alike, or serve each by itself',
    ])
  })
})

/** Both names are the same without their special characters. */
const DIGESTED = expect.stringMatching(/^we_i_rd_näme_[0-9a-f]{12}$/)

test('files whose names hold wildcards are served, each for itself', () => {
  const names = shared.layers().filter(({ featureCount }) => featureCount === 1)
  expect(names.map(({ name }) => name)).toEqual([DIGESTED, DIGESTED])
  expect(new Set(names.map(({ fingerprint }) => fingerprint)).size).toBe(1)
})
