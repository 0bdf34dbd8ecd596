/** A layer answers to its short and its long name, and to neither short name where two layers ask for it: on a server whose files come and go. */
import { cp, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { SHARED } from '../../support/environment.ts'
import { ask, type PageInfo } from '../../support/graphql.ts'
import { PLACES, serve, type TestServer } from '../../support/server.ts'
import { SPATIAL_EXTENSION } from '../../support/spatial-extension.ts'

/** Workers are replaced when a file is added. */
const ROLL_MS = 110_000
vi.setConfig({ testTimeout: 2.5 * ROLL_MS, hookTimeout: ROLL_MS })
const AIRPORTS = 891
/** Their GeoJSON is larger than all buffers between the server and a client that does not read. */
const WIDE = 200_000

let folder: string
let server: TestServer
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'geoduck-test-'))
  wide = `${basename(folder)}_wide`
  for (const part of ['shp', 'shx', 'dbf', 'prj'])
    await cp(join(SHARED, `data/airports.${part}`), join(folder, `airports.${part}`))
  const rows = `SELECT i AS id, repeat('x', 200) AS text, ST_Point(i % 90, i % 80) AS geometry FROM range(${WIDE}) r(i)`
  await sql(':memory:', [`COPY (${rows}) TO '${join(folder, 'wide.parquet')}' (FORMAT parquet, ROW_GROUP_SIZE 10000)`])
  server = await serve([folder], { watch: true, stallSeconds: 600 })
})
afterAll(async () => {
  await server.close()
  await rm(folder, { recursive: true })
})

interface Named {
  readonly name: string
  readonly longName: string
  readonly graphqlName: string
}
interface Found {
  readonly id: string
  readonly key: string
  readonly layer: string
}

const layers = async (of: TestServer = server): Promise<string[]> =>
  (await ask<{ layers: Named[] }>(of, '{ layers { name longName graphqlName } }')).data!.layers.map(
    ({ name, longName, graphqlName }) => `${name} ${longName} ${graphqlName}`,
  )
const until = (read: () => Promise<unknown>, value: unknown): Promise<void> =>
  expect.poll(read, { timeout: ROLL_MS, interval: 100 }).toEqual(value)

/** Waits for the checks, which prove the columns of keys. */
const checked = (): Promise<void> =>
  until(
    async () =>
      (await ask<{ layers: { state: string }[] }>(server, '{ layers { state } }')).data!.layers.every(
        ({ state }) => state === 'READY',
      ),
    true,
  )

async function sql(database: string, statements: readonly string[]): Promise<void> {
  const duckdb = await DuckDBInstance.create(database)
  const connection = await duckdb.connect()
  for (const statement of [`LOAD '${SPATIAL_EXTENSION}'`, ...statements]) await connection.run(statement)
  connection.closeSync()
  duckdb.closeSync()
}

/** Adds a database with two tables. The key of airports is the number of the row, the key of wide is a column. */
async function addMulti(): Promise<void> {
  const rows = 'AS id, ST_Point(i, i) AS geom FROM range(9) r(i)'
  const file = join(folder, '.new')
  await sql(file, [`CREATE TABLE airports AS SELECT 1 ${rows}`, `CREATE TABLE wide AS SELECT i ${rows}`])
  await rename(file, join(folder, 'multi.duckdb'))
}

async function firstOf(layer: string): Promise<Found> {
  const query = `query ($layer: String!) { features(layer: $layer, first: 1) { features { id key layer } } }`
  return (await ask<{ features: { features: Found[] } }>(server, query, { layer })).data!.features.features[0]!
}

async function nodeOf(id: string): Promise<string | null> {
  const query = 'query ($id: ID!) { node(id: $id) { id ... on Feature { key } } }'
  const { data, errors } = await ask<{ node: Found | null }>(server, query, { id })
  if (errors) throw new Error(errors[0]!.message)
  return data!.node?.key ?? null
}

const download = async (layer: string) => {
  const response = await fetch(`${server.url}/download/${layer}.geojsonl`)
  return { status: response.status, text: await response.text() }
}

/** The error of a document that must fail. */
async function refusal(query: string): Promise<string> {
  const { errors } = await ask(server, query)
  return `${errors![0]!.extensions['code']}: ${errors![0]!.message}`
}

