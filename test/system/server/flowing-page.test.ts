/** Pages of more than 10,000 features: sent while they are made, and broken off where they fail. */
import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { inEngine } from '../../support/engine.ts'
import { ask, type PageInfo, post, quiet } from '../../support/graphql.ts'
import { serve, type TestServer } from '../../support/server.ts'

const ROWS = 60_000
let folder: string
let server: TestServer
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'geoduck-test-'))
  await inEngine(':memory:', async (connection) => {
    const rows = `SELECT i AS id, 'place ' || i AS name, ST_Point(i % 360 - 180, i % 180 - 90) AS geom FROM range(${ROWS}) r(i)`
    await connection.run(`COPY (${rows}) TO '${join(folder, 'many.parquet')}' (FORMAT parquet)`)
  })
  server = await serve([join(folder, 'many.parquet')], { pageRows: 100_000 })
})
afterAll(async () => {
  await server.close()
  await rm(folder, { recursive: true })
})

interface Page {
  readonly count: number
  readonly pageInfo: PageInfo
  readonly features: readonly { readonly id: string }[]
}

const page = (first: number, more = '') =>
  `{ page: features(layer: "many", first: ${first}${more}) { count pageInfo { hasNextPage endCursor } features { id } __typename } }`

const digest = (value: unknown) => createHash('sha256').update(JSON.stringify(value)).digest('hex')

test('a flowing page has the features of held pages, once and in order, and its cursor continues after it', async () => {
  const held: string[] = []
  for (let after = ''; held.length < ROWS; ) {
    const { data } = await ask<{ page: Page }>(server, page(10_000, after))
    held.push(...data!.page.features.map(({ id }) => id))
    after = `, after: "${data!.page.pageInfo.endCursor}"`
  }
  const first = (await ask<{ page: Page }>(server, page(ROWS - 10_001))).data!.page
  const rest = (await ask<{ page: Page }>(server, page(100_000, `, after: "${first.pageInfo.endCursor}"`))).data!.page
  expect([first.count, first.pageInfo.hasNextPage, rest.count, rest.pageInfo.hasNextPage]).toEqual([
    ROWS - 10_001,
    true,
    10_001,
    false,
  ])
  expect(digest([...first.features, ...rest.features].map(({ id }) => id))).toBe(digest(held))
})

test('a page that flows and is filled to the last feature has no more', async () => {
  const { data } = await ask<{ page: Page }>(server, page(ROWS))
  expect(data!.page).toMatchObject({ count: ROWS, pageInfo: { hasNextPage: false } })
})

test('its first byte leaves before its last feature is made, without a length', async () => {
  const response = await post(server, { query: `{ features(layer: "many", first: ${ROWS}) { count geojson } }` })
  expect(response.headers.get('content-length')).toBeNull()
  const { data } = (await response.json()) as { data: { features: { count: number; geojson: { features: unknown[] } } } }
  expect(Object.keys(data.features)).toEqual(['geojson', 'count'])
  expect([data.features.count, data.features.geojson.features.length]).toEqual([ROWS, ROWS])
})

test.each([
  [
    'a page that tells of its execution',
    `{ features(layer: "many", first: 20000) { count execution { lane } features { id } } }`,
  ],
  ['one of two', `{ features(layer: "many", first: 20000) { count features { id } } layers { name } }`],
  ['one in two encodings', `{ features(layer: "many", first: 20000) { count features { id } geojson } }`],
  ['one with a deadline', '{ features(layer: "many", first: 20000, deadline: 20) { count features { id } } }'],
  ['one of Arrow', `{ features(layer: "many", first: 20000) { count arrow } }`],
])('%s is held', async (_, query) => {
  const response = await post(server, { query })
  expect(response.headers.get('content-length')).not.toBeNull()
  expect(await response.text()).toContain('{"count":20000,')
})

test('no feature at all is a page like any other', async () => {
  const where = ', where: { property: { name: "name", eq: "nowhere" } }'
  const { data } = await ask<{ page: Page }>(server, page(50_000, where))
  expect(data!.page).toEqual({
    count: 0,
    pageInfo: { hasNextPage: false, endCursor: null },
    features: [],
    __typename: 'FeatureConnection',
  })
})

test('what is wrong with it before its first feature is an error like any other', async () => {
  const response = await post(server, { query: page(50_000, ', after: "nonsense"') })
  const { errors } = (await response.json()) as { errors: { extensions: { code: string } }[] }
  expect(errors[0]!.extensions.code).toBe('CURSOR_INVALID')
})

test('a client that goes away in the middle ends it', async () => {
  const body = JSON.stringify({ query: `{ features(layer: "many", first: ${ROWS}) { geojson } }` })
  const headers = { 'content-type': 'application/json', accept: 'application/json' }
  await new Promise<void>((resolve, reject) => {
    const asked = request(`${server.url}/graphql`, { method: 'POST', headers }, (response) => {
      response.once('data', () => {
        response.destroy()
        resolve()
      })
    })
    asked.once('error', reject).end(body)
  })
  await quiet(server)
})

test('compressed it is the same', async () => {
  const other = await serve([join(folder, 'many.parquet')], { pageRows: 100_000, workers: 1, compression: 'always' })
  try {
    const query = page(ROWS)
    const [plain, packed] = await Promise.all([post(server, { query }), post(other, { query }, { 'accept-encoding': 'gzip' })])
    expect(packed.headers.get('content-encoding')).toBe('gzip')
    expect(digest((await packed.json()) as object)).toBe(digest((await plain.json()) as object))
  } finally {
    await other.close()
  }
})
