/** A server whose configuration file and folder change: each operation on every wire has the schema of the layers as they are now. */
import { cp, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from 'graphql-ws'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { WebSocket } from 'ws'
import { resolveConfig } from '../../../src/config/resolve.ts'
import { fixture } from '../../fixtures/index.ts'
import { ask } from '../../support/graphql.ts'
import { configured, PLACES, type TestServer } from '../../support/server.ts'

/** All workers are replaced when other files are named, which takes long where many processes wait for few processors. */
const ROLL_MS = 110_000
vi.setConfig({ testTimeout: 2.5 * ROLL_MS, hookTimeout: ROLL_MS })

const points = await fixture('geoparquet/points-1.1-covering.parquet')
const FIRST = [
  { name: 'towns', path: PLACES },
  { name: 'spots', path: points },
]

let folder: string
let file: string
let server: TestServer
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'geoduck-test-'))
  file = join(folder, 'geoduck.json')
  await write(JSON.stringify({ layers: FIRST }))
  const read = async () => (await resolveConfig({ paths: [], configFile: file, settings: {} })).config
  server = await configured({ file, read }, { watch: true, layers: (await read()).layers })
})
afterAll(async () => {
  await server.close()
  await rm(folder, { recursive: true })
})

async function write(text: string): Promise<void> {
  await writeFile(join(folder, '.new'), text)
  await rename(join(folder, '.new'), file)
}

const until = (read: () => Promise<unknown>, value: unknown): Promise<void> =>
  expect.poll(read, { timeout: ROLL_MS, interval: 100 }).toEqual(value)

const layers = async () =>
  (await ask<{ layers: { name: string; title: string | null }[] }>(server, '{ layers { name title } }')).data!.layers
const names = async () => (await layers()).map(({ name }) => name)
const problems = async () =>
  (await ask<{ health: { problems: { source: string; reason: string }[] } }>(server, '{ health { problems { source reason } } }'))
    .data!.health.problems

test('a changed configuration changes the layers and their types on an open socket, and a running stream continues', async () => {
  const client = createClient({ url: server.socketUrl, webSocketImpl: WebSocket })
  const overSocket = async (query: string) => {
    for await (const result of client.iterate<Record<string, unknown>>({ query })) return result
    throw new Error('There is no result')
  }
  const stream = client.iterate<{ spots: { count: number } }>({ query: 'subscription { spots(batchSize: 100) { count } }' })
  let count = (await stream.next()).value!.data!.spots.count
  await expect(overSocket('{ cities { count } }')).rejects.toMatchObject([
    { message: 'Cannot query field "cities" on type "Query".' },
  ])

  await write(JSON.stringify({ layers: [{ name: 'cities', path: PLACES, title: 'Cities' }, FIRST[1]] }))
  await until(layers, [
    { name: 'cities', title: 'Cities' },
    { name: 'spots', title: null },
  ])
  await until(() => overSocket('{ cities(first: 3) { count } }'), { data: { cities: { count: 3 } } })
  await until(() => ask(server, '{ cities(first: 3) { features { __typename } } }'), {
    data: { cities: { features: Array(3).fill({ __typename: 'CitiesFeature' }) } },
  })
  await until(() => ask(server, '{ __type(name: "CitiesFeature") { name } }'), { data: { __type: { name: 'CitiesFeature' } } })
  expect((await ask(server, '{ towns { count } }')).errors?.map(({ message }) => message)).toEqual([
    'Cannot query field "towns" on type "Query".',
  ])
  for await (const { data } of stream) count += data!.spots.count
  expect(count).toBe(5_000)
  await client.dispose()
})

test('other options of a layer are used without a restart', async () => {
  const columns = async () =>
    (await ask<{ layer: { columns: { name: string }[] } }>(server, '{ layer(name: "spots") { columns { name } } }')).data!.layer
      .columns
  const [hidden, ...shown] = await columns()
  await write(JSON.stringify({ layers: [{ ...FIRST[1], columns: { exclude: [hidden!.name] }, title: 'Spots' }] }))
  await until(columns, shown)
  expect(await layers()).toEqual([{ name: 'spots', title: 'Spots' }])
})

