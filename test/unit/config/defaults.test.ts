import { expect, test } from 'vitest'
import { machineDefaults } from '../../../src/config/defaults.ts'

const GB = 1e9

test('two processors and 24 GB make two workers of 4 GB and two threads', () => {
  expect(machineDefaults({ processors: 2, memoryBytes: 24 * GB, openFiles: 20_000 })).toMatchObject({
    workers: 2,
    threads: 2,
    memoryLimitBytes: 4 * GB,
  })
})

test('a large machine makes more workers, none larger', () => {
  expect(machineDefaults({ processors: 32, memoryBytes: 256 * GB, openFiles: 20_000 })).toMatchObject({
    workers: 16,
    threads: 4,
    memoryLimitBytes: 4 * GB,
  })
})

test.each([1, 2, 4, 16])('on a machine of %i GB the engines take at most half, the serial lane counted', (gigabytes) => {
  const { workers, memoryLimitBytes } = machineDefaults({ processors: 4, memoryBytes: gigabytes * GB, openFiles: 20_000 })
  expect(memoryLimitBytes * (workers + 0.5)).toBeLessThanOrEqual(Math.max(0.5 * gigabytes * GB, 128e6 * (workers + 0.5)))
})

test.each([1.5, 2, 3, 8])('in %d GB, engines whose caches are full do not send all new work to the serial lane', (gigabytes) => {
  const { workers, memoryLimitBytes } = machineDefaults({ processors: 2, memoryBytes: gigabytes * GB, openFiles: 20_000 })
  const processes = 150e6 + (workers + 1) * 160e6
  expect(memoryLimitBytes * (workers + 0.5) + processes).toBeLessThan(0.8 * gigabytes * GB)
})

test('the spill of all workers leaves half of the free disk', () => {
  const { tempDirectoryBytes } = machineDefaults({ processors: 2, memoryBytes: 24 * GB, openFiles: 20_000 })
  expect(tempDirectoryBytes).toBeGreaterThanOrEqual(100e6)
  expect(tempDirectoryBytes).toBeLessThanOrEqual(20 * GB)
})
