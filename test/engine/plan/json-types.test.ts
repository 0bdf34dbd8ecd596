import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Layer } from '../../../src/model/layer.ts'
import { queryOf } from '../../support/filter.ts'
import { Engine } from '../../support/plan/engine.ts'

/** SQL of a value, and what a client gets for it. */
const VALUES: readonly (readonly [sql: string, json: unknown])[] = [
  ['true', true],
  ['(-128)::TINYINT', -128],
  ['65535::USMALLINT', 65535],
  ['4294967295::UINTEGER', 4294967295],
  ['9223372036854775807::BIGINT', '9223372036854775807'],
  ["'18446744073709551615'::UBIGINT", '18446744073709551615'],
  ["'-170141183460469231731687303715884105728'::HUGEINT", '-170141183460469231731687303715884105728'],
  ["'340282366920938463463374607431768211455'::UHUGEINT", '340282366920938463463374607431768211455'],
  [
    "'123456789012345678901234567890123456789012345678901234567890'::BIGNUM",
    '123456789012345678901234567890123456789012345678901234567890',
  ],
  ['0.1::FLOAT', 0.1],
  ["'nan'::FLOAT", null],
  ['0.30000000000000004::DOUBLE', 0.30000000000000004],
  ["'-inf'::DOUBLE", null],
  ['12345.6789::DECIMAL(9, 4)', 12345.6789],
  ["'1234567890123456789.0123456789'::DECIMAL(38, 10)", '1234567890123456789.0123456789'],
  [`'é "quoted" \\ ' || chr(10) || chr(0) || '\u{1F986}'`, 'é "quoted" \\ \n\0\u{1F986}'],
  ["''", ''],
  ["'\\x00\\xFF'::BLOB", 'AP8='],
  ["'7fffffff-0000-4000-8000-000000000001'::UUID", '7fffffff-0000-4000-8000-000000000001'],
  ["'1010'::BIT", '1010'],
  ["'b'::ENUM('a', 'b')", 'b'],
  ["'2026-05-31'::DATE", '2026-05-31'],
  ["'0044-03-15 (BC)'::DATE", '-000043-03-15'],
  ["'infinity'::DATE", null],
  ["'12:34:56.789012'::TIME", '12:34:56.789012'],
  ["'12:34:56.789012345'::TIME_NS", '12:34:56.789012345'],
  ["'12:34:56+05:30'::TIMETZ", '12:34:56+05:30'],
  ["'2026-05-31 12:34:56.5'::TIMESTAMP", '2026-05-31T12:34:56.500'],
  ["'12026-05-31 12:34:56'::TIMESTAMP", '+012026-05-31T12:34:56'],
  ["'2026-05-31 12:34:56'::TIMESTAMP_S", '2026-05-31T12:34:56'],
  ["'2026-05-31 12:34:56.789'::TIMESTAMP_MS", '2026-05-31T12:34:56.789'],
  ["'2026-05-31 12:34:56.123456789'::TIMESTAMP_NS", '2026-05-31T12:34:56.123456789'],
  ["'2026-05-31 12:34:56.000001+02'::TIMESTAMPTZ", '2026-05-31T10:34:56.000001Z'],
  ["'-infinity'::TIMESTAMPTZ", null],
  ["INTERVAL '14 months -3 days 04:05:06.7'", 'P1Y2M-3DT4H5M6.7S'],
  ["INTERVAL '-1 year -1.5 seconds'", 'P-1YT-1.5S'],
  ["INTERVAL '100 hours'", 'PT100H'],
  ["INTERVAL '0 days'", 'PT0S'],
  [`'{"b": [1, null, {"c": "x"}], "a": 1.50}'::JSON`, { b: [1, null, { c: 'x' }], a: 1.5 }],
  [`'[nan, -Infinity, "nan, \\"inf", {"inf": INF}]'::JSON`, [null, null, 'nan, "inf', { inf: null }]],
]

const LINE = [
  { x: 0, y: 1 },
  { x: 2, y: 3 },
]

/** Nested types, for which every value above is a member too. */
const NESTED: readonly (readonly [sql: string, json: unknown])[] = [
  ['[]::INTEGER[]', []],
  ['[1, NULL, 3]::INTEGER[3]', [1, null, 3]],
  ["[[1.5::FLOAT, 'nan'::FLOAT], NULL, []]", [[1.5, null], null, []]],
  ['[9007199254740993, NULL]', ['9007199254740993', null]],
  ["{'a': 1, 'B b\"': NULL, 'it''s': [{'x': 'inf'::DOUBLE}]}", { a: 1, 'B b"': null, "it's": [{ x: null }] }],
  ["MAP {'b': 1.5, 'a': NULL}", { b: 1.5, a: null }],
  ["MAP {1::BIGINT: 'x'}", { 1: 'x' }],
  ["MAP {'2026-05-31 12:00:00'::TIMESTAMP: [1]}", { '2026-05-31T12:00:00': [1] }],
  ["MAP {'b'::ENUM('a', 'b'): {'x': 9007199254740993}}", { b: { x: '9007199254740993' } }],
  [
    "MAP {[1, 2]: 'x', [3]: NULL}",
    [
      { key: [1, 2], value: 'x' },
      { key: [3], value: null },
    ],
  ],
  ["MAP {{'k': 1::BIGINT}: 'nan'::DOUBLE}", [{ key: { k: '1' }, value: null }]],
  ['MAP {}::MAP(VARCHAR, INTEGER)', {}],
  ['union_value(num := 9007199254740993)', { num: '9007199254740993' }],
  ["'x'::UNION(num BIGINT, str VARCHAR)", { str: 'x' }],
  ['NULL::BIGINT::UNION(num BIGINT, str VARCHAR)', { num: null }],
  [
    `{'a': 1, 'b': ['nan'::DOUBLE], 'c': 'x,NaN,"y', 'NaN': '-inf'::FLOAT}::VARIANT`,
    { a: 1, b: [null], c: 'x,NaN,"y', NaN: null },
  ],
  [`[{'j': '{"a": 1}'::JSON}, NULL]`, [{ j: { a: 1 } }, null]],
  ['[ST_Point(1, 2)]', ['POINT (1 2)']],
]

