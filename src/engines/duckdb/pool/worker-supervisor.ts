/** One place of the pool: a worker process and its supervisor, which replaces it when it ends. */
import { rm } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Diagnostics, FileAccess, Lane, WorkerHealth } from '../../engine.ts'
import type { ExecutionEnd, ExecutionRequest, OpenRequest, WorkerOpened, WorkerOptions } from '../messages.ts'
import { dataSocketIn } from './data-socket.ts'
import { FROZEN, WorkerLost, WorkerUnused } from './death.ts'
import { type ExecutionChannel, WorkerProcess } from './worker-process.ts'

/** Waits between failed boots grow to this, so that a place is whole within 3 s of the reason's going away. */
const LONGEST_BACKOFF_MS = 1_000
/** An idle worker answers in a millisecond. One that does not is not waited for: its last figures serve. */
const DIAGNOSE_MS = 100

export class WorkerSupervisor {
  readonly lane: Lane
  #options: OpenRequest
  readonly #execArgv: readonly string[]
  readonly #log: WorkerLog
  readonly #onIdle: () => void
  readonly #onOutdated: () => void
  readonly #onFrozen: () => void
  readonly #overMemory: (pid: number) => boolean
  #process: WorkerProcess | null = null
  #state: WorkerHealth['state'] = 'STARTING'
  #diagnostics: Diagnostics | null = null
  #databases: ReadonlySet<string> = new Set()
  #deaths = 0
  #closed = false
  /** The worker is not what it should be any more: it is replaced as soon as nothing runs in it. */
  #stale = false
  readonly #renewed: (() => void)[] = []
  #life: Promise<void>

  /** Starts at once. */
  constructor(
    lane: Lane,
    options: WorkerOptions,
    log: WorkerLog,
    { onIdle, onOutdated, onFrozen, execArgv, overMemory }: WorkerCallbacks,
  ) {
    this.lane = lane
    this.#execArgv = execArgv
    this.#options = { ...options, dataSocket: dataSocketIn(options.tempDirectory) }
    this.#log = log
    this.#onIdle = onIdle
    this.#onOutdated = onOutdated
    this.#onFrozen = onFrozen ?? (() => {})
    this.#overMemory = overMemory ?? (() => false)
    this.#life = this.#start()
  }

  get idle(): boolean {
    return this.#state === 'IDLE'
  }

