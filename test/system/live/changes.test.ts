/** The change streams of live layers, over real sockets: what begins one, what continues it, and what refuses it. */

import { readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createClient } from 'graphql-ws'
import { expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { type ChangePosition, encodeToken } from '../../../src/ask/change-token.ts'
import { ROOT } from '../../support/environment.ts'
import { ask, quiet } from '../../support/graphql.ts'
import { CREATE, DELETE, point, UPSERT, workersOf } from '../../support/live.ts'
import { serveLive } from '../../support/live-server.ts'
import { serve } from '../../support/server.ts'

const CURSOR_SECRET = 'a secret for tests only'

const { folder, server } = await serveLive()

interface SourceDiff {
  readonly applySourceDiff: (data: Map<unknown, GeoJSON.Feature>, diff: unknown) => void
  readonly toUpdateable: (data: unknown) => Map<unknown, GeoJSON.Feature>
}

/** MapLibre's own code, which its package does not export. */
async function mapLibre(): Promise<SourceDiff> {
  const text = readFileSync(join(ROOT, 'node_modules/maplibre-gl/src/source/geojson_source_diff.ts'), 'utf8')
  return await import(`data:text/javascript,${encodeURIComponent(stripTypeScriptTypes(text))}`)
}

interface Event {
  readonly __typename: string
  readonly token: string
  readonly version?: string
  readonly complete?: boolean
  readonly [field: string]: unknown
}

const FIELDS = 'features { key n: properties(only: ["n"]) }'
const SELECTION = `__typename
  ... on SnapshotBatch { token version count ${FIELDS} }
  ... on UpToDate { token version }
  ... on ChangeBatch { token version complete added { ${FIELDS} } updated { ${FIELDS} } removed }
  ... on Heartbeat { token version }
  ... on Reset { token }`

interface Asked {
  /** The root field up to its arguments. */
  readonly field?: string
  readonly where?: string
  readonly since?: string
  readonly more?: string
  readonly selection?: string
  readonly fragments?: string
}

/** The events of one subscription. */
class Changes {
  readonly #client
  readonly #events: AsyncIterator<{ data?: { changes: Event } | null; errors?: readonly { extensions: object }[] }>

  constructor(layer: string, asked: Asked = {}, at = server) {
    const { field = `changes(layer: "${layer}", `, where = '', since, more = '', selection = SELECTION, fragments = '' } = asked
    this.#client = createClient({ url: at.socketUrl, webSocketImpl: WebSocket, retryAttempts: 0 })
    const args = `since: $since ${where && `, where: ${where}`} ${more}`
    const query = `subscription ($since: Cursor) { ${field}${args}) { ${selection} } } ${fragments}`
    this.#events = this.#client.iterate<{ changes: Event }>({ query, variables: { since } }) as never
  }

  async next(): Promise<Event> {
    const { value } = await this.#events.next()
    if (!value?.data) throw new Error(JSON.stringify(value))
    return value.data.changes
  }

  /** Returns all events up to the first of this type. */
  async until(type: string): Promise<readonly Event[]> {
    const events: Event[] = []
    do events.push(await this.next())
    while (events.at(-1)!.__typename !== type)
    return events
  }

  async close(): Promise<void> {
    await this.#client.dispose()
  }
}

async function codeOf(promise: Promise<unknown>): Promise<unknown> {
  const errors = (await promise.catch((error: unknown) => error)) as readonly { readonly extensions: { readonly code: string } }[]
  return errors[0]?.extensions.code
}

const create = (name: string, at = server, columns: readonly object[] = [{ name: 'n', type: 'INTEGER' }]) =>
  ask(at, CREATE, { name, columns })

const upsert = (layer: string, numbers: Readonly<Record<string, number>>, at = server) =>
  ask(at, UPSERT, {
    layer,
    features: Object.entries(numbers).map(([key, n]) => ({ key, geometry: point(n % 180, 0), properties: { n } })),
  })

const remove = (layer: string, keys: readonly string[]) => ask(server, DELETE, { layer, keys })

const typesOf = (events: readonly Event[]) => events.map(({ __typename }) => __typename)
const numbersOf = (part: unknown) =>
  Object.fromEntries((part as { features: { key: string; n: { n: number } }[] }).features.map(({ key, n }) => [key, n.n]))

test('begins with Reset, a snapshot in batches and UpToDate, and continues with differences', async () => {
  await create('plain')
  await upsert('plain', { a: 1, b: 2, c: 3 })
  const changes = new Changes('plain', { more: 'batchSize: 2' })
  const events = await changes.until('UpToDate')
  expect(typesOf(events)).toEqual(['Reset', 'SnapshotBatch', 'SnapshotBatch', 'UpToDate'])
  expect(events.flatMap((event) => Object.keys(event['features'] ? numbersOf(event) : {}))).toEqual(['a', 'b', 'c'])
  await upsert('plain', { a: 10, d: 4 })
  const first = await changes.next()
  expect(first).toMatchObject({ __typename: 'ChangeBatch', complete: true, removed: [] })
  expect([numbersOf(first['added']), numbersOf(first['updated'])]).toEqual([{ d: 4 }, { a: 10 }])
  await remove('plain', ['b', 'nobody'])
  expect(await changes.next()).toMatchObject({ removed: ['b'], added: { features: [] }, updated: { features: [] } })
  await changes.close()
})

test('a feature that begins to match is added, and one that ceases to match is removed', async () => {
  await create('filtered')
  await upsert('filtered', { a: 1, b: 20 })
  const changes = new Changes('filtered', { where: '{ property: { name: "n", gte: 10 } }' })
  expect(numbersOf((await changes.until('UpToDate'))[1])).toEqual({ b: 20 })
  await upsert('filtered', { a: 11, b: 2, c: 3 })
  const event = await changes.next()
  expect([numbersOf(event['added']), numbersOf(event['updated']), event['removed']]).toEqual([{ a: 11 }, {}, ['b']])
  await changes.close()
})

test('a client that was away gets one difference, without a feature that was only there meanwhile', async () => {
  await create('away')
  await upsert('away', { a: 1, b: 2 })
  const before = new Changes('away')
  const { token } = (await before.until('UpToDate')).at(-1)!
  await before.close()
  await upsert('away', { a: 5, temporary: 1 })
  await upsert('away', { a: 6, b: 3 })
  await upsert('away', { b: 2 })
  await remove('away', ['temporary'])
  const after = new Changes('away', { since: token })
  const [difference, upToDate] = await after.until('UpToDate')
  expect([numbersOf(difference!['added']), numbersOf(difference!['updated']), difference!['removed']]).toEqual([{}, { a: 6 }, []])
  expect(upToDate).toMatchObject({ __typename: 'UpToDate', version: difference!.version })
  await after.close()
})

test('a client that does not read gets one difference for all that it has missed', async () => {
  await create('slow')
  await upsert('slow', { a: 0 })
  const changes = new Changes('slow', { more: 'maxPerSecond: 0.5' })
  await changes.until('UpToDate')
  await upsert('slow', { a: 1 })
  expect(numbersOf((await changes.next())['updated'])).toEqual({ a: 1 })
  for (let n = 2; n < 12; n++) await upsert('slow', { a: n })
  expect(numbersOf((await changes.next())['updated'])).toEqual({ a: 11 })
  await changes.close()
})

test('a snapshot and a difference in parts continue from any of their tokens, without a loss or a double', async () => {
  await create('parts')
  const all = Object.fromEntries(Array.from({ length: 6_000 }, (_, n) => [`k${n}`, n]))
  const halves = [Object.entries(all).slice(0, 3_000), Object.entries(all).slice(3_000)].map((half) => Object.fromEntries(half))
  for (const half of halves) await upsert('parts', half)
  let seen: string[] = []
  const walk = async (since: string | undefined, last: string, keysOf: (event: Event) => readonly string[]) => {
    for (let token = since; ; ) {
      const changes = new Changes('parts', { more: 'batchSize: 900', ...(token && { since: token }) })
      let event = await changes.next()
      if (event.__typename === 'Reset') event = await changes.next()
      await changes.close()
      if (event.__typename === last) return event.token
      seen.push(...keysOf(event))
      token = event.token
      if (event.complete) return token
    }
  }
  const token = await walk(undefined, 'UpToDate', (event) => Object.keys(numbersOf(event)))
  expect(seen.toSorted()).toEqual(Object.keys(all).toSorted())
  seen = []
  for (const half of halves) await upsert('parts', Object.fromEntries(Object.entries(half).map(([key, n]) => [key, n + 1])))
  await remove('parts', ['k7'])
  await upsert('parts', { more: 1 })
  await walk(token, 'UpToDate', (event) => [
    ...Object.keys(numbersOf(event['added'])),
    ...Object.keys(numbersOf(event['updated'])),
    ...(event['removed'] as string[]),
  ])
  expect(seen.toSorted()).toEqual([...Object.keys(all), 'more'].toSorted())
})

test('a token of another layer, filter or secret, a changed one, and a cursor are refused', async () => {
  await create('tokens')
  await create('others')
  const changes = new Changes('tokens')
  const { token } = (await changes.until('UpToDate')).at(-1)!
  await changes.close()
  const where = '{ property: { name: "n", gte: 10 } }'
  expect(await codeOf(new Changes('tokens', { since: token, where }).next())).toBe('CURSOR_INVALID')
  expect(await codeOf(new Changes('others', { since: token }).next())).toBe('CURSOR_INVALID')
  for (let at = 0; at < token.length; at += 7) {
    const changed = `${token.slice(0, at)}${token[at] === 'A' ? 'B' : 'A'}${token.slice(at + 1)}`
    expect(await codeOf(new Changes('tokens', { since: changed }).next()), changed).toBe('CURSOR_INVALID')
  }
  const { data } = await ask<{ features: { pageInfo: { endCursor: string } } }>(
    server,
    '{ features(layer: "places", first: 1) { pageInfo { endCursor } } }',
  )
  expect(await codeOf(new Changes('tokens', { since: data!.features.pageInfo.endCursor }).next())).toBe('CURSOR_INVALID')
})

test('another store with the same secret answers a token with Reset and a snapshot, and the same store continues after a restart', async () => {
  const directory = join(folder, 'restarted')
  let other = await serve([], { live: directory, writes: true, cursorSecret: CURSOR_SECRET })
  await create('restarted', other)
  await create('restarted')
  await upsert('restarted', { a: 1 }, other)
  const changes = new Changes('restarted', {}, other)
  const { token } = (await changes.until('UpToDate')).at(-1)!
  await changes.close()
  const elsewhere = new Changes('restarted', { since: token })
  expect(typesOf(await elsewhere.until('UpToDate'))).toEqual(['Reset', 'UpToDate'])
  await elsewhere.close()
  await upsert('restarted', { a: 2, b: 3 }, other)
  await other.close()
  other = await serve([], { live: directory, writes: true, cursorSecret: CURSOR_SECRET })
  const again = new Changes('restarted', { since: token }, other)
  const [difference] = await again.until('UpToDate')
  expect([numbersOf(difference!['added']), numbersOf(difference!['updated'])]).toEqual([{ b: 3 }, { a: 2 }])
  await again.close()
  await other.close()
})

test('a token that is too old, of a later version, or of a snapshot that is gone is answered with Reset and a snapshot', async () => {
  await create('old')
  await upsert('old', { a: 1 })
  const changes = new Changes('old')
  const { token } = (await changes.until('UpToDate')).at(-1)!
  await changes.close()
  const position = JSON.parse(Buffer.from(token, 'base64url').subarray(17).toString()) as ChangePosition
  const subject = { view: { layer: { name: 'old', relation: { kind: 'live' } }, digest: 'all' }, where: null, orderBy: [] }
  const tokenOf = (other: Partial<ChangePosition>) => encodeToken(CURSOR_SECRET, subject as never, { ...position, ...other })
  expect(tokenOf({})).toBe(token)
  const after = { keys: ['0'] }
  for (const gone of [
    { version: 0 },
    { version: position.version + 1_000 },
    { difference: { to: position.version + 1_000, after } },
    { snapshot: { fingerprint: '0123456789abcdef', after } },
  ]) {
    const again = new Changes('old', { since: tokenOf(gone) })
    const events = await again.until('UpToDate')
    expect(typesOf(events), JSON.stringify(gone)).toEqual(['Reset', 'SnapshotBatch', 'UpToDate'])
    expect(numbersOf(events[1])).toEqual({ a: 1 })
    await again.close()
  }
})

test('the root field of a layer sends the same events with typed features, and takes a typed filter', async () => {
  const columns = [
    { name: 'line no', type: 'INTEGER' },
    { name: 'seen', type: 'TIMESTAMP WITH TIME ZONE' },
    { name: 'total', type: 'BIGINT' },
  ]
  await ask(server, CREATE, { name: 'typed_cars', columns })
  const write = (key: string, line: number) =>
    ask(server, UPSERT, {
      layer: 'typed_cars',
      features: [
        {
          key,
          geometry: point(line, 1),
          properties: { 'line no': line, seen: '2026-05-31T12:00:00Z', total: '9007199254740993' },
        },
      ],
    })
  await write('a', 1)
  await write('b', 20)
  const selectionOf = (prefix: string, features: string) => `__typename
    ... on ${prefix}SnapshotBatch { version count ${features} geojson }
    ... on UpToDate { version token }
    ... on ${prefix}ChangeBatch { version complete added { ${features} } updated { ${features} __typename } removed geojsonDiff }`
  const typed = new Changes('', {
    field: 'changes: typedCarsChanges(',
    where: '{ lineNo: { gte: 10 }, geometry: { bbox: [0, 0, 50, 2] } }',
    selection: selectionOf('TypedCars', 'features { __typename key lineNo seen total }'),
  })
  const generic = new Changes('typed_cars', {
    where: '{ property: { name: "line no", gte: 10 }, bbox: [0, 0, 50, 2] }',
    selection: selectionOf('', 'features { __typename key properties }'),
  })
  const withoutToken = ({ token, ...event }: Event) => event
  /** A generic event with the form of a typed one. */
  const asTyped = (event: Event): unknown =>
    JSON.parse(
      JSON.stringify(withoutToken(event), (name, value) => {
        if (name === 'features') {
          return value[0]?.type === 'Feature'
            ? value
            : value.map(({ properties, ...feature }: { properties: Record<string, unknown> }) => ({
                ...feature,
                lineNo: properties['line no'],
                seen: properties['seen'],
                total: properties['total'],
              }))
        }
        return name === '__typename' && /Batch$|^ChangedFeatures$/.test(value) ? `TypedCars${value}` : value
      }),
    )
  const both = async () => {
    const [event, other] = [await typed.next(), await generic.next()]
    expect(withoutToken(event)).toEqual(asTyped(other))
    return event
  }
  await both()
  expect(await both()).toMatchObject({
    __typename: 'TypedCarsSnapshotBatch',
    features: [{ __typename: 'TypedCarsFeature', key: 'b', lineNo: 20, seen: '2026-05-31T12:00:00Z', total: '9007199254740993' }],
  })
  const { token } = await both()
  await write('a', 11)
  expect(await both()).toMatchObject({ added: { features: [{ key: 'a', lineNo: 11 }] } })
  await write('b', 21)
  expect(await both()).toMatchObject({
    updated: { features: [{ key: 'b', lineNo: 21 }], __typename: 'TypedCarsChangedFeatures' },
  })
  await remove('typed_cars', ['b'])
  expect(await both()).toMatchObject({ removed: ['b'] })
  await typed.close()
  await generic.close()
  // A token belongs to the layer and the filter, not to the form of the field.
  const where = '{ property: { name: "line no", gte: 10 }, bbox: [0, 0, 50, 2] }'
  const again = new Changes('typed_cars', { since: token, where, selection: '__typename' })
  expect(typesOf(await again.until('UpToDate'))).toEqual(['ChangeBatch', 'UpToDate'])
  await again.close()
  const refused = { field: 'changes: typedCarsChanges(', more: 'maxPerSecond: 51', selection: '__typename' }
  expect(await codeOf(new Changes('', refused).next())).toBe('BAD_INPUT')
})

const COLUMNS = [
  { name: 'n', type: 'INTEGER' },
  { name: 'weight', type: 'DOUBLE' },
  { name: 'words', type: 'VARCHAR' },
]

const put = (layer: string, features: readonly object[]) => ask(server, UPSERT, { layer, features })

test('lists what has changed of each updated feature: its geometry, and the names of properties', async () => {
  await create('listed', server, COLUMNS)
  const feature = (key: string, x: number, properties: object) => ({ key, geometry: point(x, 0), properties })
  const before = { n: 1, weight: 0, words: 'a "b"' }
  await put(
    'listed',
    ['moved', 'counted', 'all', 'null', 'back', 'gone'].map((key) => feature(key, 1, before)),
  )
  const selection = `__typename ... on ChangeBatch {
    added { features { key } } updated { features { key } } removed
    changed { key geometry properties } again: changed { __typename name: key list: properties }
  }`
  const begun = new Changes('listed', { selection: '__typename ... on UpToDate { token }' })
  const { token } = (await begun.until('UpToDate')).at(-1)!
  await begun.close()
  const mutation = `mutation ($first: [FeatureInput!]!, $all: [FeatureInput!]!) {
    first: upsertFeatures(layer: "listed", features: $first) { version }
    upsertFeatures(layer: "listed", features: $all) { version errors { message } }
    deleteFeatures(layer: "listed", keys: ["gone"]) { version }
  }`
  const all = [
    feature('moved', 2, before),
    feature('counted', 1, { ...before, n: 2 }),
    feature('all', 2, { n: 5, weight: 5, words: 'a' }),
    { key: 'null', properties: { n: 1, words: 'a "b"' } },
    feature('back', 1, { ...before, words: 'other' }),
    feature('new', 1, before),
  ]
  // `n` has its value again.
  const first = [feature('back', 3, { ...before, n: 9 })]
  await ask(server, mutation, { first, all })
  const lists = {
    moved: [true, []],
    counted: [false, ['n']],
    all: [true, ['n', 'weight', 'words']],
    null: [true, ['weight']],
    back: [false, ['words']],
  }
  // A client that was away gets one difference.
  const changes = new Changes('listed', { selection, since: token })
  const event = await changes.next()
  const updated = (event['updated'] as { features: { key: string }[] }).features.map(({ key }) => key)
  const listed = event['changed'] as { key: string; geometry: boolean; properties: string[] }[]
  expect(event['added']).toEqual({ features: [{ key: 'new' }] })
  expect(listed.map(({ key }) => key)).toEqual(updated)
  expect(Object.fromEntries(listed.map(({ key, geometry, properties }) => [key, [geometry, properties]]))).toEqual(lists)
  expect(event['again']).toEqual(
    listed.map(({ key, properties }) => ({ __typename: 'FeatureChange', name: key, list: properties })),
  )
  await changes.close()
})

test('a client gets no update of a feature of which nothing that it selects has changed', async () => {
  await create('partly', server, COLUMNS)
  const write = (key: string, x: number, n: number, words: string) =>
    put('partly', [{ key, geometry: point(x, 0), properties: { n, words, weight: 0 } }])
  for (const key of ['a', 'b', 'c', 'd']) await write(key, 1, 1, 'a')
  const follow = (updated: string, field?: string, prefix = '') =>
    new Changes('partly', {
      selection: `__typename ... on ${prefix}ChangeBatch { added { features { key } } ${updated} }`,
      ...(field && { field }),
    })
  const clients = {
    n: follow('updated { features { key n: properties(only: ["n"]) } }'),
    typed: follow('updated { features { key words } }', 'changes: partlyChanges(', 'Partly'),
    geometry: follow('updated { features { key bbox } }'),
    both: follow('geojsonDiff(only: ["n"])'),
    all: follow('updated { features { key properties geometry } }'),
    keys: follow('updated { features { key } }'),
    listed: follow('changed { key }'),
    none: follow(''),
  }
  for (const client of Object.values(clients)) await client.until('UpToDate')
  await write('a', 1, 2, 'a')
  await write('b', 1, 1, 'b')
  await write('c', 2, 1, 'a')
  await write('d', 2, 2, 'b')
  await write('end', 1, 1, 'a')
  const seen: Record<string, readonly string[]> = {}
  for (const [name, client] of Object.entries(clients)) {
    const keys = new Set<string>()
    for (let isOver = false; !isOver; ) {
      const event = await client.next()
      const { features: added = [] } = (event['added'] ?? {}) as { features?: { key: string }[] }
      const { features: updated = [] } = (event['updated'] ?? {}) as { features?: { key: string }[] }
      const { add = [] } = (event['geojsonDiff'] ?? {}) as { add?: { id: string }[] }
      const listed = (event['changed'] ?? []) as { key: string }[]
      for (const key of [...[...updated, ...listed].map(({ key }) => key), ...add.map(({ id }) => id)]) keys.add(key)
      isOver = added.some(({ key }) => key === 'end')
    }
    seen[name] = [...keys].sort().filter((key) => key !== 'end')
    await client.close()
  }
  expect(seen).toEqual({
    n: ['a', 'd'],
    typed: ['b', 'd'],
    geometry: ['c', 'd'],
    both: ['a', 'c', 'd'],
    all: ['a', 'b', 'c', 'd'],
    keys: ['a', 'b', 'c', 'd'],
    listed: ['a', 'b', 'c', 'd'],
    none: [],
  })
})

test('wrong arguments are refused', async () => {
  await create('refused')
  expect(await codeOf(new Changes('nowhere').next())).toBe('LAYER_NOT_FOUND')
  expect(await codeOf(new Changes('refused', { more: 'maxPerSecond: 51' }).next())).toBe('BAD_INPUT')
  expect(await codeOf(new Changes('refused', { more: 'batchSize: 0' }).next())).toBe('BAD_INPUT')
  expect(await codeOf(new Changes('refused', { where: '{ property: { name: "m", gte: 10 } }' }).next())).toBe('BAD_INPUT')
})

test('an idle layer costs no query, and a heartbeat brings the version that changes without a match have reached', async () => {
  await create('idle')
  const changes = new Changes('idle', { where: '{ property: { name: "n", gte: 10 } }' })
  await changes.until('UpToDate')
  await quiet(server)
  // Without workers no query has an answer.
  const workers = await workersOf(server)
  for (const pid of workers) process.kill(pid, 'SIGSTOP')
  const idle = await changes.next()
  for (const pid of await workersOf(server)) process.kill(pid, 'SIGCONT')
  expect([workers.length > 0, idle.__typename]).toEqual([true, 'Heartbeat'])
  await upsert('idle', { a: 1 })
  const progress = await changes.next()
  expect(progress.__typename).toBe('Heartbeat')
  expect(BigInt(progress.version!)).toBeGreaterThan(BigInt(idle.version!))
  await changes.close()
})

test('a commit of which no feature is near the box of a filter costs no query', async () => {
  await create('elsewhere')
  const changes = new Changes('elsewhere', { where: '{ bbox: [100, -10, 110, 10] }' })
  const [{ version } = {}] = (await changes.until('UpToDate')).slice(-1)
  await quiet(server)
  const workers = await workersOf(server)
  for (const pid of workers) process.kill(pid, 'SIGSTOP')
  // The box around both of them meets the filter.
  await upsert('elsewhere', { a: 1, b: 170 })
  const progress = await changes.next()
  for (const pid of await workersOf(server)) process.kill(pid, 'SIGCONT')
  expect(progress.__typename).toBe('Heartbeat')
  expect(BigInt(progress.version!)).toBeGreaterThan(BigInt(version!))
  await changes.close()
})

test('aliases, fragments, GeoJSON and another CRS work as in any result', async () => {
  await create('selected')
  await upsert('selected', { a: 1, b: 2 })
  const selection = '... on SnapshotBatch { token all: geojson(only: ["n"]) } ... on UpToDate { __typename } ...Parts'
  const fragments = `fragment Parts on ChangeBatch {
    new: added { geojson(precision: 1) features { id geometry(as: WKT, crs: "EPSG:3857", precision: 0) } }
    old: updated { collection: geojson(only: []) __typename }
    gone: removed
    alsoGone: removed
    __typename
  }`
  const changes = new Changes('selected', { selection, fragments })
  const feature = (id: string, x: number, properties: object) => ({
    type: 'Feature',
    id,
    geometry: { type: 'Point', coordinates: [x, 0] },
    properties,
  })
  expect(await changes.next()).toEqual({})
  expect(await changes.next()).toMatchObject({ all: { features: [feature('a', 1, { n: 1 }), feature('b', 2, { n: 2 })] } })
  await changes.next()
  await ask(
    server,
    `mutation { a: upsertFeatures(layer: "selected", features: [
      { key: "a", geometry: { wkt: "POINT (3 0)" } }, { key: "c", geometry: { wkt: "POINT (1 0)" }, properties: { n: 5 } }
    ]) { version } }`,
  )
  expect(await changes.next()).toEqual({
    new: {
      geojson: { type: 'FeatureCollection', features: [feature('c', 1, { n: 5 })] },
      features: [{ id: 'selected:c', geometry: 'POINT (111319 0)' }],
    },
    old: { collection: { type: 'FeatureCollection', features: [feature('a', 3, {})] }, __typename: 'ChangedFeatures' },
    gone: [],
    alsoGone: [],
    __typename: 'ChangeBatch',
  })
  await remove('selected', ['b', 'c'])
  expect(await changes.next()).toMatchObject({ gone: ['b', 'c'], alsoGone: ['b', 'c'] })
  await changes.close()
})

test("geojsonDiff makes MapLibre's data equal to a query", async () => {
  await create('drawn')
  await upsert('drawn', { a: 1, b: 2, c: 3 })
  const selection =
    '... on SnapshotBatch { geojson } ... on ChangeBatch { geojsonDiff again: geojsonDiff(precision: 0, only: []) }'
  const changes = new Changes('drawn', { selection })
  await changes.next()
  const { applySourceDiff, toUpdateable } = await mapLibre()
  const data = toUpdateable((await changes.next())['geojson'])
  await changes.next()
  const writes = [
    () => upsert('drawn', { a: 5, d: 4 }),
    () => remove('drawn', ['b', 'd']),
    () => upsert('drawn', { d: 7, c: 8 }),
    () => upsert('drawn', { e: 1 }),
  ]
  for (const write of writes) {
    await write()
    const event = await changes.next()
    applySourceDiff(data, event['geojsonDiff'])
    const answer = await ask<{ features: { geojson: GeoJSON.FeatureCollection } }>(
      server,
      '{ features(layer: "drawn") { geojson } }',
    )
    const byId = (features: Iterable<GeoJSON.Feature>) => [...features].sort((one, other) => (one.id! < other.id! ? -1 : 1))
    expect(byId(data.values())).toEqual(byId(answer.data!.features.geojson.features))
    const { add } = event['again'] as { add: { properties: object }[] }
    expect(add.every(({ properties }) => Object.keys(properties).length === 0)).toBe(true)
  }
  await changes.close()
})

test('clients with one filter share a difference, and each has its own place', async () => {
  await create('shared')
  await upsert('shared', { a: 1 })
  const where = '{ property: { name: "n", gte: 1 } }'
  const clients = Array.from({ length: 30 }, (_, n) => new Changes('shared', { where: n % 2 === 0 ? where : '' }))
  await Promise.all(clients.map((client) => client.until('UpToDate')))
  for (const n of [2, 0, 3]) {
    await upsert('shared', { a: n, [`b${n}`]: n })
    const events = await Promise.all(clients.map((client) => client.next()))
    for (const [place, event] of events.entries())
      expect([numbersOf(event['added']), numbersOf(event['updated']), event['removed']]).toEqual(
        place % 2 === 1
          ? [{ [`b${n}`]: n }, { a: n }, []]
          : n === 0
            ? [{}, {}, ['a']]
            : n === 3
              ? [{ a: 3, b3: 3 }, {}, []]
              : [{ b2: 2 }, { a: 2 }, []],
      )
  }
  await Promise.all(clients.map((client) => client.close()))
})

test('Server-Sent Events carry the same events', async () => {
  await create('events')
  await upsert('events', { a: 1 })
  const query = `subscription { changes(layer: "events") { ${SELECTION} } }`
  const stop = new AbortController()
  const response = await fetch(`${server.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
    body: JSON.stringify({ query }),
    signal: stop.signal,
  })
  const decoder = new TextDecoder()
  let text = ''
  const reader = response.body!.getReader()
  const until = async (word: string) => {
    while (!text.includes(word)) text += decoder.decode((await reader.read()).value)
  }
  await until('UpToDate')
  await upsert('events', { b: 2 })
  await until('ChangeBatch')
  const events = [...text.matchAll(/^data: (\{.*)$/gm)].map(([, data]) => JSON.parse(data!).data.changes)
  expect(typesOf(events)).toEqual(['Reset', 'SnapshotBatch', 'UpToDate', 'ChangeBatch'])
  expect(numbersOf(events[3].added)).toEqual({ b: 2 })
  stop.abort()
  await sleep(100)
})
