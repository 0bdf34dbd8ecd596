/** Layers of DuckDB databases. */
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import type { FieldType } from '../../../src/model/field-type.ts'
import { fixture } from '../../fixtures/index.ts'
import { layerOf, testCatalog } from './support.ts'

const folder = await fixture('databases')
const database = (name: string) => join(folder, `${name}.duckdb`)
const catalog = await testCatalog(...['store', 'old', 'with-log'].map(database))
const claimed = catalog.layers()
await catalog.checked
const broken = await testCatalog(...['killer', 'flipped', 'truncated', 'text'].map(database))
await broken.checked
afterAll(() => Promise.all([catalog.close(), broken.close()]))

const problemsOf = (name: string) =>
  broken.problems().flatMap(({ source, reason }) => (source === `${name}.duckdb` ? [reason] : []))

test('each table is a layer, with geometry or without, called like the table and, where others are too, like its database or schema', () => {
  expect(catalog.layers().map(({ name }) => name)).toEqual([
    'indexed',
    'keyed',
    'no_geometry',
    'no_rows',
    'odd_names',
    'old_points',
    'old_sorted',
    'other_points',
    'projected',
    'store_points',
    'store_sorted',
    'types',
    'with-log_points',
  ])
  expect(layerOf(catalog, 'other_points').relation).toEqual({
    kind: 'table',
    database: expect.stringMatching(/^db_store_[0-9a-f]{12}$/),
    schema: 'other',
    table: 'points',
  })
  const { relation } = layerOf(catalog, 'other_points')
  const alias = relation.kind === 'table' ? relation.database : ''
  expect(catalog.access().databases).toContainEqual({ alias, path: database('store'), version: expect.any(String) })
})

test('workers are allowed each database and its write-ahead log, whether it is there or not', () => {
  expect(catalog.files).toEqual(
    expect.arrayContaining([database('old'), `${database('old')}.wal`, `${database('with-log')}.wal`]),
  )
})

test('before its scan, a table’s count, types and extent are not known', () => {
  for (const layer of claimed) {
    expect(layer).toMatchObject({ state: 'CHECKING', featureCount: null, geometryTypes: [], hasZ: null, extent: null })
  }
})

test('counts, types and extents are those of the tables', () => {
  const expected = { featureCount: 3000, geometryTypes: ['Point'], hasZ: false, extent: [-180, -90, 179, 89] }
  expect(layerOf(catalog, 'store_points')).toMatchObject(expected)
  expect(layerOf(catalog, 'old_points')).toMatchObject(expected)
  expect(layerOf(catalog, 'indexed')).toMatchObject({ geometryTypes: ['Polygon'], featureCount: 3000 })
  expect(layerOf(catalog, 'no_rows')).toMatchObject({ featureCount: 0, geometryTypes: [], extent: null })
})

test('rows that only the write-ahead log has are there', () => {
  expect(layerOf(catalog, 'with-log_points').featureCount).toBe(3500)
})

test('the CRS is the column’s; none where the storage format keeps none', () => {
  expect(layerOf(catalog, 'projected').crs).toEqual({ code: 'EPSG:3857', name: 'EPSG:3857', isLonLat: false })
  expect(layerOf(catalog, 'old_points').crs).toBeNull()
})

test('a primary key of one column is the key at once, a column named like one after the scan', () => {
  const key = (layers: typeof claimed, name: string) => layers.find((layer) => layer.name === name)?.key
  expect(key(claimed, 'keyed')).toEqual({ kind: 'COLUMN', column: 'code', isPrimary: true })
  expect(key(claimed, 'odd_names')).toEqual({ kind: 'COLUMN', column: 'my id', isPrimary: true })
  expect(key(claimed, 'store_points')).toEqual({ kind: 'ROW_NUMBER' })
  expect(key(catalog.layers(), 'store_points')).toEqual({ kind: 'COLUMN', column: 'id' })
})

test('the first geometry column is the geometry, others are properties', () => {
  const { geometryColumn, columns } = layerOf(catalog, 'odd_names')
  expect([geometryColumn, ...columns.map(({ name, native }) => `${name} ${native}`)]).toEqual([
    'my geom',
    'my id INTEGER',
    'Second GEOMETRY',
    'rowid INTEGER',
    'inside GEOMETRY[]',
  ])
  expect(columns.map(({ nullable }) => nullable)).toEqual([false, true, true, true])
})

