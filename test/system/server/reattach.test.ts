/** A store that is imported into while it is streamed and queried: every answer is of one version, and of the one that it says. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ask } from '../../support/graphql.ts'
import { geoduckImport, squares } from '../../support/import.ts'
import { serve, type TestServer } from '../../support/server.ts'
import { RawSocket } from './raw-socket.ts'

const ROWS = 60_000
const VERSIONS = [2, 3, 4]

let folder: string
let store: string
let server: TestServer
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'geoduck-test-'))
  store = join(folder, 'city.duckdb')
  for (const version of [1, ...VERSIONS]) await squares(join(folder, `${version}.parquet`), ROWS, version)
  await replaceBy(1)
  server = await serve([store])
})
afterAll(async () => {
  await server.close()
  await rm(folder, { recursive: true })
})

async function replaceBy(version: number): Promise<void> {
  const { code, stderr } = await geoduckImport(
    join(folder, `${version}.parquet`),
    '--into',
    store,
    '--layer',
    'squares',
    '--replace',
  )
  if (code !== 0) throw new Error(stderr)
}

interface Batch {
  readonly pageInfo: { readonly endCursor: string }
  readonly features: readonly { readonly properties: { readonly version: number } }[]
}

const versionsOf = ({ features }: Batch) => [...new Set(features.map(({ properties }) => properties.version))]

const PAGE =
  '{ features(layer: "squares", first: 2000, orderBy: [{ property: "name" }]) { pageInfo { endCursor } features { properties(only: ["version"]) } } }'

/** Asks again if the error says so. */
async function page(): Promise<Batch> {
  for (let left = 20; ; left--) {
    const { data, errors } = await ask<{ features: Batch }>(server, PAGE)
    if (data) return data.features
    if (errors?.[0]?.extensions['code'] !== 'SOURCE_CHANGED' || left === 0) throw new Error(JSON.stringify(errors))
  }
}

const STREAM =
  'subscription { featureBatches(layer: "squares", batchSize: 512) { cursor features { properties(only: ["version"]) } } }'

test('pages are of one version, and after an import of the new one; streams end normally or with CURSOR_EXPIRED', async () => {
  let current = 1
  let over = false
  const seen = new Set<number>()
  const asking = Array.from({ length: 3 }, async () => {
    while (!over) {
      const atLeast = current
      const versions = versionsOf(await page())
      expect(versions).toHaveLength(1)
      expect(versions[0]).toBeGreaterThanOrEqual(atLeast)
      seen.add(versions[0] as number)
    }
  })
  const ends: string[] = []
  const streaming = Array.from({ length: 2 }, async () => {
    while (!over) {
      const atLeast = current
      const { versions, rows, end } = await drained(STREAM)
      expect(versions.length).toBeLessThanOrEqual(1)
      if (versions[0] !== undefined) expect(versions[0]).toBeGreaterThanOrEqual(atLeast)
      if (end === 'COMPLETE') expect(rows).toBe(ROWS)
      ends.push(end)
    }
  })
  for (const version of VERSIONS) {
    await replaceBy(version)
    current = version
    expect(versionsOf(await page())).toEqual([version])
  }
  over = true
  await Promise.all([...asking, ...streaming])
  expect([...seen].sort()).toEqual([1, ...VERSIONS])
  expect(new Set(ends).isSubsetOf(new Set(['COMPLETE', 'CURSOR_EXPIRED', 'SOURCE_CHANGED']))).toBe(true)
  expect(ends).toContain('COMPLETE')
}, 300_000)

/** The versions of its rows, how many there are, and COMPLETE or the error's code. */
async function drained(query: string): Promise<{ versions: number[]; rows: number; end: string }> {
  const socket = await RawSocket.open(server.socketUrl)
  try {
    socket.subscribe('1', query)
    const messages = await socket.ended('1')
    const batches = messages.flatMap(({ type, payload }) =>
      type === 'next' ? [(payload as { data: { featureBatches: Batch } }).data.featureBatches] : [],
    )
    const last = messages.at(-1)
    const [error] = last?.type === 'error' ? (last.payload as { extensions: { code: string } }[]) : []
    return {
      versions: [...new Set(batches.flatMap(versionsOf))],
      rows: batches.reduce((sum, { features }) => sum + features.length, 0),
      end: error?.extensions.code ?? 'COMPLETE',
    }
  } finally {
    socket.close()
  }
}

test('a cursor of the version before is CURSOR_EXPIRED', async () => {
  const { pageInfo } = await page()
  await replaceBy(1)
  const { errors } = await ask(server, PAGE.replace('first: 2000', `first: 2000, after: "${pageInfo.endCursor}"`))
  expect(errors?.[0]?.extensions['code']).toBe('CURSOR_EXPIRED')
})
