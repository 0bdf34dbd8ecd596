/** Locks in a folder that machines share: one owner at a time, also when an ended owner is replaced by many at once. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { ProcessLock } from '../../../src/catalog/process-lock.ts'
import { ROOT } from '../../support/environment.ts'

let folder: string
let file: string
const held: ProcessLock[] = []

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'geoduck-lock-'))
  file = join(folder, 'lock')
})
beforeEach(async () => {
  await Promise.all(held.splice(0).map((lock) => lock.release()))
})
afterAll(async () => {
  await Promise.all(held.map((lock) => lock.release()))
  await rm(folder, { recursive: true })
})

async function take(): Promise<ProcessLock | null> {
  const lock = await ProcessLock.take(file)
  if (!(lock instanceof ProcessLock)) return null
  held.push(lock)
  return lock
}

/** The lock of a process of another machine, which was renewed that long ago. */
async function lockOfOther(
  ms: number,
  content = JSON.stringify({ pid: 1, machine: 'abcdefabcdef', began: null, token: 'other' }),
) {
  await writeFile(file, content)
  const time = (await stat(file)).mtimeMs / 1_000 - ms / 1_000
  await utimes(file, time, time)
}

it('the lock of another machine counts while it is renewed, and ends a minute after its machine', async () => {
  await lockOfOther(30_000)
  expect(await take()).toBeNull()
  await lockOfOther(61_000)
  expect(await take()).not.toBeNull()
})

it.each([
  ['of an ended machine', undefined],
  ['without content', ''],
])('of many that take over a lock %s at once, one gets it', async (_, content) => {
  for (let round = 0; round < 8; round++) {
    await lockOfOther(61_000, content)
    const taken = await Promise.all(Array.from({ length: 20 }, take))
    const [owner, ...more] = taken.filter((lock) => lock !== null)
    expect(more).toEqual([])
    expect(await owner!.isHeld()).toBe(true)
    await owner!.release()
  }
  expect(await readdir(folder)).toEqual([])
})

/** Another process has begun to take over the lock, that many milliseconds ago. */
async function begunByOther(ms: number) {
  await writeFile(`${file}-other`, '')
  const time = ((await stat(`${file}-other`)).mtimeMs - ms) / 1_000
  await utimes(`${file}-other`, time, time)
}

it('a process that is slower than another to take over a lock does not get it', async () => {
  await lockOfOther(61_000)
  await begunByOther(-3_600_000)
  const slower = take()
  await lockOfOther(0)
  await rm(`${file}-other`)
  expect(await slower).toBeNull()
})

it('the right to take over a lock ends with the process that has it', async () => {
  await lockOfOther(61_000)
  await begunByOther(6_000)
  expect(await take()).not.toBeNull()
})

/** Holds a lock where this process cannot see it, with a clock that is wrong by that much. */
const HOLDER = `
const { ProcessLock } = await import(${JSON.stringify(join(ROOT, 'src/catalog/process-lock.ts'))})
const [file, shift] = process.argv.slice(1)
const real = Date.now
Date.now = () => real() + Number(shift)
await ProcessLock.take(file)
console.log('taken')
setInterval(() => {}, 1000)
`
const APART = ['--pid', '--fork', '--kill-child']
const canPartProcesses = spawnSync('unshare', [...APART, 'true']).status === 0

;(canPartProcesses ? it.concurrent : it.skip).each([
  ['slow', -3_600_000],
  ['fast', 3_600_000],
])('a process of another machine, whose clock is %s, keeps its lock while it runs, and no longer', async (name, shift) => {
  const lock = join(folder, name)
  const args = [process.execPath, '--input-type=module', '--eval', HOLDER, lock, String(shift)]
  const holder = spawn('unshare', [...APART, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(holder.stdout, 'data')
  const taken = (await stat(lock)).mtimeMs
  await expect.poll(async () => (await stat(lock)).mtimeMs, { timeout: 30_000, interval: 200 }).not.toBe(taken)
  expect(await ProcessLock.take(lock)).toMatchObject({ pid: 1 })
  holder.kill('SIGKILL')
  await once(holder, 'close')
  const ended = (await stat(lock)).mtimeMs / 1_000 - 60
  await utimes(lock, ended, ended)
  const next = await ProcessLock.take(lock)
  expect(next).toBeInstanceOf(ProcessLock)
  await (next as ProcessLock).release()
})
