/** The disk space and memory of a layer that is written all the time. */
import { readdirSync, statSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { WrittenLayers } from '../../../src/catalog/live/written-layers.ts'
import { pointWkb } from '../../support/live.ts'
import { eventually } from '../../support/pool.ts'
import { SPATIAL_EXTENSION } from '../../support/spatial-extension.ts'

const FEATURES = 1_000
const ROUNDS = 90

test('the files of a layer do not grow with the number of changes', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'geoduck-test-'))
  const directory = join(folder, 'live')
  const log = { info: () => {}, warn: (fields: object, message: string) => console.warn(message, fields) }
  // An hour and 10 minutes of a day become no time.
  const retention = { keepMs: 0, changesMs: 0, compactAfter: 5_000 }
  const options = { directory, tempDirectory: folder, spatialExtension: SPATIAL_EXTENSION, memoryLimitBytes: 2 ** 28, log }
  const live = await WrittenLayers.open({ ...options, ...retention })
  const columns = [{ name: 'text', native: 'VARCHAR' }]
  await live.write({ layer: 'cars', operation: { kind: 'create', columns, crs: 'OGC:CRS84' }, idempotencyKey: 'create' })
  const sizes: number[] = []
  let compactions = 0
  let before = live.layer('cars')!.relation
  for (let round = 0; round < ROUNDS; round++) {
    const features = Array.from({ length: FEATURES }, (_, n) => ({
      key: `car ${n}`,
      values: [`round ${round} ${'x'.repeat(100)}`],
      geometry: pointWkb((n * round) % 180, n % 90),
    }))
    await live.write({
      layer: 'cars',
      operation: { kind: 'upsert', features, extent: [0, 0, 180, 90], types: ['Point'] },
      idempotencyKey: String(round),
    })
    const names = readdirSync(directory)
    sizes.push(names.reduce((sum, name) => sum + (statSync(join(directory, name), { throwIfNoEntry: false })?.size ?? 0), 0))
    const { relation } = live.layer('cars')!
    if (JSON.stringify(relation, ['generation']) !== JSON.stringify(before, ['generation'])) compactions++
    before = relation
    await new Promise((resolve) => setTimeout(resolve, 150))
  }
  expect(compactions).toBeGreaterThan(3)
  expect(Math.max(...sizes.slice(ROUNDS / 2))).toBeLessThan(1.5 * Math.max(...sizes.slice(0, ROUNDS / 2)))
  await eventually(() => Promise.resolve(readdirSync(directory).filter((name) => name.startsWith('base-')).length === 2))
  await live.close()
  await rm(folder, { recursive: true })
})
