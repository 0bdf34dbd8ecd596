/** The mutations of live layers, over real sockets. */
import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest'
import { type Answer, ask, post } from '../../support/graphql.ts'
import { CREATE, DELETE, point, UPSERT } from '../../support/live.ts'
import { PLACES, serve, type TestServer } from '../../support/server.ts'
import { RawSocket } from '../server/raw-socket.ts'

let folder: string
let server: TestServer
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'geoduck-test-'))
  server = await serve([PLACES], { live: join(folder, 'live'), writes: true, pageCacheBytes: 64e6 })
})
afterAll(async () => {
  await server.close()
  await rm(folder, { recursive: true })
})

interface Written {
  readonly upsertFeatures: {
    readonly version: string
    readonly written: number
    readonly errors: readonly { readonly index: number; readonly code: string; readonly message: string }[]
  }
}

const upsert = (layer: string, features: readonly object[], key?: string): Promise<Answer<Written>> =>
  ask(server, UPSERT, { layer, features, key })

async function create(name: string, columns: Readonly<Record<string, string>> = {}, more: object = {}): Promise<void> {
  const list = Object.entries(columns).map(([column, type]) => ({ name: column, type }))
  const { errors } = await ask(server, CREATE, { name, columns: list, ...more })
  expect(errors).toBeUndefined()
}

const messageOf = ({ errors }: Pick<Answer, 'errors'>): string | undefined => errors?.[0]?.message

/** A value as a client writes it, and as every client reads it. */
const VALUES: readonly (readonly [type: string, written: unknown, read?: unknown])[] = [
  ['BOOLEAN', true],
  ['TINYINT', -128],
  ['SMALLINT', 32_767],
  ['INTEGER', -2_147_483_648],
  ['BIGINT', '9223372036854775807'],
  ['BIGINT', 7, '7'],
  ['UTINYINT', 255],
  ['USMALLINT', 65_535],
  ['UINTEGER', 4_294_967_295],
  ['UBIGINT', '18446744073709551615'],
  ['FLOAT', 0.5],
  ['DOUBLE', 0.1 + 0.2],
  ['DOUBLE', 5e-324],
  ['DECIMAL(9,2)', 1234567.89],
  ['DECIMAL(38,10)', '1234567890123456789012345678.0123456789'],
  ['VARCHAR', "Straße 'x'; DROP TABLE features; \u0000 🦆"],
  ['UUID', '00112233-4455-6677-8899-aabbccddeeff'],
  ['DATE', '1969-12-31'],
  ['TIME', '23:59:59.999999'],
  ['TIMESTAMP', '1969-12-31T23:59:59.999999'],
  ['TIMESTAMP WITH TIME ZONE', '2026-05-31T12:00:00+02:00', '2026-05-31T10:00:00Z'],
  ['JSON', { a: [1, null, 'x'], b: { c: true } }],
]

test('values of every type come back exactly, before and after a restart', async () => {
  const columns = Object.fromEntries(VALUES.map(([type], n) => [`c${n}`, type]))
  await create('values', columns)
  const properties = Object.fromEntries(VALUES.map(([, written], n) => [`c${n}`, written]))
  const features = [
    { key: 'full', geometry: point(8.5, 47.25), properties },
    { key: 'empty: a "key"', geometry: null },
  ]
  expect(await upsert('values', features)).toMatchObject({ data: { upsertFeatures: { written: 2, errors: [] } } })
  const read = async () => {
    const answer = await ask<{ features: { features: { key: string; geometry: unknown; properties: object }[] } }>(
      server,
      '{ features(layer: "values") { features { key geometry properties } } }',
    )
    return answer.data!.features.features
  }
  const expected = [
    {
      key: 'full',
      geometry: { type: 'Point', coordinates: [8.5, 47.25] },
      properties: Object.fromEntries(VALUES.map(([, written, back = written], n) => [`c${n}`, back])),
    },
    { key: 'empty: a "key"', geometry: null, properties: Object.fromEntries(VALUES.map((_, n) => [`c${n}`, null])) },
  ]
  expect(await read()).toEqual(expected)
  await server.close()
  server = await serve([PLACES], { live: join(folder, 'live'), writes: true, pageCacheBytes: 64e6 })
  expect(await read()).toEqual(expected)
})

