/** Viewports of a live layer, over real sockets: what a move sends, and what it never sends. */

import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createClient } from 'graphql-ws'
import { expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { ask, quiet } from '../../support/graphql.ts'
import { CREATE, DELETE, UPSERT, workersOf } from '../../support/live.ts'
import { serveLive } from '../../support/live-server.ts'
import { PLACES, serve } from '../../support/server.ts'
import {
  type Box,
  featureOf,
  MOVE,
  Replica,
  Viewport,
  type ViewportEvent,
  type ViewportVariables,
} from '../../support/viewport.ts'

const { folder, server } = await serveLive()

const create = (name: string, more: object = {}) =>
  ask(server, CREATE, { name, columns: [{ name: 'n', type: 'INTEGER' }], ...more })

const upsert = (layer: string, boxes: Readonly<Record<string, Box>>) =>
  ask(server, UPSERT, { layer, features: Object.entries(boxes).map(([key, box]) => featureOf(key, { box, n: 1 })) })

const open = (variables: ViewportVariables) => new Viewport(server.socketUrl, variables)

async function codeOf(promise: Promise<unknown>): Promise<unknown> {
  const errors = (await promise.catch((error: unknown) => error)) as readonly { readonly extensions: { readonly code: string } }[]
  return errors[0]?.extensions.code
}

const typesOf = (events: readonly ViewportEvent[]) => events.map(({ __typename }) => __typename)
const keysOf = (part: ViewportEvent['added']) => part?.features.map(({ key }) => key).toSorted()

/** The keys of a fresh query. */
async function keysIn(layer: string, bbox: Box): Promise<readonly string[]> {
  const query =
    'query ($layer: String!, $bbox: BBox!) { features(layer: $layer, where: { bbox: $bbox }, first: 1000) { features { key } } }'
  const { data } = await ask<{ features: { features: { key: string }[] } }>(server, query, { layer, bbox })
  return data!.features.features.map(({ key }) => key).toSorted()
}

test('begins with cells and a snapshot, and a move sends only what enters and leaves', async () => {
  await create('plain')
  await upsert('plain', { west: [0, 0, 0, 0], both: [4, 0, 14, 2], east: [15, 0, 15, 0], far: [50, 0, 50, 0] })
  const viewport = open({ layer: 'plain', bbox: [-1, -1, 5, 5] })
  const first = await viewport.until('ViewportReached')
  expect(typesOf(first)).toEqual(['ViewportOpened', 'ViewportCells', 'Reset', 'SnapshotBatch', 'ViewportReached'])
  expect(first[1]).toMatchObject({ coarse: false, totalCount: '2', bbox: [-1, -1, 5, 5] })
  expect(first[3]!.features!.map(({ key }) => key).toSorted()).toEqual(['both', 'west'])
  expect(await viewport.move([10, -1, 20, 5])).toBe(true)
  const [batch, reached, ...more] = await viewport.until('ViewportReached')
  expect([keysOf(batch!.added), keysOf(batch!.updated), batch!.removed]).toEqual([['east'], [], ['west']])
  expect([reached!.bbox, more]).toEqual([[10, -1, 20, 5], []])
  // A commit outside of the new box arrives nowhere, and one inside it does.
  await upsert('plain', { west: [1, 0, 1, 0], east: [16, 0, 16, 0] })
  const change = await viewport.next()
  expect([keysOf(change.added), keysOf(change.updated), change.removed]).toEqual([[], ['east'], []])
  await viewport.close()
})

test('a move has the difference of MapLibre, changes no feature, and has cells only if the selection of figures is right', async () => {
  await create('selected')
  await upsert('selected', { west: [0, 0, 0, 0], east: [5, 0, 5, 0] })
  const client = createClient({ url: server.socketUrl, webSocketImpl: WebSocket, retryAttempts: 0 })
  const subscribe = (selection: string) =>
    client.iterate<{ viewport: { id?: string; it?: string } }>({
      query: `subscription { viewport(layer: "selected", bbox: [-1, -1, 1, 1]) { it: __typename ${selection} } }`,
    })
  const cells = (column: string) => `... on ViewportCells { rows { n: count column(name: "${column}") { avg } } }`
  expect(await codeOf(subscribe(cells('m')).next())).toBe('BAD_INPUT')
  const events = subscribe(
    `... on ViewportOpened { id } ${cells('n')} ... on ChangeBatch { changed { key } diff: geojsonDiff(only: []) }`,
  )
  const next = async () => (await events.next()).value!.data!.viewport
  const { id } = await next()
  expect(await next()).toEqual({ it: 'ViewportCells', rows: [{ n: '1', column: { avg: 1 } }] })
  while ((await next()).it !== 'ViewportReached');
  await client.iterate({ query: MOVE, variables: { id, bbox: [4, -1, 6, 1] } }).next()
  const geometry = { type: 'Point', coordinates: [5, 0] }
  expect(await next()).toEqual({
    it: 'ChangeBatch',
    changed: [],
    diff: { add: [{ type: 'Feature', id: 'east', properties: {}, geometry }], remove: ['west'] },
  })
  await client.dispose()
})

test('a move to a box with the same features sends none', async () => {
  await create('same')
  await upsert('same', { a: [0, 0, 0, 0] })
  const viewport = open({ layer: 'same', bbox: [-1, -1, 1, 1] })
  await viewport.until('ViewportReached')
  await viewport.move([-2, -2, 2, 2])
  expect(typesOf(await viewport.until('ViewportReached'))).toEqual(['ViewportReached'])
  await viewport.close()
})

test('a box with too many features gets cells, also after a commit, and features again when it is small', async () => {
  await create('coarse')
  const many = Object.fromEntries(Array.from({ length: 40 }, (_, n): [string, Box] => [`k${n}`, [n, n % 7, n, n % 7]]))
  await upsert('coarse', many)
  const replica = new Replica()
  const viewport = open({ layer: 'coarse', bbox: [0, 0, 5, 9], maxFeatures: 10 })
  await viewport.until('ViewportReached', replica)
  expect(replica.shapes.size).toBe(6)
  await viewport.move([0, 0, 40, 9])
  const [cells] = await viewport.until('ViewportCells', replica)
  expect(cells).toMatchObject({ coarse: true, totalCount: '40', bbox: [0, 0, 40, 9] })
  expect(cells!.rows!.reduce((sum, { count }) => sum + Number(count), 0)).toBe(40)
  expect(replica.shapes.size).toBe(0)
  await upsert('coarse', { more: [3, 3, 3, 3] })
  const [later] = await viewport.until('ViewportCells', replica)
  expect(later).toMatchObject({ coarse: true, totalCount: '41' })
  await viewport.move([0, 0, 5, 9])
  expect(typesOf(await viewport.until('ViewportReached', replica))).toEqual([
    'ViewportCells',
    'Reset',
    'SnapshotBatch',
    'ViewportReached',
  ])
  expect([...replica.shapes.keys()].toSorted()).toEqual(await keysIn('coarse', [0, 0, 5, 9]))
  // Features that are written may be too many as well.
  const grown = Object.fromEntries(Array.from({ length: 20 }, (_, n): [string, Box] => [`g${n}`, [2, 2, 2, 2]]))
  await upsert('coarse', grown)
  expect((await viewport.until('ViewportCells', replica)).at(-1)).toMatchObject({ coarse: true, totalCount: '27' })
  await viewport.close()
})

test('a filter selects the features of cells, snapshots and moves', async () => {
  await create('filtered')
  const features = Array.from({ length: 8 }, (_, n) => featureOf(`k${n}`, { box: [n, 0, n, 0], n }))
  await ask(server, UPSERT, { layer: 'filtered', features })
  const viewport = open({ layer: 'filtered', bbox: [0, 0, 3, 1], where: { property: { name: 'n', in: [1, 2, 5] } } })
  const [, cells, , snapshot] = await viewport.until('ViewportReached')
  expect([cells!.totalCount, snapshot!.features!.map(({ key }) => key)]).toEqual(['2', ['k1', 'k2']])
  await viewport.move([2, 0, 6, 1])
  const [batch] = await viewport.until('ViewportReached')
  expect([keysOf(batch!.added), batch!.removed]).toEqual([['k5'], ['k1']])
  await viewport.close()
})

test('60 moves leave the client with what a query at the last box returns, in few steps if it takes few', async () => {
  await create('moved')
  const all = Object.fromEntries(
    Array.from({ length: 300 }, (_, n): [string, Box] => [`k${n}`, [n % 60, n % 41, (n % 60) + 2, n % 41]]),
  )
  await upsert('moved', all)
  const replica = new Replica()
  const viewport = open({ layer: 'moved', bbox: [0, 0, 20, 20], maxPerSecond: 0.5 })
  await viewport.until('ViewportReached', replica)
  for (let n = 1; n <= 60; n++) await viewport.move([n, n % 20, n + 20, (n % 20) + 20])
  while (replica.box![0] !== 60) await viewport.until('ViewportReached', replica)
  expect(replica.seen.filter((type) => type === 'ViewportReached').length).toBeLessThan(30)
  expect([...replica.shapes.keys()].toSorted()).toEqual(await keysIn('moved', replica.box!))
  await viewport.close()
})

test('a move with more features than a part has arrives in parts, and continues after each of their tokens', async () => {
  await create('parts')
  const half = (from: number, y: number) =>
    Object.fromEntries(Array.from({ length: 4_000 }, (_, n): [string, Box] => [`k${from + n}`, [n % 50, y, n % 50, y]]))
  await upsert('parts', half(0, 1))
  await upsert('parts', half(4_000, 11))
  const replica = new Replica()
  const variables = { layer: 'parts', bbox: [0, 0, 60, 5] as Box, maxFeatures: 50_000 }
  const viewport = open(variables)
  await viewport.until('ViewportReached', replica)
  await viewport.move([0, 10, 60, 15])
  const first = await viewport.next()
  replica.apply(first)
  expect([first.complete, first.added!.features.length, first.removed!.length]).toEqual([false, 4_000, 1_000])
  await viewport.close()
  // The client continues in the middle of the move, and wants yet another box.
  replica.isLenient = true
  const again = open({ ...variables, bbox: [10, 0, 12, 15], since: first.token })
  while (replica.box?.join() !== '10,0,12,15') await again.until('ViewportReached', replica)
  expect(replica.seen.filter((type) => type === 'Reset').length).toBe(1)
  expect([...replica.shapes.keys()].toSorted()).toEqual(await keysIn('parts', [10, 0, 12, 15]))
  await again.close()
})

test('a client that was away continues with another box, and a changed, foreign or old token is refused or begins again', async () => {
  await create('away')
  await create('other')
  await upsert('away', { a: [0, 0, 0, 0], b: [5, 5, 5, 5], c: [20, 20, 20, 20] })
  const replica = new Replica()
  const viewport = open({ layer: 'away', bbox: [-1, -1, 6, 6] })
  await viewport.until('ViewportReached', replica)
  await viewport.close()
  await upsert('away', { b: [6, 6, 6, 6], d: [21, 21, 21, 21] })
  await ask(server, DELETE, { layer: 'away', keys: ['a'] })
  const again = open({ layer: 'away', bbox: [4, 4, 22, 22], since: replica.token })
  await again.until('ViewportReached', replica)
  expect(replica.seen.filter((type) => type === 'Reset').length).toBe(1)
  expect([...replica.shapes.keys()].toSorted()).toEqual(['b', 'c', 'd'])
  await again.close()
  const { token } = replica
  expect(await codeOf(open({ layer: 'other', bbox: [0, 0, 1, 1], since: token }).next())).toBe('CURSOR_INVALID')
  const changed = `${token!.slice(0, 40)}${token![40] === 'A' ? 'B' : 'A'}${token!.slice(41)}`
  expect(await codeOf(open({ layer: 'away', bbox: [0, 0, 1, 1], since: changed }).next())).toBe('CURSOR_INVALID')
  const changes = 'subscription ($since: Cursor) { changes(layer: "away", since: $since) { __typename } }'
  const client = createClient({ url: server.socketUrl, webSocketImpl: WebSocket, retryAttempts: 0 })
  expect(await codeOf(client.iterate({ query: changes, variables: { since: token } }).next())).toBe('CURSOR_INVALID')
  await client.dispose()
})

test('a client whose version is before the newest base continues, with a move and the changes since', async () => {
  await create('based')
  await upsert('based', { west: [0, 0, 0, 0], both: [4, 0, 14, 2], east: [15, 0, 15, 0], gone: [1, 1, 1, 1] })
  const replica = new Replica()
  const viewport = open({ layer: 'based', bbox: [-1, -1, 5, 5] })
  await viewport.until('ViewportReached', replica)
  await viewport.close()
  await ask(server, DELETE, { layer: 'based', keys: ['gone'] })
  const bases = async () => (await readdir(join(folder, 'live'))).filter((file) => /^base-.*duckdb$/.test(file)).length
  const before = await bases()
  const far = Array.from({ length: 4_100 }, (_, n) => `k${n}`)
  for (let n = 0; n < 5; n++)
    await upsert('based', Object.fromEntries(far.map((key): [string, Box] => [key, [90 + n, 50, 90 + n, 50]])))
  await expect.poll(bases).toBeGreaterThan(before)
  // A snapshot that reads the base proves that the server knows it.
  await expect.poll(async () => (await keysIn('based', [-1, -1, 20, 5])).length).toBe(3)
  const again = open({ layer: 'based', bbox: [10, -1, 20, 5], since: replica.token })
  while (replica.box?.[0] !== 10) await again.until('ViewportReached', replica)
  expect(replica.seen.filter((type) => type === 'Reset').length).toBe(1)
  expect([...replica.shapes.keys()].toSorted()).toEqual(['both', 'east'])
  await again.close()
})

test('boxes cross the antimeridian, and are in the CRS of the layer', async () => {
  await create('dateline')
  await upsert('dateline', { east: [179, 0, 179, 0], west: [-179, 0, -179, 0], zero: [0, 0, 0, 0] })
  const around = open({ layer: 'dateline', bbox: [178, -1, 182, 1] })
  const [, cells, , snapshot] = await around.until('ViewportReached')
  expect([cells!.totalCount, snapshot!.features!.map(({ key }) => key).toSorted()]).toEqual(['2', ['east', 'west']])
  await around.close()
  await create('metres', { crs: 'EPSG:2154' })
  await upsert('metres', { a: [700_000, 6_600_000, 700_000, 6_600_000], b: [700_100, 6_600_000, 700_100, 6_600_000] })
  const metres = open({ layer: 'metres', bbox: [699_990, 6_599_990, 700_010, 6_600_010] })
  const [, squares] = await metres.until('ViewportReached')
  expect(squares!.rows!.map(({ cell }) => cell.id)).toEqual(['square/1/700000/6600000'])
  await metres.move([699_990, 6_599_990, 700_110, 6_600_010])
  expect(keysOf((await metres.next()).added)).toEqual(['b'])
  await metres.close()
})

test('an idle viewport costs no query, coarse or not, and wrong arguments are refused', async () => {
  await create('idle')
  await upsert('idle', { a: [0, 0, 0, 0], b: [1, 1, 1, 1] })
  const [fine, coarse] = [10, 1].map((maxFeatures) => open({ layer: 'idle', bbox: [0, 0, 2, 2], maxFeatures }))
  await fine!.until('ViewportReached')
  await coarse!.until('ViewportCells')
  await quiet(server)
  // Without workers no query has an answer.
  const workers = await workersOf(server)
  for (const pid of workers) process.kill(pid, 'SIGSTOP')
  await upsert('idle', { c: [50, 50, 50, 50] })
  const idle = await Promise.all([fine!.next(), coarse!.next()])
  for (const pid of workers) process.kill(pid, 'SIGCONT')
  expect(typesOf(idle)).toEqual(['Heartbeat', 'Heartbeat'])
  await Promise.all([fine!.close(), coarse!.close()])
  const bbox: Box = [0, 0, 1, 1]
  expect(await codeOf(open({ layer: 'places', bbox }).next())).toBe('UNSUPPORTED')
  expect(await codeOf(open({ layer: 'nowhere', bbox }).next())).toBe('LAYER_NOT_FOUND')
  expect(await codeOf(open({ layer: 'idle', bbox: [0, 2, 1, 1] }).next())).toBe('BAD_INPUT')
  expect(await codeOf(open({ layer: 'idle', bbox, maxFeatures: 50_001 }).next())).toBe('BAD_INPUT')
})

test('a move of a viewport that has ended answers false, a wrong box is refused, and a move needs no right to write', async () => {
  await create('ended')
  const viewport = open({ layer: 'ended', bbox: [0, 0, 1, 1] })
  await viewport.until('ViewportReached')
  expect(await codeOf(viewport.move([0, 2, 1, 1]))).toBe('BAD_INPUT')
  const elsewhere = await serve([PLACES], {})
  expect(await ask(elsewhere, MOVE, { id: viewport.id, bbox: [0, 0, 1, 1] })).toEqual({ data: { moveViewport: false } })
  await elsewhere.close()
  await viewport.close()
  const moved = () => ask(server, MOVE, { id: viewport.id, bbox: [0, 0, 1, 1] })
  await expect.poll(moved).toEqual({ data: { moveViewport: false } })
})
