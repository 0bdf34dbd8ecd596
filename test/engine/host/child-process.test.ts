import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { ChildProcess } from '../../../src/engines/duckdb/host/child-process.ts'
import type { ToProbe } from '../../../src/engines/duckdb/processes/probe/probe.ts'
import { SPATIAL_EXTENSION } from '../../support/spatial-extension.ts'

const tempDirectory = join(await mkdtemp(join(tmpdir(), 'geoduck-child-')), 'spill')
const program = { program: 'probe/probe', threads: 1, tempDirectory }
const asked: ToProbe = { spatialExtension: SPATIAL_EXTENSION, tempDirectory }

afterAll(() => rm(dirname(tempDirectory), { recursive: true, force: true }))

test('a process answers one question after the other', async () => {
  const child = new ChildProcess<ToProbe>(program)
  const first = await child.ask(asked, 60_000)
  expect(first).toMatchObject({ duckdb: expect.stringMatching(/^\d/), spatial: expect.any(String) })
  await expect(child.ask(asked, 60_000)).resolves.toEqual(first)
  await child.end()
})

test('a failure of the program is reported in its words, and the process continues', async () => {
  const child = new ChildProcess<ToProbe>(program)
  const wrong = child.ask({ ...asked, spatialExtension: '/nowhere/spatial.duckdb_extension' }, 60_000)
  await expect(wrong).rejects.toMatchObject({ why: 'FAILED', message: expect.stringContaining('not found'), ending: '' })
  await expect(child.ask(asked, 60_000)).resolves.toMatchObject({ duckdb: expect.any(String) })
  await child.end()
})

test('a process that does not answer in time is killed, and is gone when its question is rejected', async () => {
  const child = new ChildProcess<ToProbe>(program)
  await expect(child.ask(asked, 1)).rejects.toMatchObject({ why: 'LATE', ending: 'SIGKILL' })
  await child.gone
  await expect(child.ask(asked, 60_000)).rejects.toMatchObject({ why: 'LATE' })
})

test('a process that is ended rejects its question with the signal, and every later one', async () => {
  const child = new ChildProcess<ToProbe>(program)
  const question = child.ask(asked, 60_000)
  void child.end()
  await expect(question).rejects.toMatchObject({ why: 'DIED', ending: 'SIGKILL' })
  await expect(child.ask(asked, 60_000)).rejects.toMatchObject({ why: 'DIED' })
})

test('a program that cannot be run is a death with its exit code and the end of what it wrote', async () => {
  const question = ChildProcess.ask({ ...program, program: 'nowhere/nothing' }, asked, 60_000)
  await expect(question).rejects.toMatchObject({
    why: 'DIED',
    ending: '1',
    message: expect.stringContaining('Cannot find module'),
  })
})