const WRONG: readonly (readonly [what: string, feature: object, message: RegExp])[] = [
  ['a fraction in an integer', { properties: { n: 1.5 } }, /"n" is INTEGER, which cannot hold 1.5 exactly/],
  ['a number beyond the type', { properties: { n: 2_147_483_648 } }, /"n" is INTEGER/],
  ['a text in an integer', { properties: { n: '1' } }, /"n" is INTEGER/],
  ['a number in a text', { properties: { text: 1 } }, /"text" is VARCHAR/],
  ['a misspelt property', { properties: { texd: 'x' } }, /no column "texd"; near: "text"/],
  ['properties that are a list', { properties: [1] }, /takes an object/],
  [
    'an open ring',
    {
      geometry: {
        geojson: {
          type: 'Polygon',
          coordinates: [
            [
              [0, 0],
              [1, 0],
              [1, 1],
              [0, 1],
            ],
          ],
        },
      },
    },
    /closed/,
  ],
  ['a height', { geometry: { wkt: 'POINT Z (1 2 3)' } }, /two dimensions/],
  ['a height without a tag', { geometry: { wkt: 'POINT (1 2 3)' } }, /two dimensions/],
  ['a height in WKB', { geometry: { wkb: '0101000080000000000000F03F00000000000000400000000000000840' } }, /two dimensions/],
  ['an empty geometry', { geometry: { wkt: 'POINT EMPTY' } }, /empty/],
  ['an empty member', { geometry: { wkt: 'GEOMETRYCOLLECTION (POINT (1 1), LINESTRING EMPTY)' } }, /empty/],
  ['another CRS', { geometry: { wkt: 'POINT (1 1)', crs: 'EPSG:3857' } }, /CRS of its layer/],
  ['a longitude of 200', { geometry: point(200, 0) }, /longitude 200/],
  [
    'WKB that would end an engine',
    { geometry: { wkb: `0106000000010000000101000000${'00'.repeat(16)}` } },
    /has members of type Polygon/,
  ],
  ['an empty key', { key: '' }, /`key`/],
]

describe('a wrong feature is reported with its index, and nothing is written', () => {
  it.each(WRONG)('%s', async (_what, feature, message) => {
    await ask(server, CREATE, {
      name: 'checked',
      columns: [
        { name: 'n', type: 'INTEGER' },
        { name: 'text', type: 'VARCHAR' },
      ],
    })
    const { data, errors } = await upsert('checked', [{ key: 'good' }, { key: 'bad', ...feature }])
    expect(errors).toBeUndefined()
    expect(data!.upsertFeatures).toMatchObject({
      written: 0,
      errors: [{ index: 1, code: 'BAD_INPUT', message: expect.stringMatching(message) }],
    })
    expect(await ask(server, '{ layer(name: "checked") { featureCount } }')).toEqual({ data: { layer: { featureCount: '0' } } })
  })
})

test('a mutation with a known idempotency key is written once, and the key belongs to its content', async () => {
  await create('once', { n: 'INTEGER' }, { key: 'create once' })
  await create('once', { n: 'INTEGER' }, { key: 'create once' })
  const first = await upsert('once', [{ key: 'a', properties: { n: 1 } }], 'first')
  await upsert('once', [{ key: 'a', properties: { n: 2 } }])
  expect(await upsert('once', [{ key: 'a', properties: { n: 1 } }], 'first')).toEqual(first)
  expect(await ask(server, '{ features(layer: "once") { features { properties } } }')).toMatchObject({
    data: { features: { features: [{ properties: { n: 2 } }] } },
  })
  expect(messageOf(await upsert('once', [{ key: 'a', properties: { n: 3 } }], 'first'))).toMatch(/belongs to another mutation/)
})

const UPDATE = `mutation ($layer: String!, $where: FeatureFilter!, $set: FeatureSetInput!, $key: String) {
  updateFeatures(layer: $layer, where: $where, set: $set, idempotencyKey: $key) { version written errors { message } }
}`
const update = (variables: object) => ask<{ updateFeatures: { version: string; written: number } }>(server, UPDATE, variables)
const property = (name: string, test: object) => ({ property: { name, ...test } })

