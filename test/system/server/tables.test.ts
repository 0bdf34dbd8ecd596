/** Layers without geometry, from every kind of source that holds tables, against the values that pandas wrote. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Table, tableFromIPC } from 'apache-arrow'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { streamFeatures, toGeoJSON, toTable } from '../../../src/client/client.ts'
import { ask } from '../../support/graphql.ts'
import { python } from '../../support/python.ts'
import { serve, type TestServer } from '../../support/server.ts'
import { watch } from '../client/collect.ts'

const ROWS = 5_000
const MAKE = `
import json, os, sys, duckdb, numpy, pandas as pd, pyogrio
folder, rows = sys.argv[1], int(sys.argv[2])
random = numpy.random.default_rng(17)
frame = pd.DataFrame({
    'id': random.permutation(rows).astype('int64'),
    'geometry': [None if i % 7 == 0 else f'word {i % 31} "é"' for i in range(rows)],
    'amount': random.integers(-400, 400, rows) / 8,
    'count': pd.array([None if i % 5 == 0 else i % 12 for i in range(rows)], dtype='Int64'),
    'flag': random.integers(0, 2, rows).astype(bool),
    'day': pd.Series(pd.to_datetime('1960-01-01') + pd.to_timedelta(random.integers(0, 40_000, rows), 'D')).dt.date,
    'at': pd.Series(pd.to_datetime('2020-01-01') + pd.to_timedelta(random.integers(1, 9_000_000, rows) * 11 + 1, 's')),
})
frame.to_parquet(f'{folder}/parquet.parquet', row_group_size=700)
for n, half in enumerate([frame[:2_000], frame[2_000:]]):
    os.makedirs(f'{folder}/halves/half={n}')
    half.drop(columns='id').to_parquet(f'{folder}/halves/half={n}/rows.parquet', row_group_size=700)
frame.to_csv(f'{folder}/csv.csv', index=False, date_format='%Y-%m-%dT%H:%M:%S')
pyogrio.write_dataframe(frame, f'{folder}/attributes.gpkg', layer='attributes')
store = duckdb.connect(f'{folder}/store.duckdb')
store.execute(f"CREATE TABLE duckdb AS FROM '{folder}/parquet.parquet'")
store.execute('CREATE TABLE no_rows (id INTEGER, name VARCHAR)')
store.execute('CREATE TABLE only_key (id INTEGER PRIMARY KEY)')
store.execute('INSERT INTO only_key VALUES (7), (5)')
store.close()
plain = lambda value: None if pd.isna(value) else value.isoformat() if hasattr(value, 'isoformat') else value
print(json.dumps([{name: plain(value) for name, value in row.items()} for row in frame.to_dict('records')]))
`

interface Row {
  readonly id: number
  readonly geometry: string | null
  readonly amount: number
  readonly count: number | null
  readonly flag: boolean
  readonly day: string
  readonly at: string
}

interface Feature {
  readonly key: string
  readonly geometry: unknown
  readonly bbox: unknown
  readonly properties: Readonly<Record<string, unknown>>
}

interface Connection {
  readonly features: readonly Feature[]
  readonly totalCount: string
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null }
}

const LAYERS = ['parquet', 'csv', 'attributes', 'duckdb']
const FIELDS = 'features { key geometry bbox properties } totalCount pageInfo { hasNextPage endCursor }'

let folder: string
let rows: readonly Row[]
let server: TestServer
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'geoduck-tables-'))
  rows = await python<readonly Row[]>(MAKE, [folder, String(ROWS)])
  server = await serve([folder, join(folder, 'halves/*/*.parquet')], { cacheDirectory: join(folder, 'cache') })
})
afterAll(async () => {
  await server?.close()
  await rm(folder, { recursive: true })
})

/** A GeoPackage has its own key, and moments in UTC. 64-bit integers are text in JSON. */
function rowOf({ fid: _, id, at, count, ...others }: Readonly<Record<string, unknown>>): unknown {
  return { ...others, id: Number(id), at: String(at).replace('Z', ''), count: count === null ? null : Number(count) }
}