test('every DuckDB type has one of Arrow beside it, as a tree', () => {
  const { columns } = layerOf(catalog, 'types')
  const types = new Map(columns.map(({ name, type }) => [name, type]))
  const expected: Readonly<Record<string, FieldType>> = {
    decimal_38: { kind: 'decimal', precision: 38, scale: 3 },
    enumeration: { kind: 'dictionary', values: ['a', 'b'] },
    json: { kind: 'json' },
    list: { kind: 'list', child: { kind: 'int', bits: 32, signed: true } },
    array: { kind: 'list', child: { kind: 'int', bits: 32, signed: true } },
    map: { kind: 'map', key: { kind: 'utf8' }, value: { kind: 'int', bits: 32, signed: true } },
    struct: {
      kind: 'struct',
      fields: [
        { name: 'a', type: { kind: 'int', bits: 32, signed: true } },
        { name: 'b', type: { kind: 'json' } },
      ],
    },
    union: {
      kind: 'union',
      fields: [
        { name: 'number', type: { kind: 'int', bits: 32, signed: true } },
        { name: 'text', type: { kind: 'utf8' } },
      ],
    },
    second: { kind: 'geometry' },
    timetz: { kind: 'time', unit: 'us', offset: true },
    timestamptz: { kind: 'timestamp', unit: 'us', utc: true },
    timestamp_ns: { kind: 'timestamp', unit: 'ns', utc: false },
    uhugeint: { kind: 'int', bits: 128, signed: false },
    bignum: { kind: 'int', bits: null, signed: true },
    blob: { kind: 'binary' },
    uuid: { kind: 'uuid' },
    bit: { kind: 'bits' },
    float: { kind: 'float', bits: 32 },
  }
  expect(Object.fromEntries(Object.keys(expected).map((name) => [name, types.get(name)]))).toEqual(expected)
  expect(columns.filter(({ type }) => type.kind === 'other').map(({ native }) => native)).toEqual([])
})

test('a view is a problem that says what to do, with geometry or without', () => {
  const reasons = catalog.problems().map(({ reason }) => reason)
  expect(reasons).toEqual(
    ['a_view', 'a_view_without_geometry'].map(
      (view) => `view ${view}: only tables are served: make one of it, CREATE TABLE ... AS FROM ${view}`,
    ),
  )
})

test('geometry that would end a process keeps its layer out, and only that', () => {
  expect(
    broken.layers().filter(({ relation }) => relation.kind === 'table' && relation.database.startsWith('db_killer_')),
  ).toMatchObject([{ name: 'harmless', state: 'READY', featureCount: 3000 }])
  expect(problemsOf('killer').sort()).toEqual([
    'layer killer: it is not served: a value of its column geom cannot be read safely (row 77, counted from 0): mend them in the source, or remove their rows',
    'layer nested_killer: it is not served: a value of its column inside cannot be read safely (row 77, counted from 0): mend them in the source, or remove their rows',
    'layer second_killer: it is not served: a value of its column other cannot be read safely (row 77, counted from 0): mend them in the source, or remove their rows',
  ])
})

test('a database that is broken is a problem, without a path', () => {
  expect(problemsOf('flipped')).toEqual([
    'it is corrupt: a checksum does not match; replace it by an undamaged copy, or write it again',
  ])
  expect(problemsOf('truncated').join()).toContain('it is cut short')
  expect(problemsOf('text')).toEqual(['it is not a DuckDB database, although its name says so: write it again, or rename it'])
  expect(JSON.stringify([...broken.problems(), ...broken.lines])).not.toContain(folder)
})

test('a table prunes by its index, else by its statistics where the storage format keeps any', () => {
  const pruning = ['indexed', 'odd_names', 'store_sorted', 'old_sorted'].map((name) => layerOf(catalog, name).pruning.kind)
  expect(pruning).toEqual(['RTREE', 'RTREE', 'ROW_GROUP_STATISTICS', 'NONE'])
})