describe('a mutation of the features that match a filter', () => {
  const all = async () => {
    const query = '{ features(layer: "fleet") { features { key geometry properties } } }'
    return (await ask<{ features: { features: object[] } }>(server, query)).data!.features.features
  }

  it('changes what it names, and removes features', async () => {
    await create('fleet', { n: 'INTEGER', text: 'VARCHAR' })
    await upsert(
      'fleet',
      Array.from({ length: 4 }, (_, n) => ({ key: `k${n}`, geometry: point(n, n), properties: { n, text: 'old' } })),
    )
    const set = { properties: { text: 'new' }, geometry: point(50, 50) }
    expect(await update({ layer: 'fleet', where: property('n', { gte: 2 }), set })).toMatchObject({
      data: { updateFeatures: { written: 2 } },
    })
    await update({ layer: 'fleet', where: property('n', { eq: 0 }), set: { geometry: null, properties: { n: null } } })
    const deleted = 'mutation { deleteFeatures(layer: "fleet", where: { property: { name: "n", eq: 1 } }) { written } }'
    expect(await ask(server, deleted)).toEqual({ data: { deleteFeatures: { written: 1 } } })
    expect((await all()).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))).toEqual([
      { key: 'k0', geometry: null, properties: { n: null, text: 'old' } },
      { key: 'k2', geometry: { type: 'Point', coordinates: [50, 50] }, properties: { n: 2, text: 'new' } },
      { key: 'k3', geometry: { type: 'Point', coordinates: [50, 50] }, properties: { n: 3, text: 'new' } },
    ])
  })

  it('is sent again with its idempotency key, and does not run on other features', async () => {
    const first = { layer: 'fleet', where: property('text', { eq: 'new' }), set: { properties: { text: 'newer' } }, key: 'newer' }
    const answer = await update(first)
    expect(answer).toMatchObject({ data: { updateFeatures: { written: 2 } } })
    await upsert('fleet', [{ key: 'k9', properties: { text: 'new' } }])
    expect(await update(first)).toEqual(answer)
    expect(JSON.stringify(await all())).toContain('"new"')
    expect(messageOf(await update({ ...first, set: { properties: { text: 'other' } } }))).toMatch(/belongs to another mutation/)
  })

  it('runs alone: of many that take the same feature, one gets it', async () => {
    await create('tasks', { owner: 'VARCHAR' })
    await upsert(
      'tasks',
      Array.from({ length: 20 }, (_, n) => ({ key: `t${n}`, properties: { owner: 'nobody' } })),
    )
    const where = property('owner', { eq: 'nobody' })
    const taken = await Promise.all(
      Array.from({ length: 8 }, async (_, n) => {
        const writing = upsert('tasks', [{ key: `late ${n}`, properties: { owner: 'late' } }])
        const { data } = await update({ layer: 'tasks', where, set: { properties: { owner: `client ${n}` } } })
        await writing
        return data!.updateFeatures.written
      }),
    )
    expect(taken.toSorted((a, b) => b - a)).toEqual([20, 0, 0, 0, 0, 0, 0, 0])
  })

  it('is refused when it is wrong, or selects too many', async () => {
    const where = property('owner', { eq: 'nobody' })
    expect(messageOf(await update({ layer: 'tasks', where, set: {} }))).toMatch(/`set` takes/)
    expect(messageOf(await update({ layer: 'tasks', where, set: { properties: { owner: 1 } } }))).toMatch(/"owner" is VARCHAR/)
    expect(messageOf(await update({ layer: 'tasks', where: property('nothing', { eq: 1 }), set: { properties: {} } }))).toMatch(
      /nothing/,
    )
    const both = 'mutation { deleteFeatures(layer: "tasks", keys: ["a"], where: {}) { written } }'
    expect(messageOf(await ask(server, both))).toMatch(/exactly one of/)
    await create('many')
    for (const part of ['a', 'b', 'c'])
      await upsert(
        'many',
        Array.from({ length: 2_000 }, (_, n) => ({ key: `${part}${n}` })),
      )
    expect(messageOf(await ask(server, 'mutation { deleteFeatures(layer: "many", where: {}) { written } }'))).toMatch(
      /more than 5000 features/,
    )
  })
})

test('a layer is created once, under a name that no file has', async () => {
  await create('fresh')
  const again = (name: string, columns: readonly object[] = []) => ask(server, CREATE, { name, columns })
  expect(messageOf(await again('fresh'))).toMatch(/there is a layer "fresh" already/)
  expect(messageOf(await again('places'))).toMatch(/there is a layer "places" already/)
  expect(messageOf(await again('a:b'))).toMatch(/takes letters/)
  expect(messageOf(await again('x', [{ name: 'a"; DROP', type: 'INTEGER' }]))).toMatch(/takes letters/)
  expect(messageOf(await again('x', [{ name: 'a', type: 'INTEGER; DROP TABLE x' }]))).toMatch(/takes one of BOOLEAN/)
  expect(
    messageOf(
      await again('x', [
        { name: 'a', type: 'INTEGER' },
        { name: 'A', type: 'INTEGER' },
      ]),
    ),
  ).toMatch(/another column/)
  expect(messageOf(await upsert('places', [{ key: '1' }]))).toMatch(/is a file/)
  expect(messageOf(await upsert('nowhere', [{ key: '1' }]))).toMatch(/No layer is named/)
})

