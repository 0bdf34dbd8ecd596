/** Supervises one worker: it starts the process when `wake` is called first, and starts another one when it ends. */
import { randomUUID } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Diagnostics, FileAccess, Lane, RemoteReaders, RemoteReads, WorkerHealth } from '../../engine.ts'
import type { ExecutionEnd, ExecutionRequest, OpenRequest, WorkerOpened, WorkerOptions } from '../messages.ts'
import { dataSocketIn } from './data-socket.ts'
import { FROZEN, WorkerLost, WorkerUnused } from './death.ts'
import { type ExecutionChannel, WorkerProcess } from './worker-process.ts'

/** Longest wait between failed starts, so that the worker is back within 3 s after the reason has gone. */
const LONGEST_BACKOFF_MS = 1_000
/** Milliseconds to wait for the figures of an idle worker, which takes one. After that its last figures are used. */
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
  readonly #readers: RemoteReaders | undefined
  /** Its user name at the gateway. One execution runs at a time, so what it reads is read for that one. */
  readonly #reader = randomUUID()
  #process: WorkerProcess | null = null
  #state: WorkerHealth['state'] = 'ASLEEP'
  #diagnostics: Diagnostics | null = null
  #databases: ReadonlySet<string> = new Set()
  #deaths = 0
  #closed = false
  /** True if the worker must be replaced as soon as nothing runs in it. */
  #stale = false
  readonly #renewed: (() => void)[] = []
  #life: Promise<void> = Promise.resolve()

  constructor(
    lane: Lane,
    options: WorkerOptions,
    log: WorkerLog,
    { onIdle, onOutdated, onFrozen, execArgv, overMemory, remoteReaders }: WorkerParts,
  ) {
    this.lane = lane
    this.#execArgv = execArgv
    this.#options = { ...options, dataSocket: dataSocketIn(options.tempDirectory) }
    this.#log = log
    this.#onIdle = onIdle
    this.#onOutdated = onOutdated
    this.#onFrozen = onFrozen ?? (() => {})
    this.#overMemory = overMemory ?? (() => false)
    this.#readers = remoteReaders
  }

  /** Starts a worker that has no process, and resolves when it can take work. Otherwise it does nothing. */
  async wake(): Promise<void> {
    if (!this.isAsleep || this.#closed) return
    this.#state = 'STARTING'
    this.#life = this.#life.then(() => this.#start())
    await this.#life
  }

  /** True if it has no process, until `wake` is called. */
  get isAsleep(): boolean {
    return this.#state === 'ASLEEP'
  }

  /** Ends the process of an idle worker, which returns its memory, until `wake` is called. */
  sleep(): void {
    if (!this.idle) return
    this.#state = 'ASLEEP'
    this.#diagnostics = null
    const ended = this.#discard()
    this.#life = this.#life.then(() => ended)
  }

  get isStarting(): boolean {
    return this.#state === 'STARTING'
  }

  get idle(): boolean {
    return this.#state === 'IDLE'
  }

  /** Process id of the worker; null while it starts. */
  get pid(): number | null {
    return this.serves ? (this.#process?.pid ?? null) : null
  }

  /** True if the worker is idle or busy. */
  get serves(): boolean {
    return this.#state === 'IDLE' || this.#state === 'BUSY'
  }

  /** True if the worker could not start. It is started again. */
  get failed(): boolean {
    return this.#state === 'FAILED'
  }

  /** Returns true if the worker is idle and has `database`, if that is not null. */
  takes(database: string | null): boolean {
    return this.idle && (database === null || this.#databases.has(database))
  }

  /** Reserves the worker. Returns true if the caller has it, who then runs one execution in it or releases it. */
  reserve(database: string | null): boolean {
    if (!this.takes(database)) return false
    this.#state = 'BUSY'
    return true
  }

  /** Counts what the worker reads from other machines, from now on. */
  countReads(reads: RemoteReads): void {
    this.#readers?.set(this.#reader, reads)
  }

  /** Releases a reserved worker that was not used. */
  release(): void {
    if (this.#state === 'BUSY') this.#becomeIdle()
  }

  /**
   * Runs an execution in the reserved worker. If the worker dies, the supervisor starts another one. With `probeFirst` it first
   * checks that the worker is alive.
   *
   * @throws WorkerLost if the process died while the execution ran, WorkerUnused if it died before
   */
  async execute(request: ExecutionRequest, channel: ExecutionChannel, probeFirst: boolean): Promise<ExecutionEnd> {
    const worker = this.#process
    // If the worker died while it was reserved, there is no process, or another one.
    if (!worker || this.#state !== 'BUSY') throw new WorkerUnused('the worker ended before it was used')
    let hasStarted = !probeFirst
    try {
      if (probeFirst) await worker.diagnose()
      hasStarted = true
      const end = await worker.execute(request, channel)
      if (worker === this.#process) {
        // This must happen before another operation can reserve the worker.
        if (end.outcome === 'FAILED' && end.failure.kind === 'FATAL') this.kill('its instance is dead')
        else this.release()
      }
      return end
    } catch (error) {
      if (worker === this.#process) this.#restart(error)
      if (!hasStarted) throw new WorkerUnused('the worker ended before it was used', { cause: error })
      throw new WorkerLost(await worker.death(), error)
    }
  }

  /** Probes the worker of a running execution, so that a kill that follows can report if the worker was frozen or busy. */
  probe(): void {
    this.#process?.probe()
  }

  /**
   * Kills the process; its execution is rejected. It is for executions that can't be interrupted and for instances that are
   * dead.
   */
  kill(reason: string): void {
    if (this.#process) this.#restart(new Error(reason))
  }

  /**
   * Returns new figures if the worker is idle; otherwise the last known ones, and asks for new ones. There are none if its
   * process has ended.
   */
  async health(): Promise<WorkerHealth> {
    const worker = this.#process
    if (worker && this.serves) {
      const answer = this.#diagnose(worker)
      if (this.idle) await Promise.race([answer, sleep(DIAGNOSE_MS, undefined, { ref: false })])
    }
    return { lane: this.lane, state: this.#state, deaths: this.#deaths, diagnostics: this.#diagnostics }
  }

  async #diagnose(worker: WorkerProcess): Promise<void> {
    try {
      const diagnostics = await worker.diagnose()
      if (worker === this.#process) this.#diagnostics = diagnostics
    } catch {
      // The last figures stay.
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#discard()
    await this.#life
    for (const resolve of this.#renewed.splice(0)) resolve()
  }

  /**
   * Replaces the worker by one with other access as soon as nothing runs in it. Resolves when the new worker can take work, or
   * after `close()`. A second call before that shares the same start. A worker that is asleep has the access when it wakes.
   */
  async renew(access: FileAccess): Promise<void> {
    this.#options = { ...this.#options, ...access }
    if (this.#closed || this.isAsleep) return
    this.#stale = true
    const renewed = new Promise<void>((resolve) => this.#renewed.push(resolve))
    if (this.idle) this.#replace()
    await renewed
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
      this.#log.warn({ err: reason, lane: this.lane, pid: worker.pid, death: death.description }, 'worker ended')
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
      // While the worker starts, `open` fails instead.
      onLost: (reason) => {
        if (worker === this.#process && this.serves) this.#restart(reason)
      },
    })
    this.#process = worker
    const { gateway } = this.#options
    return await worker.open({ ...this.#options, ...(gateway && { gateway: { ...gateway, user: this.#reader } }) })
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

/** The log of deaths and failed starts. */
export interface WorkerLog {
  warn(fields: object, message: string): void
}

interface WorkerParts {
  /** Called when the worker can take work: after each start and each execution. */
  readonly onIdle: () => void
  /** Called when a database has another version than expected. */
  readonly onOutdated: () => void
  /** Called when the worker was frozen. Other workers may be frozen too. */
  readonly onFrozen?: () => void
  /** Node options of its processes. */
  readonly execArgv: readonly string[]
  /** Returns true if the process with this id was above its memory limit. @default never */
  readonly overMemory?: (pid: number) => boolean
  /** Counts what is read from other machines. @default nothing is counted */
  readonly remoteReaders?: RemoteReaders | undefined
}
