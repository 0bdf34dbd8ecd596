/** A group of workers with one size and one queue. */

import path from 'node:path'
import type { Access, Lane as LaneName, WorkerHealth } from '../../engine.ts'
import type { WorkerOptions } from '../messages.ts'
import { Scheduler, type SchedulerLimits, type Served } from './scheduler.ts'
import { Slot, type SlotLog } from './slot.ts'

export interface LaneOptions {
  readonly name: LaneName
  readonly workers: number
  /** `tempDirectory` is the pool's: each worker gets a folder of its own in it. */
  readonly worker: WorkerOptions
  /** Options of Node for its processes. */
  readonly execArgv: readonly string[]
  readonly limits: SchedulerLimits
  /** What every client has had of the workers of all lanes. */
  readonly served: Served
  readonly log: SlotLog
  /** A worker has found a database to be another one. */
  readonly onOutdated: () => void
  /** Whether a worker of this process id has had more memory than it may. */
  readonly overMemory: (pid: number) => boolean
  /** Somebody waits, and no worker is free. */
  readonly onPressure: () => void
}

export class Lane {
  readonly name: LaneName
  readonly memoryLimitBytes: number
  readonly scheduler: Scheduler
  /** Resolves when a worker of it has served for the first time. */
  readonly ready: Promise<void>
  readonly #slots: readonly Slot[]

  constructor(options: LaneOptions) {
    this.name = options.name
    this.memoryLimitBytes = options.worker.memoryLimitBytes
    const workers = {
      all: () => this.#slots.filter((slot) => slot.idle),
      take: (database: string | null) => this.#slots.some((slot) => slot.takes(database)),
      reserve: (database: string | null) => this.#slots.find((slot) => slot.reserve(database)),
    }
    this.scheduler = new Scheduler(options.workers, options.limits, workers, options.served, options.onPressure)
    this.scheduler.serve(options.worker.databases)
    const first = Promise.withResolvers<void>()
    this.ready = first.promise
    this.#slots = Array.from({ length: options.workers }, (_, place) => {
      const tempDirectory = path.join(options.worker.tempDirectory, `${options.name.toLowerCase()}-${place}`)
      const onIdle = () => {
        first.resolve()
        this.scheduler.dispatch()
      }
      const { onOutdated, execArgv, overMemory } = options
      // An idle one is found out by being asked for its figures: all of them at once, not each when its turn has come.
      const onFrozen = () => {
        for (const slot of this.#slots) void slot.health()
      }
      const parts = { onIdle, onOutdated, onFrozen, execArgv, overMemory }
      return new Slot(options.name, { ...options.worker, tempDirectory }, options.log, parts)
    })
  }

  get serves(): boolean {
    return this.#slots.some((slot) => slot.serves)
  }

  /** Of the processes that serve. */
  get pids(): number[] {
    return this.#slots.flatMap(({ pid }) => (pid === null ? [] : [pid]))
  }

  health(): Promise<WorkerHealth[]> {
    return Promise.all(this.#slots.map((slot) => slot.health()))
  }

  /** Every worker by one with this access, one place after the other; `giveUp` asks what runs in a place to leave it. */
  async renew(access: Access, giveUp: (slot: Slot) => void): Promise<void> {
    for (const slot of this.#slots) {
      const served = slot.renew(access)
      giveUp(slot)
      await served
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#slots.map((slot) => slot.close()))
  }
}