test('every wire serves a live layer, and sees each write', async () => {
  await create('cars', { speed: 'DOUBLE' })
  const typed = () =>
    ask(server, '{ cars(where: { speed: { gte: 10 } }) { features { id speed } } aggregate(layer: "cars") { rows { count } } }')
  const write = (speed: number) => upsert('cars', [{ key: 'a', geometry: point(7, 47), properties: { speed } }])
  await write(5)
  await expect.poll(typed).toEqual({ data: { cars: { features: [] }, aggregate: { rows: [{ count: '1' }] } } })
  await write(20)
  expect(await typed()).toEqual({
    data: { cars: { features: [{ id: 'cars:a', speed: 20 }] }, aggregate: { rows: [{ count: '1' }] } },
  })
  const near = await ask(
    server,
    '{ nearest(layer: "cars", to: { wkt: "POINT (7 46)" }) { edges { distance node { key } } } node(id: "cars:a") { id } }',
  )
  expect(near).toMatchObject({ data: { nearest: { edges: [{ node: { key: 'a' } }] }, node: { id: 'cars:a' } } })
  const [csv, tile, file] = await Promise.all(
    ['/download/cars.csv', '/tiles/cars/0/0/0.mvt', '/download/cars.parquet'].map((path) => fetch(server.url + path)),
  )
  expect(await csv!.text()).toBe('id,speed,WKT\r\na,20,"POINT (7 47)"\r\n')
  expect([tile!.status, (await tile!.arrayBuffer()).byteLength > 20]).toEqual([200, true])
  expect([file!.status, Buffer.from(await file!.arrayBuffer()).toString('latin1', 0, 4)]).toEqual([200, 'PAR1'])
  const get = async () =>
    await fetch(`${server.url}/graphql?query=${encodeURIComponent('{ features(layer: "cars") { totalCount } }')}`)
  const tag = (await get()).headers.get('etag')
  expect(tag).toBeTruthy()
  await ask(server, DELETE, { layer: 'cars', keys: ['a', 'nobody'] })
  const after = await get()
  expect(after.headers.get('etag')).not.toBe(tag)
  expect(await after.json()).toEqual({ data: { features: { totalCount: '0' } } })
})

test('a cursor continues at its version when a compaction has moved every row', async () => {
  await create('moving', { n: 'INTEGER' })
  const cars = (x: number) =>
    Array.from({ length: 2_000 }, (_, n) => ({
      key: `c${n}`,
      geometry: point(x + (n % 100) / 10, (n * 7) % 80),
      properties: { n: x },
    }))
  await upsert('moving', cars(0))
  const query = `query ($after: Cursor) { features(layer: "moving", first: 1100, after: $after) {
    features { key properties } pageInfo { endCursor hasNextPage } } }`
  interface Rows {
    readonly features: {
      readonly features: { readonly key: string; readonly properties: { readonly n: number } }[]
      readonly pageInfo: { readonly endCursor: string }
    }
  }
  const first = (await ask<Rows>(server, query)).data!.features
  // With the last of them, as many have changed as a compaction needs.
  for (let round = 1; round <= 9; round++) await upsert('moving', cars(round))
  const fingerprint = async () =>
    (await ask<{ layer: { fingerprint: string } }>(server, '{ layer(name: "moving") { fingerprint } }')).data!.layer.fingerprint
  const written = await fingerprint()
  await expect.poll(fingerprint).not.toBe(written)
  const rest = (await ask<Rows>(server, query, { after: first.pageInfo.endCursor })).data!.features
  const rows = [...first.features, ...rest.features]
  expect(rows.map(({ key }) => key).sort()).toEqual(
    cars(0)
      .map(({ key }) => key)
      .sort(),
  )
  expect(new Set(rows.map(({ properties }) => properties.n))).toEqual(new Set([0]))
})

test('a mutation arrives over a WebSocket, and never by GET', async () => {
  await create('wires')
  const socket = await RawSocket.open(server.socketUrl)
  socket.subscribe('a', 'mutation { upsertFeatures(layer: "wires", features: [{ key: "w" }]) { written } }')
  expect(await socket.ended('a')).toMatchObject([
    { type: 'next', payload: { data: { upsertFeatures: { written: 1 } } } },
    { type: 'complete' },
  ])
  socket.close()
  const query = encodeURIComponent('mutation { deleteFeatures(layer: "wires", keys: ["w"]) { written } }')
  expect((await fetch(`${server.url}/graphql?query=${query}`)).status).toBe(405)
  expect(await ask(server, '{ layer(name: "wires") { featureCount } }')).toEqual({ data: { layer: { featureCount: '1' } } })
})