async function page(layer: string, given: object): Promise<Connection> {
  const { data, errors } = await ask<{ features: Connection }>(
    server,
    `query ($layer: String!, $where: FeatureFilter, $orderBy: [FeatureOrder!], $first: Int, $after: Cursor) {
      features(layer: $layer, where: $where, orderBy: $orderBy, first: $first, after: $after) { ${FIELDS} }
    }`,
    { layer, ...given },
  )
  if (!data) throw new Error(JSON.stringify(errors))
  return data.features
}

/** By pages of `first` features, each after the cursor of the one before. */
async function all(layer: string, first: number, given: object = {}): Promise<Feature[]> {
  const features: Feature[] = []
  let after: string | null = null
  for (;;) {
    const found: Connection = await page(layer, { ...given, first, after })
    features.push(...found.features)
    if (!found.pageInfo.hasNextPage) return features
    after = found.pageInfo.endCursor
  }
}

const idsOf = (found: readonly Feature[]) => found.map(({ properties }) => Number(properties['id']))

describe.each(LAYERS)('the table %s', (layer) => {
  it('has the rows of its file in their order, equal in pages, streams and downloads', async () => {
    const url = `${server.url}/graphql`
    const pages = await all(layer, 777)
    expect(pages.map(({ properties }) => rowOf(properties))).toEqual(rows)
    expect(pages.every(({ geometry, bbox }) => geometry === null && bbox === null)).toBe(true)

    const expected = pages.map(({ key, properties }) => ({ type: 'Feature', id: key, geometry: null, properties }))
    const { type, features } = await toGeoJSON(streamFeatures({ url, layer, batchSize: 333 }))
    expect([type, features]).toEqual(['FeatureCollection', expected])

    const lines = (await (await fetch(`${server.url}/download/${layer}.geojsonl`)).text()).trimEnd().split('\n')
    expect(lines.map((line) => JSON.parse(line))).toEqual(expected)
  })

  it('has the same rows in Arrow, without a geometry column and its metadata', async () => {
    const table = await toTable(streamFeatures({ url: `${server.url}/graphql`, layer, encoding: 'arrow', batchSize: 512 }))
    const names = table.schema.fields.map(({ name }) => name)
    expect(names.filter((name) => name !== 'fid')).toEqual(Object.keys(rows[0]!))
    expect(table.schema.fields.filter(({ metadata }) => metadata.size > 0)).toEqual([])
    expect(columnOf(table, 'geometry')).toEqual(rows.map((row) => row.geometry))
    expect(columnOf(table, 'amount')).toEqual(rows.map((row) => row.amount))

    const file = Buffer.from(await (await fetch(`${server.url}/download/${layer}.arrows`)).arrayBuffer()).toString('base64')
    const read = `
import base64, json, sys, pyarrow as pa
table = pa.ipc.open_stream(base64.b64decode(sys.stdin.read())).read_all()
text = lambda value: value.isoformat().replace('+00:00', '') if hasattr(value, 'isoformat') else value
print(json.dumps([{name: text(value) for name, value in row.items() if name != 'fid'} for row in table.to_pylist()]))`
    expect(await python(read, [], file)).toEqual(rows)
  })

  it.each<[string, object, (row: Row) => boolean | null]>([
    ['text', { name: 'geometry', startsWith: 'word 3' }, ({ geometry }) => geometry?.startsWith('word 3') ?? null],
    ['text that is null', { name: 'geometry', isNull: true }, ({ geometry }) => geometry === null],
    ['a double', { name: 'amount', between: [-3.125, 7.5] }, ({ amount }) => amount >= -3.125 && amount <= 7.5],
    ['an integer', { name: 'count', in: [3, 4, 11] }, ({ count }) => (count === null ? null : [3, 4, 11].includes(count))],
    ['a boolean', { name: 'flag', eq: true }, ({ flag }) => flag],
    ['a date', { name: 'day', lt: '1999-12-31' }, ({ day }) => day < '1999-12-31'],
  ])('is filtered by %s', async (_, property, holds) => {
    const expected = rows.filter((row) => holds(row) === true).map(({ id }) => id)
    expect(expected.length).toBeGreaterThan(50)
    expect(idsOf(await all(layer, 1_000, { where: { property } }))).toEqual(expected)
    const { totalCount } = await page(layer, { where: { not: { property } }, first: 1 })
    expect(Number(totalCount)).toBe(rows.filter((row) => holds(row) === false).length)
  })

  it('is sorted, and resumes at every cut, also among nulls and equal values', async () => {
    const orderBy = [{ property: 'count', direction: 'DESC', nulls: 'FIRST' }, { property: 'geometry' }]
    const where = { property: { name: 'amount', gt: 40 } }
    const text = (value: string | null) => (value === null ? null : Buffer.from(value))
    const order = (a: Row, b: Row) => {
      if (a.count !== b.count) return a.count === null ? -1 : b.count === null ? 1 : b.count - a.count
      const [x, y] = [text(a.geometry), text(b.geometry)]
      return x && y ? Buffer.compare(x, y) : Number(x === null) - Number(y === null)
    }
    const expected = rows
      .filter(({ amount }) => amount > 40)
      .toSorted(order)
      .map(({ id }) => id)
    expect(idsOf(await all(layer, 10_000, { where, orderBy }))).toEqual(expected)
    expect(idsOf(await all(layer, 7, { where, orderBy }))).toEqual(expected)
  })

  it('streams on when its workers are killed', async () => {
    const { ids } = watch({ url: `${server.url}/graphql`, layer, batchSize: 20 })
    const got = await ids(async ({ sequence }) => {
      if (sequence !== 30) return
      const { data } = await ask<{ health: { workers: { pid: number | null }[] } }>(server, '{ health { workers { pid } } }')
      for (const { pid } of data!.health.workers) if (pid !== null) process.kill(pid, 'SIGKILL')
    })
    const keys = (await all(layer, 10_000)).map(({ key }) => key)
    expect(got.map((id) => id.replace(/^[^:]*:/, ''))).toEqual(keys)
  })

  it('answers for one feature, by key and by global id, and explains its plan', async () => {
    const [{ key, properties }] = (await page(layer, { first: 1 })).features as [Feature]
    const { data } = await ask<Record<string, Record<string, unknown>>>(
      server,
      `query ($layer: String!, $key: ID!) {
        feature(layer: $layer, id: $key) { id key layer geometry(as: WKT) bbox properties }
        features(layer: $layer, first: 1) { edges { node { id geometry } } explain { pruning reads } }
      }`,
      { layer, key },
    )
    const { feature, features } = data!
    expect(feature).toMatchObject({ key, layer, geometry: null, bbox: null, properties })
    expect(features).toEqual({
      edges: [{ node: { id: feature!['id'], geometry: null } }],
      explain: { pruning: 'NONE', reads: expect.not.arrayContaining(['geometry']) },
    })
    const node = await ask<{ node: unknown }>(server, 'query ($id: ID!) { node(id: $id) { id ... on Feature { geometry } } }', {
      id: feature!['id'],
    })
    expect(node.data?.node).toEqual({ id: feature!['id'], geometry: null })
  })

  it('is described as a table', async () => {
    const { data } = await ask<{ layer: Record<string, unknown> }>(
      server,
      `query ($layer: String!) {
        layer(name: $layer) { kind state geometryColumn geometryTypes crs { code } extent featureCount pruning check { invalid } }
      }`,
      { layer },
    )
    expect(data?.layer).toEqual({
      ...{ kind: 'TABLE', state: 'READY', geometryColumn: null, geometryTypes: [], crs: null, extent: null },
      ...{ featureCount: String(ROWS), pruning: 'NONE', check: null },
    })
  })
})

