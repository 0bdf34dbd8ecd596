/** A layer answers to its short and its long name, and to neither short name where two layers ask for it: on a server whose files come and go. */
import { cp, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { createClient } from 'graphql-ws'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { WebSocket } from 'ws'
import { SHARED } from '../../support/environment.ts'
import { ask } from '../../support/graphql.ts'
import { PLACES, serve, type TestServer } from '../../support/server.ts'
import { SPATIAL_EXTENSION } from '../../support/spatial-extension.ts'

/** Workers are replaced when a file is added. */
const ROLL_MS = 110_000
vi.setConfig({ testTimeout: 2.5 * ROLL_MS, hookTimeout: ROLL_MS })
const AIRPORTS = 891

let folder: string
let server: TestServer
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'geoduck-test-'))
  for (const part of ['shp', 'shx', 'dbf', 'prj'])
    await cp(join(SHARED, `data/airports.${part}`), join(folder, `airports.${part}`))
  server = await serve([folder], { watch: true })
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

/** Adds a database with a table of airports whose key is a column. */
async function addMulti(): Promise<void> {
  const duckdb = await DuckDBInstance.create(join(folder, '.new'))
  const connection = await duckdb.connect()
  await connection.run(`LOAD '${SPATIAL_EXTENSION}'`)
  await connection.run('CREATE TABLE airports AS SELECT i AS id, ST_Point(i, i) AS geom FROM range(9) r(i)')
  connection.closeSync()
  duckdb.closeSync()
  await rename(join(folder, '.new'), join(folder, 'multi.duckdb'))
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

test('a layer answers to both of its names in every argument, id and download', async () => {
  expect(await layers()).toEqual(['airports airports_shp airports'])
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
  const client = createClient({ url: server.socketUrl, webSocketImpl: WebSocket, retryAttempts: 0 })
  const query = 'subscription { featureBatches(layer: "airports", batchSize: 10) { cursor features { key } } }'
  const keys = new Set<string>()
  let cursor: string | null = null
  for await (const { data, errors } of client.iterate<{ featureBatches: { cursor: string; features: Found[] } }>({ query })) {
    expect(errors).toBeUndefined()
    for (const { key } of data!.featureBatches.features) keys.add(key)
    if (cursor) continue
    cursor = data!.featureBatches.cursor
    await addMulti()
    await until(layers, ['airports_shp airports_shp airportsShp', 'multi_airports multi_airports multiAirports'])
  }
  await client.dispose()
  expect(keys.size).toBe(AIRPORTS)

  const rest = 'query ($after: Cursor) { features(layer: "airports_shp", first: 1000, after: $after) { count } }'
  expect((await ask(server, rest, { after: cursor })).data).toEqual({ features: { count: AIRPORTS - 10 } })
  const first = await firstOf('airports_shp')
  expect(first.id).toBe(longId)
  expect([await nodeOf(shortId), await nodeOf(longId)]).toEqual([first.key, first.key])
  expect(await firstOf('multi_airports')).toMatchObject({ id: 'multi_airports:0', layer: 'multi_airports' })
  expect(await nodeOf('multi_airports:3')).toBe('3')

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
  await until(layers, ['airports airports_shp airports'])
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
