import { copyFile, mkdtemp, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { countIn } from '../../support/filter.ts'
import { ask, context, eventually, squares, squaresLayer, testPool } from '../../support/pool.ts'
import { SPATIAL_EXTENSION } from '../../support/spatial-extension.ts'

test('with the extension gone for 5 s and every worker killed, the pool is whole soon after it is back', {
  timeout: 240_000,
}, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'geoduck-boot-'))
  const extension = join(folder, 'spatial.duckdb_extension')
  await copyFile(SPATIAL_EXTENSION, extension)
  const file = await squares()
  const began = performance.now()
  const engine = await testPool([file], {}, { spatialExtension: extension })
  const boot = performance.now() - began
  const states = async () => (await engine.health()).workers.map(({ state }) => state)
  try {
    await rename(extension, `${extension}.gone`)
    for (const { diagnostics } of (await engine.health()).workers) if (diagnostics) process.kill(diagnostics.pid, 'SIGKILL')
    // Asked while there is nobody to answer: it waits, and is not lost.
    await eventually(async () => !(await states()).includes('IDLE'))
    const waiting = countIn(engine, ask(squaresLayer(file)), context())
    await eventually(async () => (await states()).every((state) => state !== 'IDLE'))
    await sleep(5_000)
    expect(await states()).not.toContain('IDLE')
    await rename(`${extension}.gone`, extension)
    const took = await eventually(
      async () => (await states()).every((state) => state !== 'STARTING' && state !== 'FAILED'),
      120_000,
    )
    // 3 s, or on a starved machine as long as some starts.
    expect(took).toBeLessThan(Math.max(3_000, 5 * boot))
    expect(await waiting).toBe(200_000n)
  } finally {
    await engine.close()
    await rm(folder, { recursive: true })
  }
})