it('a table of several files numbers its rows over all of them, and has the columns of its folders', async () => {
  const found = await all('halves', 901, { where: { property: { name: 'amount', gt: 40 } } })
  const expected = rows.flatMap(({ id: _, ...row }, n) =>
    row.amount > 40 ? [[String(n), { ...row, half: n < 2_000 ? 0 : 1 }]] : [],
  )
  expect(
    found.map(({ key, properties: { half, ...others } }) => [
      key,
      { ...(rowOf({ ...others, id: 0 }) as object), half: Number(half) },
    ]),
  ).toEqual(expected.map(([key, row]) => [key, { ...(row as object), id: 0 }]))
})

it.each([
  ['no_rows', ['id', 'name'], []],
  ['only_key', ['id'], [7, 5]],
])('the table %s is whole in every encoding', async (layer, names, ids) => {
  const { features, totalCount } = await page(layer, { first: 10 })
  expect([totalCount, features]).toEqual([
    String(ids.length),
    ids.map((id) => ({ key: String(id), geometry: null, bbox: null, properties: { id } })),
  ])
  const lines = (await (await fetch(`${server.url}/download/${layer}.geojsonl`)).text()).split('\n')
  expect(lines.filter((line) => line !== '').map((line) => JSON.parse(line))).toEqual(
    ids.map((id) => ({ type: 'Feature', id: String(id), geometry: null, properties: { id } })),
  )
  const table = tableFromIPC(new Uint8Array(await (await fetch(`${server.url}/download/${layer}.arrows`)).arrayBuffer()))
  expect(table.schema.fields.map(({ name }) => name).filter((name) => layer === 'only_key' || name !== '_id')).toEqual(names)
  expect([...(table.getChild('id') ?? [])]).toEqual(ids)
})