/** The id of a feature of the Shapefile, made while its short name was its name. */
let shortId: string
/** The same of another feature, with the long name. */
let longId: string
/** The long name of the Parquet file. */
let wide: string

test('a layer answers to both of its names in every argument, id and download', async () => {
  await checked()
  expect(await layers()).toEqual(['airports airports_shp airports', `wide ${wide} wide`])
  const first = await firstOf('airports')
  expect(await firstOf('airports_shp')).toEqual(first)
  expect(first).toMatchObject({ layer: 'airports', id: expect.stringMatching(/^airports:/) })
  shortId = first.id
  longId = shortId.replace('airports:', 'airports_shp:')
  expect([await nodeOf(shortId), await nodeOf(longId)]).toEqual([first.key, first.key])
  for (const layer of ['airports', 'airports_shp']) {
    const { data, errors } = await ask<{ layer: Named; feature: Found; other: Found; nearest: object; aggregate: object }>(
      server,
      `query ($layer: String!, $id: ID!, $other: ID!) {
        layer(name: $layer) { name }
        feature(layer: $layer, id: $id) { key __typename }
        other: feature(layer: $layer, id: $other) { key __typename }
        nearest(layer: $layer, to: { wkt: "POINT(0 0)" }, first: 1) { count }
        aggregate(layer: $layer) { rows { count } }
      }`,
      { layer, id: shortId, other: longId },
    )
    expect(errors).toBeUndefined()
    const found = { key: first.key, __typename: 'AirportsFeature' }
    expect(data).toEqual({
      layer: { name: 'airports' },
      feature: found,
      other: found,
      nearest: { count: 1 },
      aggregate: { rows: [{ count: String(AIRPORTS) }] },
    })
  }
  const [short, long] = [await download('airports'), await download('airports_shp')]
  expect(short.status).toBe(200)
  expect(long).toEqual(short)
})

test('a short name that an added layer asks for belongs to neither; streams, cursors and ids of the old name stay valid', async () => {
  const page = '{ features(layer: "airports", first: 10) { pageInfo { endCursor } } }'
  const cursor = (await ask<{ features: { pageInfo: PageInfo } }>(server, page)).data!.features.pageInfo.endCursor
  // The server waits until the rest is read, so it is in the middle of the layer.
  const stream = (await fetch(`${server.url}/download/wide.geojsonl`)).body!.pipeThrough(new TextDecoderStream()).getReader()
  let text = (await stream.read()).value!
  await addMulti()
  await until(
    async () => (await layers()).map((line) => line.split(' ')[0]),
    ['airports_shp', wide, 'multi_airports', 'multi_wide'],
  )
  for (let next = await stream.read(); !next.done; next = await stream.read()) text += next.value
  const keys = text.split('\n').flatMap((line) => /^\{"type":"Feature","id":"(\d+)"/.exec(line)?.[1] ?? [])
  expect(keys).toHaveLength(WIDE)
  expect(new Set(keys).size).toBe(WIDE)

  await checked()
  const rest = 'query ($after: Cursor) { features(layer: "airports_shp", first: 1000, after: $after) { count } }'
  expect((await ask(server, rest, { after: cursor })).data).toEqual({ features: { count: AIRPORTS - 10 } })
  const first = await firstOf('airports_shp')
  expect(first.id).toBe(longId)
  expect([await nodeOf(shortId), await nodeOf(longId)]).toEqual([first.key, first.key])
  expect((await layers())[0]).toBe('airports_shp airports_shp airportsShp')
  const { id } = await firstOf('multi_airports')
  expect(id).toMatch(/^multi_airports:[0-9a-f]{6}-0$/)
  expect(await nodeOf(id.replace('multi_', ''))).toBe('0')
  expect([await nodeOf('multi_wide:3'), await nodeOf(`${wide}:3`)]).toEqual(['3', '3'])
  // Both layers may have made it.
  await expect(nodeOf('wide:3')).rejects.toThrow('`wide` is the short name of 2 layers')

  const fresh = await serve([folder])
  expect(await layers(fresh)).toEqual(await layers())
  await fresh.close()
})

test('the error for a short name of two layers names the long names of both', async () => {
  const message =
    'LAYER_NOT_FOUND: `airports` is the short name of 2 layers, so it belongs to none of them; use the long name of one: `airports_shp`, `multi_airports`.'
  for (const query of [
    '{ features(layer: "airports") { count } }',
    '{ layer(name: "airports") { name } }',
    '{ feature(layer: "airports", id: "1") { key } }',
    '{ aggregate(layer: "airports") { rows { count } } }',
  ]) {
    expect(await refusal(query)).toBe(message)
  }
  const { status, text } = await download('airports')
  expect([status, text]).toEqual([404, expect.stringContaining('`airports_shp`, `multi_airports`')])
  const fields = (...names: string[]) => `use ${names.map((name) => `\`${name}\``).join(' or ')}.`
  expect(await refusal('{ airports { count } }')).toBe(
    `LAYER_NOT_FOUND: \`airports\` is a field of no layer, because several layers have this short name; ${fields('airportsShp', 'multiAirports')}`,
  )
  expect(await refusal('{ airportsFeature(key: "1") { key } }')).toContain(fields('airportsShpFeature', 'multiAirportsFeature'))
  expect(await refusal('{ airport { count } }')).toMatch(/^BAD_INPUT: Cannot query field "airport"/)
})