test('a page of another origin cannot write, and a name of another site is refused', async () => {
  const body = { query: 'mutation { createLayer(name: "foreign", columns: []) { name } }' }
  const answer = await post(server, body, { origin: 'https://attacker.example' })
  expect(await answer.json()).toMatchObject({ errors: [{ extensions: { code: 'FORBIDDEN' } }] })
  expect((await post(server, body, { origin: server.url })).status).toBe(200)
})

test('a commit is an event of layerChanged, and a query after it sees the commit', async () => {
  await create('noticed')
  const socket = await RawSocket.open(server.socketUrl)
  const fields = 'kind layer { name featureCount fingerprint }'
  socket.subscribe('a', `subscription { layerChanged(layer: "noticed", fingerprint: "another") { ${fields} } }`)
  const next = (n: number) => socket.until(() => socket.messages.filter(({ type }) => type === 'next').length === n)
  await next(1)
  await upsert('noticed', [{ key: 'a', geometry: point(1, 2) }])
  await next(2)
  const { data } = await ask<{ layer: object }>(server, '{ layer(name: "noticed") { name featureCount fingerprint } }')
  expect(data).toMatchObject({ layer: { featureCount: '1' } })
  expect(socket.messages.at(-1)!.payload).toEqual({ data: { layerChanged: { kind: 'NEW_VERSION', layer: data!.layer } } })
  socket.close()
})

test('live layers are served on when a file is added', async () => {
  const files = join(folder, 'files')
  await mkdir(files)
  const watching = await serve([files], { live: join(folder, 'watching'), writes: true, watch: true, workers: 1 })
  const layers = async () => (await ask<{ layers: { name: string }[] }>(watching, '{ layers { name } }')).data!.layers
  await ask(watching, CREATE, { name: 'cars', columns: [] })
  await ask(watching, UPSERT, { layer: 'cars', features: [{ key: 'a', geometry: point(1, 2) }] })
  await copyFile(PLACES, join(files, 'added.parquet'))
  await expect.poll(layers).toEqual([{ name: 'added' }, { name: 'cars' }])
  const query = '{ added: features(layer: "added", first: 1) { count } cars: features(layer: "cars") { count } }'
  expect(await ask(watching, query)).toEqual({ data: { added: { count: 1 }, cars: { count: 1 } } })
  await watching.close()
})

describe('a server with tokens', () => {
  const [READ, WRITE] = ['a-token-for-reading-only', 'a-token-that-may-write-too']
  let guarded: TestServer
  beforeAll(async () => {
    guarded = await serve([], { live: join(folder, 'guarded'), writes: true, token: READ, writeToken: WRITE })
  })
  afterAll(() => guarded.close())
  const send = async (token: string, query: string) =>
    (await (await post(guarded, { query }, { authorization: `Bearer ${token}` })).json()) as Answer

  it('lets the write token write and read, and the reading token only read', async () => {
    const mutation = 'mutation { createLayer(name: "cars", columns: []) { name } }'
    expect(await send(READ, mutation)).toMatchObject({ errors: [{ extensions: { code: 'FORBIDDEN' } }] })
    expect(await send(WRITE, mutation)).toEqual({ data: { createLayer: { name: 'cars' } } })
    for (const token of [READ, WRITE])
      expect(await send(token, '{ layers { name } }')).toEqual({ data: { layers: [{ name: 'cars' }] } })
    const socket = await RawSocket.open(`${guarded.url.replace('http', 'ws')}/graphql`, {
      headers: { authorization: `Bearer ${READ}` },
    })
    socket.subscribe('a', 'mutation { upsertFeatures(layer: "cars", features: []) { written } }')
    expect(JSON.stringify(await socket.ended('a'))).toContain('FORBIDDEN')
    socket.close()
  })
})

test('a server without --writes serves live layers, and writes none', async () => {
  await server.close()
  const reading = await serve([], { live: join(folder, 'live') })
  const answer = await ask(reading, 'mutation { deleteFeatures(layer: "values", keys: ["full"]) { written } }')
  expect(answer).toMatchObject({ errors: [{ extensions: { code: 'FORBIDDEN' } }] })
  expect(await ask(reading, '{ layer(name: "values") { featureCount } }')).toEqual({ data: { layer: { featureCount: '2' } } })
  await reading.close()
  server = await serve([PLACES], { live: join(folder, 'live'), writes: true })
})
