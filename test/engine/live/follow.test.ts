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

/** A follower that looks without an event after an hour. */
async function follow(): Promise<FollowedLayers> {
  await write({ kind: 'create', columns: [], crs: 'OGC:CRS84' })
  return FollowedLayers.open({ ...options, lookMs: 3_600_000 })
}

test('a follower sees commits by the events of their writes, also after the writer has started again', async () => {
  const follower = await follow()
  const count = () => follower.layer('cars')!.featureCount!
  try {
    for (const time of [1, 2]) {
      const before = count()
      // A sync of the disk may take longer than the looks after its write. Those of the next write see it.
      const written = async () => {
        await upsert(`car ${mutations}`)
        return count() > before
      }
      await expect.poll(written, { timeout: 20_000 }).toBe(true)
      if (time === 2) continue
      await live.close()
      live = await WrittenLayers.open(options)
    }
  } finally {
    await follower.close()
  }
})

test('a follower knows each version of the writing server at once', async () => {
  const follower = await follow()
  try {
    for (let n = 0; n < 10; n++) {
      const { version } = await upsert(`car ${n}`)
      expect(follower.keepsChangesSince('cars', version)).toBe(true)
      expect(follower.keepsChangesSince('cars', version + 1)).toBe(false)
    }
  } finally {
    await follower.close()
  }
})
