/** The number of files that an operation enters, which an engineer must read to follow it. */
import { createClient } from 'graphql-ws'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { PLACES } from '../../support/server.ts'
import { type Covered, serveCovered } from './files-entered.ts'

/** Before the rooms were made (commit 8f5f57b), by this test. */
const BEFORE = { page: 117, geometry: 129, subscription: 125 }
/** The share of those files. */
const AT_MOST = 0.6

const GEOMETRY = 'intersects: { wkt: "POLYGON ((0 40, 20 40, 20 60, 0 60, 0 40))" }'

let covered: Covered

beforeAll(async () => {
  covered = await serveCovered([PLACES])
})
afterAll(() => covered.close())

async function page(where: string): Promise<void> {
  const query = `{ features(layer: "places", first: 10, where: { ${where} }) { count geojson pageInfo { endCursor } } }`
  const response = await fetch(`${covered.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query }),
  })
  expect(await response.json()).toMatchObject({ data: { features: { count: 10 } } })
}

async function subscription(): Promise<void> {
  const client = createClient({ url: `${covered.url.replace('http', 'ws')}/graphql`, webSocketImpl: WebSocket })
  const query = 'subscription { featureBatches(layer: "places") { count geojson cursor } }'
  let count = 0
  for await (const { data } of client.iterate<{ featureBatches: { count: number } }>({ query })) {
    count += data!.featureBatches.count
  }
  await client.dispose()
  expect(count).toBe(7_343)
}

test.each([
  ['page', () => page('')],
  ['geometry', () => page(GEOMETRY)],
  ['subscription', subscription],
] as const)('a %s enters at most 60 %% of the files that it entered before', async (what, operation) => {
  // The types of a layer are built once, before its first operation, and kept.
  await operation()
  const entered = await covered.entered(operation)
  console.info(`${what}: ${entered.size} files, ${BEFORE[what]} before`)
  // It is measured at all: the worker's own files are among them.
  expect([...entered]).toContain('engines/duckdb/processes/query/execution.ts')
  expect(entered.size, [...entered].sort().join('\n')).toBeLessThanOrEqual(AT_MOST * BEFORE[what])
})
