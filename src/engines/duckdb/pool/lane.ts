/** A group of workers with one size and one queue. */

import path from 'node:path'
import type { FileAccess, Lane as LaneName, WorkerHealth } from '../../engine.ts'
import type { WorkerOptions } from '../messages.ts'
import { Scheduler, type SchedulerLimits, type WorkerTime } from './scheduler.ts'
import { type WorkerLog, WorkerSupervisor } from './worker-supervisor.ts'

export interface LaneOptions {
  readonly name: LaneName
  readonly workers: number
  /** `tempDirectory` is the pool's: each worker gets a folder of its own in it. */
  readonly worker: WorkerOptions
  /** Options of Node for its processes. */
  readonly execArgv: readonly string[]
  readonly limits: SchedulerLimits
  /** What every client has had of the workers of all lanes. */
  readonly workerTime: WorkerTime
  readonly log: WorkerLog
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
  readonly #workers: readonly WorkerSupervisor[]

  constructor(options: LaneOptions) {
    this.name = options.name
    this.memoryLimitBytes = options.worker.memoryLimitBytes
    const workers = {
      all: () => this.#workers.filter((worker) => worker.idle),
      take: (database: string | null) => this.#workers.some((worker) => worker.takes(database)),
      reserve: (database: string | null) => this.#workers.find((worker) => worker.reserve(database)),
    }
    this.scheduler = new Scheduler(options.workers, options.limits, workers, options.workerTime, options.onPressure)
    this.scheduler.serve(options.worker.databases)
    const first = Promise.withResolvers<void>()
    this.ready = first.promise
    this.#workers = Array.from({ length: options.workers }, (_, place) => {
      const tempDirectory = path.join(options.worker.tempDirectory, `${options.name.toLowerCase()}-${place}`)
      const onIdle = () => {
        first.resolve()
        this.scheduler.dispatch()
      }
      const { onOutdated, execArgv, overMemory } = options
      // An idle one is found out by being asked for its figures: all of them at once, not each when its turn has come.
      const onFrozen = () => {
        for (const worker of this.#workers) void worker.health()
      }
      const parts = { onIdle, onOutdated, onFrozen, execArgv, overMemory }
      return new WorkerSupervisor(options.name, { ...options.worker, tempDirectory }, options.log, parts)
    })
  }

  get serves(): boolean {
    return this.#workers.some((worker) => worker.serves)
  }

  /** Of the processes that serve. */
  get pids(): number[] {
    return this.#workers.flatMap(({ pid }) => (pid === null ? [] : [pid]))
  }

  health(): Promise<WorkerHealth[]> {
    return Promise.all(this.#workers.map((worker) => worker.health()))
  }

  /** Every worker by one with this access, one place after the other; `giveUp` asks what runs in a place to leave it. */
  async renew(access: FileAccess, giveUp: (worker: WorkerSupervisor) => void): Promise<void> {
    for (const worker of this.#workers) {
      const served = worker.renew(access)
      giveUp(worker)
      await served
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.close()))
  }
}
