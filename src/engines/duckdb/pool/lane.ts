/** A group of workers with one size and one queue. */

import path from 'node:path'
import type { FileAccess, Lane as LaneName, RemoteReaders, WorkerHealth } from '../../engine.ts'
import type { WorkerOptions } from '../messages.ts'
import { Scheduler, type SchedulerLimits, type WorkerTime } from './scheduler.ts'
import { type WorkerLog, WorkerSupervisor } from './worker-supervisor.ts'

export interface LaneOptions {
  readonly name: LaneName
  readonly workers: number
  /**
   * Milliseconds after which an idle worker ends; it starts when an operation waits for it. Null if workers start at once and
   * stay.
   */
  readonly idleMs: number | null
  /** Options of each worker. Each gets its own folder inside `tempDirectory`. */
  readonly worker: WorkerOptions
  /** Node options of the worker processes. */
  readonly execArgv: readonly string[]
  readonly limits: SchedulerLimits
  /** The worker time of every client, in all lanes. */
  readonly workerTime: WorkerTime
  readonly log: WorkerLog
  /** Called when a worker finds another version of a database than it expects. */
  readonly onOutdated: () => void
  /** Returns true if the worker with this process id was above its memory limit. */
  readonly overMemory: (pid: number) => boolean
  readonly remoteReaders: RemoteReaders | undefined
  /** Called when an operation must wait for a worker. */
  readonly onPressure: () => void
}

export class Lane {
  readonly name: LaneName
  readonly memoryLimitBytes: number
  readonly scheduler: Scheduler
  /** Resolves when the first worker of the lane can take work. */
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
    const onPressure = () => {
      this.#wake()
      options.onPressure()
    }
    this.scheduler = new Scheduler(options.workers, options.limits, workers, options.workerTime, onPressure)
    this.scheduler.setDatabases(options.worker.databases)
    const first = Promise.withResolvers<void>()
    this.ready = first.promise
    this.#workers = Array.from({ length: options.workers }, (_, index) => {
      const tempDirectory = path.join(options.worker.tempDirectory, `${options.name.toLowerCase()}-${index}`)
      let rest: NodeJS.Timeout | undefined
      const onIdle = () => {
        first.resolve()
        this.scheduler.dispatch()
        if (options.idleMs === null) return
        clearTimeout(rest)
        rest = setTimeout(() => worker.sleep(), options.idleMs).unref()
      }
      const { onOutdated, execArgv, overMemory, remoteReaders } = options
      // A request for figures finds a frozen idle worker. It goes to all workers now, before an operation meets a frozen one.
      const onFrozen = () => {
        for (const worker of this.#workers) void worker.health()
      }
      const parts = { onIdle, onOutdated, onFrozen, execArgv, overMemory, remoteReaders }
      const worker = new WorkerSupervisor(options.name, { ...options.worker, tempDirectory }, options.log, parts)
      return worker
    })
    if (options.idleMs === null) this.#wake()
  }

  /** True if at least one worker can take work, or is starting. Work waits for a worker that is replaced. */
  get serves(): boolean {
    return this.#workers.some(({ failed }) => !failed)
  }

  /** Ids of the processes that are idle or busy. */
  get pids(): number[] {
    return this.#workers.flatMap(({ pid }) => (pid === null ? [] : [pid]))
  }

  health(): Promise<WorkerHealth[]> {
    return Promise.all(this.#workers.map((worker) => worker.health()))
  }

  /**
   * Replaces the workers one after the other with workers that have `access`. `releaseWorker` asks the execution in a worker to
   * end.
   */
  async renew(access: FileAccess, releaseWorker: (worker: WorkerSupervisor) => void): Promise<void> {
    for (const worker of this.#workers) {
      const renewed = worker.renew(access)
      releaseWorker(worker)
      await renewed
    }
  }

  #wake(): void {
    for (const worker of this.#workers) worker.wake()
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.close()))
  }
}