test('a short name returns to the layer that is left', async () => {
  await rm(join(folder, 'multi.duckdb'))
  await until(() => layers(), ['airports airports_shp airports', `wide ${wide} wide`])
  expect([await nodeOf(shortId), await nodeOf(longId)]).toEqual([expect.any(String), expect.any(String)])
  expect((await ask(server, '{ features(layer: "multi_airports") { count } }')).errors![0]!.extensions['code']).toBe(
    'LAYER_NOT_FOUND',
  )
})

test('a server that was ready stays ready while an added file is prepared, which health and metrics show', async () => {
  const [data, cacheDirectory] = [await mkdtemp(join(tmpdir(), 'geoduck-test-')), await mkdtemp(join(tmpdir(), 'geoduck-test-'))]
  await cp(PLACES, join(data, 'places.parquet'))
  const growing = await serve([data], { watch: true, cacheDirectory, workers: 1 })
  await cp(join(SHARED, 'data/countries.geojson'), join(data, '.new'))
  await rename(join(data, '.new'), join(data, 'countries.geojson'))
  const query = '{ layers { name state } health { ready preparations { layer } } }'
  const seen = {
    statuses: new Set<number>(),
    ready: new Set<boolean>(),
    preparations: new Set<string>(),
    metrics: new Set<string>(),
  }
  const step = async () => {
    const [ready, metrics, answer] = await Promise.all([
      fetch(`${growing.url}/ready`),
      fetch(`${growing.url}/metrics`).then((response) => response.text()),
      ask<{ layers: { name: string; state: string }[]; health: { ready: boolean; preparations: { layer: string }[] } }>(
        growing,
        query,
      ),
    ])
    seen.statuses.add(ready.status)
    seen.ready.add(answer.data!.health.ready)
    for (const { layer } of answer.data!.health.preparations) seen.preparations.add(layer)
    seen.metrics.add(/^geoduck_preparing_layers \d+$/m.exec(metrics)?.[0] ?? '')
    return answer.data!.layers.find(({ name }) => name === 'countries')?.state
  }
  await expect.poll(step, { timeout: ROLL_MS, interval: 1 }).toBe('READY')
  await growing.close()
  for (const one of [data, cacheDirectory]) await rm(one, { recursive: true })
  expect([...seen.statuses]).toEqual([200])
  expect([...seen.ready]).toEqual([true])
  expect([...seen.preparations]).toEqual(['countries'])
  expect(seen.metrics).toContain('geoduck_preparing_layers 1')
})

test('a configured name belongs to its layer alone', async () => {
  const data = await mkdtemp(join(tmpdir(), 'geoduck-test-'))
  await cp(PLACES, join(data, 'places.parquet'))
  await writeFile(join(data, 'places.csv'), 'id\n1\n')
  const one = await serve([data], { layers: [{ name: 'places', path: PLACES }] })
  const names = await layers(one)
  const { data: counted } = await ask(
    one,
    '{ features(layer: "places", first: 1000) { count } layer(name: "places_csv") { kind } }',
  )
  await one.close()
  await rm(data, { recursive: true })
  expect(names).toHaveLength(3)
  expect(names).toEqual(expect.arrayContaining(['places places places', 'places_csv places_csv placesCsv']))
  expect(counted).toEqual({ features: { count: 1000 }, layer: { kind: 'TABLE' } })
})
