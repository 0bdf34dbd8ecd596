/** A group of workers with one size and one queue. */

import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { FileAccess, Lane as LaneName, RemoteReaders, WorkerHealth } from '../../engine.ts'
import type { WorkerOptions } from '../messages.ts'
import { residentBytes } from './memory.ts'
import { Scheduler, type SchedulerLimits, type WorkerTime } from './scheduler.ts'
import { type WorkerLog, WorkerSupervisor } from './worker-supervisor.ts'

/** A worker with more memory than this, in bytes, ends after MUCH_IDLE_MS. One that has just started has about 170 MB. */
const MUCH_BYTES = 200e6
const MUCH_IDLE_MS = 5_000
/** The longest that a worker with old files serves on because another one does not start. */
const MOST_WAKE_MS = 5_000

export interface LaneOptions {
  readonly name: LaneName
  readonly workers: number
  /** Number of workers that start at once and stay. Another one starts when an operation waits, and ends when it is idle. */
  readonly kept: number
  /** Milliseconds after which another idle worker ends. One that holds much memory ends sooner. */
  readonly idleMs: number
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
      const starting = this.#workers.filter(({ isStarting }) => isStarting).length
      if (starting < this.scheduler.queued) this.#workers.find(({ isAsleep }) => isAsleep)?.wake()
      options.onPressure()
    }
    this.scheduler = new Scheduler(options.workers, options.limits, workers, options.workerTime, onPressure)
    this.scheduler.setDatabases(options.worker.databases)
    const first = Promise.withResolvers<void>()
    this.ready = first.promise
    this.#workers = Array.from({ length: options.workers }, (_, index) => {
      const tempDirectory = path.join(options.worker.tempDirectory, `${options.name.toLowerCase()}-${index}`)
      let [soon, late]: (NodeJS.Timeout | undefined)[] = []
      const onIdle = () => {
        first.resolve()
        this.scheduler.dispatch()
        if (index < options.kept) return
        clearTimeout(soon)
        clearTimeout(late)
        const hasMuch = () => worker.pid !== null && residentBytes(worker.pid) > MUCH_BYTES
        soon = setTimeout(() => hasMuch() && worker.sleep(), MUCH_IDLE_MS).unref()
        late = setTimeout(() => worker.sleep(), options.idleMs).unref()
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
    for (const worker of this.#workers.slice(0, options.kept)) void worker.wake()
  }

  /** True if at least one worker can take work, or is starting. Work waits for a worker that is replaced. */
  get serves(): boolean {
    return this.#workers.some(({ failed, isAsleep }) => !failed && !isAsleep)
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
   * end. Before the only one that is awake is replaced, another one wakes, so that operations need not wait.
   */
  async renew(access: FileAccess, releaseWorker: (worker: WorkerSupervisor) => void): Promise<void> {
    const asleep = this.#workers.filter(({ isAsleep }) => isAsleep)
    const awake = this.#workers.filter(({ isAsleep }) => !isAsleep)
    for (const worker of asleep) void worker.renew(access)
    const [other] = asleep
    if (awake.length === 1 && other) await Promise.race([other.wake(), sleep(MOST_WAKE_MS, undefined, { ref: false })])
    for (const worker of awake) {
      const renewed = worker.renew(access)
      releaseWorker(worker)
      await renewed
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.close()))
  }
}
