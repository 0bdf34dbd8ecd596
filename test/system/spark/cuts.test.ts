/** Streams of gathered rows that are cut again and again, and resumed on another server after their result set has been removed. */
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { ask } from '../../support/graphql.ts'
import { Random } from '../../support/random.ts'
import type { TestServer } from '../../support/server.ts'
import { type SharedSpark, sharedSpark } from '../../support/shared-spark.ts'
import { EventSource } from '../server/event-source.ts'
import { directServer, gatheringServer } from './gathering-server.ts'

/** Cuts of both streams together. */
const CUTS = process.env['GEODUCK_LONG'] ? 100 : 20
/** Features of the layer `words`. */
const ROWS = 900

const random = new Random()
let spark: SharedSpark
let direct: TestServer
let servers: readonly TestServer[]

beforeAll(async () => {
  spark = await sharedSpark()
  ;[direct, ...servers] = await Promise.all([directServer(), gatheringServer(spark), gatheringServer(spark)])
})

afterAll(async () => {
  for (const server of [direct, ...(servers ?? [])]) await server?.close()
  await spark?.leave()
})

interface Batch {
  readonly cursor: string
  readonly features: readonly { readonly key: string }[]
}

const STREAM = `subscription ($orderBy: [FeatureOrder!], $size: Int, $after: Cursor) {
  featureBatches(layer: "words", orderBy: $orderBy, batchSize: $size, after: $after) { cursor features { key } } }`

/** Result sets have the digest of their content as name. */
async function removeResultSets(): Promise<void> {
  const folder = join(spark.folder, 'results')
  for (const name of await readdir(folder))
    if (/^[\da-f]{64}/.test(name)) await rm(join(folder, name), { recursive: true, force: true, maxRetries: 5 })
}

it.each([
  ['the order of the key', []],
  [
    'an order with ties and nulls',
    [
      { property: 'class', direction: 'DESC' },
      { property: 'n', direction: 'ASC' },
    ],
  ],
])('each feature arrives once, in %s', async (_, orderBy) => {
  const page = `query ($orderBy: [FeatureOrder!]) { features(layer: "words", orderBy: $orderBy, first: ${ROWS}) { features { key } } }`
  const { data } = await ask<{ features: { features: { key: string }[] } }>(direct, page, { orderBy })
  const keys: string[] = []
  // About as many cuts as half of the batches.
  const size = Math.floor(ROWS / CUTS / 2) || 1
  let after: string | null = null
  let cuts = 0
  for (let isComplete = false; !isComplete; cuts++) {
    const stream = await EventSource.open(servers[cuts % 2]!, STREAM, { orderBy, size, after })
    const most = 1 + random.integer(3)
    for (let taken = 0; taken < most && !isComplete; taken++) {
      const { event, data } = await stream.next()
      expect(data?.errors).toBeUndefined()
      isComplete = event === 'complete'
      if (isComplete) break
      const { cursor, features } = data!.data!['featureBatches'] as Batch
      keys.push(...features.map(({ key }) => key))
      after = cursor
    }
    stream.leave()
    await removeResultSets()
  }
  expect(cuts).toBeGreaterThan(CUTS / 2)
  expect(keys).toEqual(data!.features.features.map(({ key }) => key))
})