/** Types of the spatial extension, which are structs and lists with a name. */
const SPATIAL: readonly (readonly [sql: string, json: unknown])[] = [
  ['ST_Point(1, 2)::POINT_2D', { x: 1, y: 2 }],
  ["{'x': 1, 'y': 2, 'z': 'inf'}::POINT_3D", { x: 1, y: 2, z: null }],
  ["{'x': 1, 'y': 2, 'z': 3, 'm': 'nan'}::POINT_4D", { x: 1, y: 2, z: 3, m: null }],
  ["{'min_x': 1, 'min_y': 2, 'max_x': 3, 'max_y': 4}::BOX_2D", { min_x: 1, min_y: 2, max_x: 3, max_y: 4 }],
  ["{'min_x': 0.1, 'min_y': 2, 'max_x': 3, 'max_y': 4}::BOX_2DF", { min_x: 0.1, min_y: 2, max_x: 3, max_y: 4 }],
  ["ST_GeomFromText('LINESTRING (0 1, 2 3)')::LINESTRING_2D", LINE],
  ["ST_GeomFromText('POLYGON ((0 1, 2 3, 4 5, 0 1))')::POLYGON_2D", [[...LINE, { x: 4, y: 5 }, { x: 0, y: 1 }]]],
  ['ST_AsWKB(ST_Point(0, 0))', 'AQEAAAAAAAAAAAAAAAAAAAAAAAAA'],
]

const ALL = [
  ...VALUES,
  ...NESTED,
  ...SPATIAL,
  ...[...VALUES, ...SPATIAL].flatMap(
    ([sql, json]) =>
      [
        [`[${sql}, NULL]`, [json, null]],
        [`{'m': ${sql}, 'n': [{'o': ${sql}}, NULL]}`, { m: json, n: [{ o: json }, null] }],
        [`MAP {'k': ${sql}}`, { k: json }],
        [`union_value(u := ${sql})`, { u: json }],
      ] as [string, unknown][],
  ),
]

const JSON_TYPES: Readonly<Record<string, (json: unknown) => boolean>> = {
  NUMBER: (json) => typeof json === 'number',
  STRING: (json) => typeof json === 'string',
  BOOLEAN: (json) => typeof json === 'boolean',
  OBJECT: (json) => typeof json === 'object' && !Array.isArray(json),
  ARRAY: Array.isArray,
  ANY: () => true,
}

let engine: Engine
let layer: Layer

beforeAll(async () => {
  engine = await Engine.open(1)
  const names = ALL.map((_, n) => `v${n}`)
  await engine.sql(
    `CREATE TABLE types AS SELECT ST_Point(1, 2) AS geom, ${ALL.map(([sql], n) => `${sql} AS ${names[n]}`).join(', ')}`,
  )
  await engine.sql('INSERT INTO types (geom) VALUES (NULL)')
  layer = await engine.table('types')
})

afterAll(() => engine.close())

describe('a value of every type comes out as JSON, by itself and inside of others', () => {
  it.each(ALL.map(([sql, json], n) => ({ sql, json, n })))('$sql', async ({ json, n }) => {
    const [present, absent] = await engine.features(queryOf(layer, { properties: [`v${n}`] }))
    expect(present?.properties).toEqual({ [`v${n}`]: json })
    expect(absent?.properties).toEqual({ [`v${n}`]: null })
    const { jsonType } = layer.columns[n]!
    if (json !== null) expect(JSON_TYPES[jsonType]!(json), jsonType).toBe(true)
  })

  it('a Parquet struct without names has the numbers of its members as names', async () => {
    const file = join(await mkdtemp(join(tmpdir(), 'geoduck-unnamed-')), 'unnamed.parquet')
    await engine.sql(
      `COPY (SELECT ST_Point(1, 2) AS geom, 7::UNION(num BIGINT, str VARCHAR) AS u, row(1, 'x') AS r, [row(1, 'x'), NULL] AS l,
         {'in': row(row(1.5, 2), NULL)} AS s UNION ALL SELECT NULL, NULL, NULL, NULL, NULL) TO '${file}' (FORMAT parquet)`,
    )
    const unnamed = await engine.parquet(file)
    const [present, absent] = await engine.features(queryOf(unnamed, { properties: null }))
    expect(present!.properties).toEqual({
      u: { 1: 0, num: '7', str: null },
      r: { 1: 1, _1: 'x' },
      l: [{ 1: 1, _1: 'x' }, null],
      s: { in: { 1: { 1: 1.5, _1: 2 }, _1: null } },
    })
    expect(absent!.properties).toEqual({ u: null, r: null, l: null, s: null })
    const property = { name: 'u', path: ['num'], gte: '7' }
    expect(await engine.features(queryOf(unnamed, { where: { property } }))).toHaveLength(1)
  })

  it('all of them at once', async () => {
    const [present, absent] = await engine.features(queryOf(layer, { properties: null }))
    expect(Object.values(present!.properties)).toEqual(ALL.map(([, json]) => json))
    expect(Object.values(absent!.properties).every((value) => value === null)).toBe(true)
  })
})