  /** Null while there is none, or it is starting. */
  get pid(): number | null {
    return this.serves ? (this.#process?.pid ?? null) : null
  }

  /** It has a worker, idle or at work. */
  get serves(): boolean {
    return this.#state === 'IDLE' || this.#state === 'BUSY'
  }

  /** It is idle, and has the database that is wanted, if any is. */
  takes(database: string | null): boolean {
    return this.idle && (database === null || this.#databases.has(database))
  }

  /** True: it is the caller's, who runs one task in it or releases it. */
  reserve(database: string | null): boolean {
    if (!this.takes(database)) return false
    this.#state = 'BUSY'
    return true
  }

  /** Gives back a reserved place that was not used. */
  release(): void {
    if (this.#state === 'BUSY') this.#becomeIdle()
  }

  /**
   * In a reserved place. Rejects with LostWorker when the process died under the task, with NeverBegan if it did before; the place then starts
   * anew by itself. `wary`: asks it first whether it is alive.
   */
  async execute(request: ExecutionRequest, channel: ExecutionChannel, wary: boolean): Promise<ExecutionEnd> {
    const worker = this.#process
    // A place that died while it was reserved has no process, or another one.
    if (!worker || this.#state !== 'BUSY') throw new WorkerUnused('the worker ended before it was used')
    let began = !wary
    try {
      if (wary) await worker.diagnose()
      began = true
      const end = await worker.execute(request, channel)
      if (worker === this.#process) {
        // Before anybody else is given the place.
        if (end.outcome === 'FAILED' && end.failure.kind === 'FATAL') this.kill('its instance is dead')
        else this.release()
      }
      return end
    } catch (error) {
      if (worker === this.#process) this.#restart(error)
      if (!began) throw new WorkerUnused('the worker ended before it was used', { cause: error })
      throw new WorkerLost(await worker.death(), error)
    }
  }

  /** Asks the worker of a running execution whether it is alive: a kill that follows tells a frozen one from one that is busy. */
  ask(): void {
    this.#process?.ask()
  }

  /** Ends the process at once; what runs in it is rejected. For what cannot be interrupted, and for an instance that is dead. */
  kill(reason: string): void {
    if (this.#process) this.#restart(new Error(reason))
  }

  /** Fresh figures where the worker is idle; the last known ones else, unless the execution is asked for them. None of a process that is gone. */
  async health(): Promise<WorkerHealth> {
    const worker = this.#process
    if (this.idle && worker) {
      const answer = worker.diagnose().then(
        (diagnostics) => worker === this.#process && this.learn(diagnostics),
        () => {},
      )
      await Promise.race([answer, sleep(DIAGNOSE_MS, undefined, { ref: false })])
    }
    return { lane: this.lane, state: this.#state, deaths: this.#deaths, diagnostics: this.#diagnostics }
  }

  /** Figures that a busy worker told over its task's channel. */
  learn(diagnostics: Diagnostics): void {
    this.#diagnostics = diagnostics
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#discard()
    await this.#life
    for (const resolve of this.#renewed.splice(0)) resolve()
  }

  /**
   * A new worker with other access in this place, as soon as nothing runs in the old one; resolves when it serves, or the place is closed. A
   * second call before that is met by the same start.
   */
  async renew(access: FileAccess): Promise<void> {
    this.#options = { ...this.#options, ...access }
    if (this.#closed) return
    this.#stale = true
    const served = new Promise<void>((resolve) => this.#renewed.push(resolve))
    if (this.idle) this.#replace()
    await served
  }

  #becomeIdle(): void {
    if (this.#stale) {
      this.#replace()
      return
    }
    this.#state = 'IDLE'
    for (const resolve of this.#renewed.splice(0)) resolve()
    this.#onIdle()
  }

  #restart(reason: unknown): void {
    this.#deaths++
    const worker = this.#process
    this.#replace()
    if (this.#closed) return
    void worker?.death().then((death) => {
      this.#log.warn({ err: reason, lane: this.lane, pid: worker.pid, death: death.words }, 'worker ended')
      if (death === FROZEN) this.#onFrozen()
    })
  }

  #replace(): void {
    this.#state = 'STARTING'
    this.#diagnostics = null
    const dead = this.#discard()
    this.#life = this.#life.then(() => dead).then(() => this.#start())
  }

  async #start(): Promise<void> {
    for (let failures = 0; !this.#closed; failures++) {
      try {
        this.#stale = false
        const { diagnostics, databases } = await this.#boot()
        this.#diagnostics = diagnostics
        this.#databases = new Set(databases)
        if (this.#closed) return
        this.#becomeIdle()
        if (this.#options.databases.some(({ alias }) => !this.#databases.has(alias))) this.#onOutdated()
        return
      } catch (error) {
        await this.#discard()
        if (this.#closed) return
        this.#state = 'FAILED'
        this.#log.warn({ err: error, lane: this.lane }, 'worker could not start, trying again')
        await sleep(Math.min(LONGEST_BACKOFF_MS, 100 * 2 ** failures))
      }
    }
  }

  async #boot(): Promise<WorkerOpened> {
    const worker: WorkerProcess = new WorkerProcess({
      threads: this.#options.threads,
      execArgv: this.#execArgv,
      overMemory: this.#overMemory,
      // While it boots, it is the boot that fails.
      onLost: (reason) => {
        if (worker === this.#process && this.serves) this.#restart(reason)
      },
    })
    this.#process = worker
    return await worker.open(this.#options)
  }

  async #discard(): Promise<void> {
    const worker = this.#process
    this.#process = null
    if (!worker) return
    await worker.end()
    const { tempDirectory, dataSocket } = this.#options
    await Promise.all([tempDirectory, dataSocket].map((left) => rm(left, { recursive: true, force: true })))
  }
}

/** What a place of the pool is given, beside what its worker runs with. */
export interface WorkerLog {
  warn(fields: object, message: string): void
}

interface WorkerCallbacks {
  /** Called whenever it can take work: after each boot and each task. */
  readonly onIdle: () => void
  /** A database was not what it should be. */
  readonly onOutdated: () => void
  /** A worker was frozen: others may be too, and not be known to be. */
  readonly onFrozen?: () => void
  /** Options of Node for its processes. */
  readonly execArgv: readonly string[]
  /** Whether its process of this id has had more memory than it may. @default never */
  readonly overMemory?: (pid: number) => boolean
}