test('another name in GraphQL, title and description of a layer are in its types, although its data is the same', async () => {
  const spots = { ...FIRST[1], graphqlName: 'places', description: 'Where it is' }
  await write(JSON.stringify({ layers: [spots] }))
  await until(() => ask(server, '{ places(first: 1) { count } }'), { data: { places: { count: 1 } } })
  const described = '{ __type(name: "PlacesFeature") { description } }'
  await until(() => ask(server, described), {
    data: { __type: { description: 'Where it is\n\nA feature of the layer `spots`.' } },
  })
  await write(JSON.stringify({ layers: [{ ...spots, description: 'There' }] }))
  await until(() => ask(server, described), { data: { __type: { description: 'There\n\nA feature of the layer `spots`.' } } })
})

test('other names of columns, and enums, give a result by GET another entity tag, although the data is the same', async () => {
  const query = '{ towns(first: 1) { features { one other } } }'
  const read = async () => {
    const response = await fetch(`${server.url}/graphql?${new URLSearchParams({ query })}`)
    const { data } = (await response.json()) as { data?: { towns: { features: readonly object[] } } }
    return { tag: response.headers.get('etag'), feature: data?.towns.features[0] }
  }
  const tagAfter = async (fields: object, feature: object) => {
    await write(JSON.stringify({ layers: [{ ...FIRST[0], fields }] }))
    await until(async () => (await read()).feature, feature)
    await until(async () => typeof (await read()).tag, 'string')
    return (await read()).tag
  }
  const [type, country] = [{ graphqlName: 'one' }, { graphqlName: 'other' }]
  const tags = [
    await tagAfter({ featurecla: type, adm0name: country }, { one: 'Scientific station', other: 'Antarctica' }),
    await tagAfter({ featurecla: country, adm0name: type }, { one: 'Antarctica', other: 'Scientific station' }),
    await tagAfter(
      { featurecla: { ...type, enum: true }, adm0name: country },
      { one: 'Scientific_station', other: 'Antarctica' },
    ),
  ]
  expect(new Set(tags).size).toBe(tags.length)
})

test('a wrong configuration keeps the layers, and is a problem that names the file without its folder until it is mended', async () => {
  const before = await layers()
  for (const [text, reason] of [
    ['{ layers: [', 'line 1'],
    [JSON.stringify({ layers: [{ name: 'a b', path: PLACES }] }), 'letters, digits, _ and -'],
    [JSON.stringify({ nonsense: 1 }), 'nonsense'],
    [JSON.stringify({ layers: [{ ...FIRST[1], graphqlName: 'features' }] }), 'belongs to the generic schema'],
  ] as const) {
    await write(text)
    await until(async () => (await problems()).filter((problem) => problem.reason.includes(reason)).length, 1)
    const [problem] = await problems()
    expect(problem?.source).toBe('geoduck.json')
    expect(problem?.reason).toMatch(/^The configuration(?: file geoduck\.json)? is wrong: /)
    expect(problem?.reason).not.toContain(folder)
    expect(await layers()).toEqual(before)
  }
  await rm(file)
  await until(async () => (await problems()).map(({ reason }) => reason), [expect.stringContaining('it is not there')])
  expect(await layers()).toEqual(before)
  await write(JSON.stringify({ layers: FIRST }))
  await until(problems, [])
  await until(names, ['spots', 'towns'])
})

test('a folder that the configuration names later is served, with files that are added to it', async () => {
  const data = await mkdtemp(join(folder, 'data-'))
  await cp(points, join(data, 'one.parquet'))
  await write(JSON.stringify({ sources: [data], layers: FIRST }))
  await until(names, ['one', 'spots', 'towns'])
  await cp(points, join(data, 'two.parquet'))
  await until(() => ask(server, '{ two(first: 2) { count } }'), { data: { two: { count: 2 } } })
})
