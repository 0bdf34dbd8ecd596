/**
 * One place of the pool: a worker process and its supervisor. Each place is a Tinypool of one, so that a task, its channel, its process id
 * and its death belong together; a larger Tinypool tells none of them apart, and never refills after a death during boot.
 */
import { rm } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Tinypool, TinypoolChannel } from 'tinypool'
import { DataSocket, dataSocketIn } from './data-socket.ts'
import type { Lane, WorkerHealth } from './engine.ts'
import type {
  Access,
  Diagnostics,
  ExecutionEnd,
  ExecutionRequest,
  Opened,
  OpenRequest,
  ReceivedBatch,
  WorkerOptions,
} from './messages.ts'
import { NeverBegan } from './never-began.ts'
import type { SlotLog, SlotParts } from './slot-parts.ts'
import { endProcess, startProcess } from './start-process.ts'

/** Opening takes half a second. A worker that is given up on a starved machine is followed by one that starves it more. */
const BOOT_MS = 60_000
/** Waits between failed boots grow to this, so that a place is whole within 3 s of the reason's going away. */
const LONGEST_BACKOFF_MS = 1_000
/** An idle worker answers in a millisecond. One that does not is not waited for: its last figures serve. */
const DIAGNOSE_MS = 100

export class Slot {
  readonly lane: Lane
  #options: OpenRequest
  readonly #execArgv: readonly string[]
  readonly #log: SlotLog
  readonly #onIdle: () => void
  readonly #onOutdated: () => void
  #pool: Tinypool | null = null
  #data: DataSocket | null = null
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
  constructor(lane: Lane, options: WorkerOptions, log: SlotLog, { onIdle, onOutdated, execArgv }: SlotParts) {
    this.lane = lane
    this.#execArgv = execArgv
    this.#options = { ...options, dataSocket: dataSocketIn(options.tempDirectory) }
    this.#log = log
    this.#onIdle = onIdle
    this.#onOutdated = onOutdated
    this.#life = this.#start()
  }

  get idle(): boolean {
    return this.#state === 'IDLE'
  }

  /** Null while there is none, or it is starting. */
  get pid(): number | null {
    return this.serves ? (this.#diagnostics?.pid ?? null) : null
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
   * In a reserved place. Rejects when the process died under the task, with NeverBegan if it did before; the place then starts anew by itself.
   * `wary`: asks it first whether it is alive.
   */
  async execute(
    request: ExecutionRequest,
    channel: TinypoolChannel,
    onBatch: (batch: ReceivedBatch) => void,
    wary: boolean,
  ): Promise<ExecutionEnd> {
    const pool = this.#pool
    const data = this.#data
    try {
      // A place that died while it was reserved has no pool, or another one.
      if (!pool || !data || this.#state !== 'BUSY') throw new NeverBegan('the worker ended before it was used')
      if (wary) await this.#alive(pool)
      data.begin(onBatch)
      const end = (await pool.run(request, { name: 'execute', channel })) as ExecutionEnd
      await data.end(end.batches)
      if (pool === this.#pool) {
        // Before anybody else is given the place.
        if (end.outcome === 'FAILED' && end.failure.kind === 'FATAL') this.kill('its instance is dead')
        else this.release()
      }
      return end
    } catch (error) {
      if (pool && pool === this.#pool) this.#restart(error)
      throw error
    }
  }

  async #alive(pool: Tinypool): Promise<void> {
    await pool.run(undefined, { name: 'diagnose' }).catch((cause: unknown) => {
      throw new NeverBegan('the worker ended before it was used', { cause })
    })
  }

  /** Ends the process at once; what runs in it is rejected. For what cannot be interrupted, and for an instance that is dead. */
  kill(reason: string): void {
    if (this.#pool) this.#restart(new Error(reason))
  }

  /** Fresh figures where the worker is idle; the last known ones else, unless the execution is asked for them. */
  async health(): Promise<WorkerHealth> {
    if (this.idle && this.#pool) {
      const answer = this.#pool.run(undefined, { name: 'diagnose' }).then(
        (diagnostics: Diagnostics) => this.learn(diagnostics),
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
  async renew(access: Access): Promise<void> {
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
    if (!this.#closed) this.#log.warn({ err: reason, lane: this.lane, pid: this.#diagnostics?.pid }, 'worker ended')
    this.#replace()
  }

  #replace(): void {
    this.#state = 'STARTING'
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

  async #boot(): Promise<Opened> {
    const pool = startProcess({ threads: this.#options.threads, execArgv: this.#execArgv })
    this.#pool = pool
    const died = Promise.withResolvers<never>()
    // Nobody may be waiting for it.
    died.promise.catch(() => {})
    const ended = (error: unknown) => {
      died.reject(error)
      // While it boots, it is the boot that fails.
      if (pool === this.#pool && this.serves) this.#restart(error)
    }
    // An idle worker's death is an event of the pool; without a listener it would end the server. One that dies before it can be asked leaves
    // the question waiting for ever.
    pool.on('error', ended)
    const late = AbortSignal.timeout(BOOT_MS)
    const opening = pool.run(this.#options, { name: 'open', signal: late }) as Promise<Opened>
    const opened = await Promise.race([opening, died.promise])
    // A worker whose batches can't come is of no use.
    const cut = () => ended(new Error('its data socket has closed'))
    this.#data = await DataSocket.connect(this.#options.dataSocket, cut)
    return opened
  }

  async #discard(): Promise<void> {
    const pool = this.#pool
    this.#pool = null
    this.#data?.close()
    this.#data = null
    if (!pool) return
    await endProcess(pool)
    const { tempDirectory, dataSocket } = this.#options
    await Promise.all([tempDirectory, dataSocket].map((left) => rm(left, { recursive: true, force: true })))
  }
}