function columnOf(table: Table, name: string): unknown[] {
  return [...table.getChild(name)!]
}

const POINT = '{ wkt: "POINT (1 2)" }'
const MEMBERS = ['intersects', 'within', 'contains', 'touches', 'crosses', 'overlaps', 'equals', 'disjoint']
const REFUSED: readonly (readonly [argument: string, selected: string, where?: string])[] = [
  ['bbox', 'count', 'bbox: [1, 2, 3, 4]'],
  ...MEMBERS.map((member) => [member, 'count', `${member}: ${POINT}`] as const),
  ['dWithin', 'count', `dWithin: { geometry: ${POINT}, distance: 5 }`],
  ['bbox', 'count', 'or: [{ property: { name: "id", eq: 1 } }, { not: { bbox: [1, 2, 3, 4] } }]'],
  ['crs', 'geojson(crs: "OGC:CRS84")'],
  ['simplify', 'geojson(simplify: 0)'],
  ['bbox', 'geojson(bbox: true)'],
  ['crs', 'arrow(crs: "EPSG:3857")'],
  ['geometry', 'arrow(geometry: WKB)'],
  ['crs', 'features { geometry(crs: "EPSG:3857") }'],
  ['simplify', 'edges { node { geometry(simplify: 1) } }'],
  ['crs', 'features { bbox(crs: "EPSG:3857") }'],
]

it.each(REFUSED)('`%s` of a table is refused in %s', async (argument, selected, where) => {
  const { errors } = await ask(server, `{ features(layer: "csv"${where ? `, where: { ${where} }` : ''}) { ${selected} } }`)
  expect(errors).toMatchObject([
    {
      message: `\`${argument}\`: layer "csv" is a table, which has no geometry; leave \`${argument}\` out.`,
      extensions: { code: 'BAD_INPUT' },
    },
  ])
})

it.each([
  ['geojsonl', { where: { bbox: [1, 2, 3, 4] } }],
  ['geojsonl', { crs: 'OGC:CRS84' }],
  ['arrows', { simplify: 1 }],
  ['arrows', { geometry: 'WKB' }],
])('a download as %s refuses them with the status 400: %o', async (format, given) => {
  const parameters = Object.entries(given).map(([name, value]) => [name, JSON.stringify(value)])
  const response = await fetch(`${server.url}/download/parquet.${format}?${new URLSearchParams(parameters)}`)
  expect([response.status, await response.text()]).toEqual([400, expect.stringContaining('is a table, which has no geometry')])
})
