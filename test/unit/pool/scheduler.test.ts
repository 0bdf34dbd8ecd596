/**
 * The rules of the queue, one a test, on the scheduler alone: its workers are no more than names. That real executions keep to them is for
 * `fairness-rules` and `test/system/attacks`.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { Scheduler, type WorkerRequest, WorkerTime } from '../../../src/engines/duckdb/pool/scheduler.ts'
import type { WorkerSupervisor } from '../../../src/engines/duckdb/pool/worker-supervisor.ts'

/** The product waits for three seconds. */
const RECENT_MS = 600

class Workers {
  readonly scheduler: Scheduler
  readonly #idle: WorkerSupervisor[]
  /** Operations that were granted a worker, in order. */
  readonly granted: string[] = []
  readonly refused: string[] = []
  /** The number of waiting operations that were looked at. */
  looks = 0
  readonly #held = new Map<string, { slot: WorkerSupervisor; claim: WorkerRequest }>()

  constructor(workers: number, queueLength = 1_000) {
    this.#idle = Array.from({ length: workers }, (_, n) => `worker ${n}` as unknown as WorkerSupervisor)
    const take = () => {
      this.looks++
      return this.#idle.length > 0
    }
    const idle = { all: () => this.#idle, take, reserve: () => this.#idle.shift() }
    this.scheduler = new Scheduler(
      workers,
      { queueLength, queueSeconds: 30, recentMs: RECENT_MS },
      idle,
      new WorkerTime(),
      () => {},
    )
  }

  /** `a1.0`: an operation of the client `a1` of the address `a`. `served`: milliseconds of workers' time that it has had before. */
  async ask(name: string, served = 0): Promise<void> {
    const client = name.split('.')[0]!
    const claim = this.scheduler.open({ client, address: client.replace(/\d+$/, '') }, null)
    claim.usedMs = served
    this.scheduler.acquire(claim, new AbortController().signal).then(
      (slot) => {
        this.granted.push(name)
        this.#held.set(name, { slot, claim })
      },
      ({ code, details }) => {
        this.refused.push(`${name} ${code} ${details.retryAfter}`)
        this.scheduler.close(claim)
      },
    )
    await Promise.resolve()
  }

  isShared(name: string): boolean {
    return this.#held.get(name)!.claim.isShared
  }

  async end(name: string, ms = 0): Promise<void> {
    const { slot, claim } = this.#held.get(name)!
    this.#held.delete(name)
    this.scheduler.ended(claim, ms)
    this.scheduler.close(claim)
    this.#idle.push(slot)
    this.scheduler.dispatch()
    await sleep(0)
  }
}

test('a new address takes a place in a full queue from the address with the most places, whose error says when to retry', async () => {
  const workers = new Workers(1, 10)
  for (let n = 0; n <= 10; n++) await workers.ask(`a${n}.0`)
  for (let n = 0; n < 7; n++) await workers.ask(`b${n}.0`)
  // The newest of `a` each time, until both have five; then it is `b` that has its share.
  expect(workers.refused).toEqual([
    ...[10, 9, 8, 7, 6].map((n) => `a${n}.0 OVERLOADED 15`),
    ...[5, 6].map((n) => `b${n}.0 OVERLOADED 15`),
  ])
  await workers.ask('c.0')
  expect(workers.refused.at(-1)).toMatch(/^[ab]/)
  expect(workers.scheduler.queued).toBe(10)
})

test('a client takes a place from the client of the same address with the most places', async () => {
  const workers = new Workers(1, 10)
  for (let n = 0; n <= 10; n++) await workers.ask(`a1.${n}`)
  for (let n = 0; n < 6; n++) await workers.ask(`a2.${n}`)
  expect(workers.refused).toEqual([...[10, 9, 8, 7, 6].map((n) => `a1.${n} OVERLOADED 15`), 'a2.5 OVERLOADED 15'])
})

test('an operation that has started is never refused when others arrive', async () => {
  const workers = new Workers(1, 4)
  await workers.ask('a1.0')
  for (let n = 1; n <= 6; n++) await workers.ask(`a1.${n}`, 5)
  await workers.ask('b.0')
  expect(workers.refused).toEqual(['b.0 OVERLOADED 15'])
  expect(workers.scheduler.queued).toBe(6)
})

test('the next worker is for the address that has had least, however many connections another has', async () => {
  const workers = new Workers(1)
  for (let n = 0; n < 20; n++) await workers.ask(`a${n}.0`)
  await workers.ask('b1.0')
  await workers.ask('b1.1')
  let last = 'a0.0'
  for (let n = 0; n < 6; n++) {
    await workers.end(last, 10)
    last = workers.granted.at(-1)!
  }
  expect(workers.granted.map((name) => name[0])).toEqual(['a', 'b', 'a', 'b', 'a', 'a', 'a'])
})

test('of one address it is for the client that has had least', async () => {
  const workers = new Workers(1)
  for (let n = 0; n < 5; n++) await workers.ask(`a1.${n}`)
  await workers.ask('a2.0')
  await workers.ask('a2.1')
  let last = 'a1.0'
  for (let n = 0; n < 5; n++) {
    await workers.end(last, 10)
    last = workers.granted.at(-1)!
  }
  expect(workers.granted).toEqual(['a1.0', 'a2.0', 'a1.1', 'a2.1', 'a1.2', 'a1.3'])
})

test('where all of the waiting have their half, each is entitled to the worker that is idle', async () => {
  const workers = new Workers(3)
  for (const name of ['a.0', 'b.0', 'c.0', 'a.1', 'b.1']) await workers.ask(name)
  await workers.end('c.0', 1)
  // `c` has asked lately.
  expect(workers.granted).toHaveLength(3)
  await expect.poll(() => workers.granted).toEqual(['a.0', 'b.0', 'c.0', 'a.1'])
})

test('the last idle worker is left for a while to an address that has asked lately', async () => {
  const workers = new Workers(2)
  await workers.ask('b.0')
  await workers.end('b.0', 1)
  await workers.ask('a1.0')
  await workers.ask('a2.0')
  expect(workers.granted).toEqual(['b.0', 'a1.0'])
  await workers.ask('b.1')
  expect(workers.granted).toEqual(['b.0', 'a1.0', 'b.1'])
  await workers.end('b.1', 1)
  await sleep(RECENT_MS / 2)
  expect(workers.granted).toEqual(['b.0', 'a1.0', 'b.1'])
  await expect.poll(() => workers.granted).toEqual(['b.0', 'a1.0', 'b.1', 'a2.0'])
})

test('an address shares the processors while another has asked lately', async () => {
  const workers = new Workers(2)
  await workers.ask('a.0')
  await workers.ask('b.0')
  expect([workers.isShared('a.0'), workers.isShared('b.0')]).toEqual([false, true])
  await workers.end('a.0', 1)
  await workers.ask('a.1')
  expect(workers.isShared('a.1')).toBe(true)
})

test('a turn is not over for the sake of those who could not have its worker', async () => {
  const workers = new Workers(2)
  await workers.ask('a1.0')
  const stream = workers.scheduler.open({ client: 'b1', address: 'b' }, null)
  await workers.scheduler.acquire(stream, new AbortController().signal)
  for (let n = 1; n < 9; n++) await workers.ask(`a${n}.0`)
  expect(workers.scheduler.mustYield(stream, { firstBatchAt: performance.now(), batches: 1 }, false)).toBe(false)
  await workers.ask('b2.0')
  expect(workers.scheduler.mustYield(stream, { firstBatchAt: performance.now(), batches: 1 }, false)).toBe(true)
})

test('who comes next is found without a look at all who wait', async () => {
  const workers = new Workers(1, 1e6)
  for (let n = 0; n <= 5_000; n++) await workers.ask(`${'abcdefgh'[n % 8]}${n % 64}.${n}`)
  workers.looks = 0
  let last = workers.granted[0]!
  for (let n = 0; n < 100; n++) {
    await workers.end(last, 1)
    last = workers.granted.at(-1)!
  }
  expect(workers.granted).toHaveLength(101)
  // At most one of each client, of which there are 64.
  expect(workers.looks / 100).toBeLessThanOrEqual(64)
})
