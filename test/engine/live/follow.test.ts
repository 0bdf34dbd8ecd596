/** A process that follows the live store of another one. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { FollowedLayers } from '../../../src/catalog/live/followed-layers.ts'
import type { LiveOptions } from '../../../src/catalog/live/live-layers.ts'
import { WrittenLayers } from '../../../src/catalog/live/written-layers.ts'
import type { LiveOperation } from '../../../src/model/live.ts'
import { SPATIAL_EXTENSION } from '../../support/spatial-extension.ts'

let folder: string
let live: WrittenLayers
let options: LiveOptions
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'geoduck-test-'))
  options = {
    directory: join(folder, 'store'),
    tempDirectory: folder,
    spatialExtension: SPATIAL_EXTENSION,
    memoryLimitBytes: 2 ** 29,
    log: { info: () => {}, warn: (fields, message) => console.warn(message, fields) },
  }
  live = await WrittenLayers.open(options)
})
afterEach(async () => {
  await live.close()
  await rm(folder, { recursive: true })
})

let mutations = 0
async function write(operation: LiveOperation) {
  const answer = await live.write({ layer: 'cars', operation, idempotencyKey: `test ${mutations++}` })
  if ('refused' in answer) throw new Error(answer.refused)
  return answer
}

const upsert = (key: string) =>
  write({ kind: 'upsert', features: [{ key, values: [], geometry: null }], extent: null, types: [] })

test('a follower sees each commit by the event of its write, also after the writer has started again', {
  timeout: 60_000,
}, async () => {
  await write({ kind: 'create', columns: [], crs: 'OGC:CRS84' })
  // It looks without an event after an hour.
  const follower = FollowedLayers.open({ ...options, lookMs: 3_600_000 })
  try {
    for (let count = 1; count <= 6; count++) {
      if (count === 4) {
        await live.close()
        live = await WrittenLayers.open(options)
      }
      const { version } = await upsert(`car ${count}`)
      // A token of the writing server is known at once.
      expect(follower.keepsChangesSince('cars', version)).toBe(true)
      await expect.poll(() => follower.layer('cars')?.featureCount, { timeout: 20_000 }).toBe(count)
    }
  } finally {
    await follower.close()
  }
})
