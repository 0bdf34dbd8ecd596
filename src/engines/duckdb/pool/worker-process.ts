/**
 * A worker process from its start to its end. It is a Tinypool with one thread, so that a task, its channel, its process id and
 * its death belong together. A larger Tinypool does not report which process ran a task, and never replaces a process that died
 * while it started.
 */

import { readFileSync } from 'node:fs'
import type { Tinypool, TinypoolChannel } from 'tinypool'
import { AwakeTimer, awakeSignal, awakeSleep } from '../../awake.ts'
import type { Diagnostics } from '../../engine.ts'
import type {
  ExecutionEnd,
  ExecutionRequest,
  FromWorker,
  OpenRequest,
  ReceivedBatch,
  ToWorker,
  WorkerOpened,
} from '../messages.ts'
import { DataSocket } from './data-socket.ts'
import { type Death, deathOf, type Exit, FROZEN, UNKNOWN } from './death.ts'
import { type ProcessOptions, startProcess } from './start-process.ts'

/**
 * Milliseconds that a worker may take to open. It usually takes half a second. On an overloaded machine the limit must be long,
 * because the next worker would only add to the load.
 */
const BOOT_MS = 60_000
/**
 * Milliseconds in which a worker must answer a probe while it starts. An overloaded machine may give it no processor for longer
 * than later.
 */
const BOOT_ANSWER_MS = 5_000
/** Milliseconds to wait for the exit of a process after one of its tasks has failed. */
const EXIT_MS = 2_000

/** Messages to and from a running execution. */
export interface ExecutionChannel {
  readonly onSend: (send: (message: ToWorker) => void) => void
  readonly onMessage: (message: FromWorker) => void
  readonly onBatch: (batch: ReceivedBatch) => void
}

export interface WorkerProcessOptions extends ProcessOptions {
  /** Called when the process has died, is frozen, or its data socket has closed. It may be called more than once. */
  readonly onLost: (reason: unknown) => void
  /** Returns true if the process with this id was above its memory limit. */
  readonly overMemory: (pid: number) => boolean
}

export class WorkerProcess {
  readonly pid: number
  readonly #options: WorkerProcessOptions
  readonly #pool: Tinypool
  readonly #died = Promise.withResolvers<never>()
  readonly #exit: Promise<Death>
  #data: DataSocket | null = null
  /** The liveness probe of the current task. */
  #liveness: LivenessProbe | null = null
  #frozen = false
  #diagnosing: Promise<Diagnostics> | null = null

  /** Starts the process at once. */
  constructor(options: WorkerProcessOptions) {
    this.#options = options
    this.#pool = startProcess(options)
    const worker = this.#pool.threads[0]!
    this.pid = worker.threadId
    const exit = new Promise<Exit>((resolve) => {
      worker.once('exit', (code: Exit['code'], signal: Exit['signal']) => resolve({ code, signal }))
    })
    this.#exit = exit.then((how) => (this.#frozen ? FROZEN : deathOf(how, () => options.overMemory(this.pid))))
    // If nobody waits for it, the rejection must not end the server.
    this.#died.promise.catch(() => {})
    // An idle worker's death is an event of the pool; without a listener it would end the server.
    this.#pool.on('error', (error: unknown) => this.#lost(error))
  }

  /** Opens the DuckDB instance and the data socket. Call it first. */
  async open(request: OpenRequest): Promise<WorkerOpened> {
    const late = awakeSignal(BOOT_MS)
    // Tinypool never rejects a task whose process dies before it is ready.
    const opening = this.#task('open', request, { signal: late, answerMs: BOOT_ANSWER_MS }) as Promise<WorkerOpened>
    const opened = await Promise.race([opening, this.#died.promise])
    // Without its data socket the worker can't send batches.
    this.#data = await DataSocket.connect(request.dataSocket, () => this.#lost(new Error('its data socket has closed')))
    return opened
  }

  /** Runs an execution. Rejects if the process dies or freezes meanwhile, or if its data socket closes. */
  async execute(request: ExecutionRequest, { onSend, onMessage, onBatch }: ExecutionChannel): Promise<ExecutionEnd> {
    const data = this.#data
    if (!data) throw new Error('the worker has not been opened')
    const received = (batch: ReceivedBatch) => {
      this.#liveness?.received()
      onBatch(batch)
    }
    data.begin(received)
    return await this.#task('execute', request, { onSend, onMessage, after: (end: ExecutionEnd) => data.end(end.batches) })
  }

  /** Returns figures of an idle process. Concurrent calls share one answer. */
  diagnose(): Promise<Diagnostics> {
    this.#diagnosing ??= (this.#task('diagnose', undefined, {}) as Promise<Diagnostics>).finally(() => (this.#diagnosing = null))
    return this.#diagnosing
  }

  /** Probes at once whether the process is alive. */
  probe(): void {
    this.#liveness?.probe()
  }

  /** Returns how the process ended. Call it after it was killed, or after a task was rejected. */
  death(): Promise<Death> {
    return Promise.race([this.#exit, awakeSleep(EXIT_MS).then(() => UNKNOWN)])
  }

  /** Kills the process, even if an execution runs in it. */
  async end(): Promise<void> {
    this.#frozen ||= this.#liveness?.gone ?? false
    this.#data?.close()
    for (const { threadId } of this.#pool.threads) {
      try {
        process.kill(threadId, 'SIGKILL')
      } catch {
        // The process has already ended.
      }
    }
    await this.#pool.destroy()
  }

  #lost(reason: unknown): void {
    this.#died.reject(reason)
    this.#options.onLost(reason)
  }

  /** Runs one of the worker's functions, and checks meanwhile that the worker is alive. */
  async #task<Result>(
    name: string,
    task: unknown,
    { signal, answerMs, onSend, onMessage, after }: TaskOptions<Result>,
  ): Promise<Result> {
    // A task that waits for another task can't send messages yet.
    let send: (message: ToWorker) => void = () => {}
    const liveness = new LivenessProbe({
      pid: this.pid,
      ...(answerMs === undefined ? {} : { answerMs }),
      probe: () => send({ type: 'PROBE' }),
      onFrozen: () => {
        this.#frozen = true
        this.#lost(new Error('it does not answer'))
      },
    })
    const former = this.#liveness
    this.#liveness = liveness
    const channel: TinypoolChannel = {
      onMessage: (toWorker: (message: ToWorker) => void) => {
        send = toWorker
        onSend?.(toWorker)
      },
      postMessage: (message: FromWorker) => {
        liveness.received()
        onMessage?.(message)
      },
    }
    try {
      const result = (await this.#pool.run(task, { name, channel, ...(signal && { signal }) })) as Result
      await after?.(result)
      return result
    } finally {
      liveness.close()
      if (this.#liveness === liveness) this.#liveness = former
    }
  }
}

interface TaskOptions<Result> {
  readonly signal?: AbortSignal
  readonly answerMs?: number
  readonly onSend?: ExecutionChannel['onSend']
  readonly onMessage?: ExecutionChannel['onMessage']
  /** Waits for what is still missing after the function has returned. */
  readonly after?: (result: Result) => Promise<void>
}

/** Milliseconds without a message after which a new task's worker is probed. */
const FIRST_QUIET_MS = 250
/** Milliseconds without a message after which the worker is probed later. */
const QUIET_MS = 1_000
/** Milliseconds that a worker has to answer a probe. */
const ANSWER_MS = 2_000

interface LivenessOptions {
  readonly pid: number
  /** Sends a probe if messages can be sent to the worker. */
  readonly probe: () => void
  /** Called once. */
  readonly onFrozen: () => void
  /** @default 2,000 */
  readonly answerMs?: number
}

/**
 * Distinguishes a frozen worker (SIGSTOP, a paused container, a debugger) from a busy one. A busy worker answers a probe within
 * milliseconds, because its engine works in other threads. If its main thread is blocked, its processor time still increases.
 */
class LivenessProbe {
  readonly #options: LivenessOptions
  #timer: AwakeTimer
  #answered = false
  /** Processor time of the worker when it was probed; undefined if it was not. */
  #timeAtProbe: string | null | undefined

  /** Watches the worker until `close()`. */
  constructor(options: LivenessOptions) {
    this.#options = options
    this.#timer = this.#watch(FIRST_QUIET_MS)
  }

  /** Records that a message has arrived from the worker. */
  received(): void {
    this.#answered = true
  }

  /** Probes the worker at once. */
  probe(): void {
    this.#timer.clear()
    this.#answered = false
    this.#timeAtProbe = processorTime(this.#options.pid)
    this.#options.probe()
    this.#timer = new AwakeTimer(this.#options.answerMs ?? ANSWER_MS, () => this.#judge())
  }

  /** True if the worker was probed, has not answered, and has used no processor time since. */
  get gone(): boolean {
    return this.#timeAtProbe !== undefined && !this.#answered && processorTime(this.#options.pid) === this.#timeAtProbe
  }

  close(): void {
    this.#timer.clear()
  }

  #watch(ms: number): AwakeTimer {
    return new AwakeTimer(ms, () => (this.#answered ? this.#watchAgain() : this.probe()))
  }

  #watchAgain(): void {
    this.#answered = false
    this.#timeAtProbe = undefined
    this.#timer = this.#watch(QUIET_MS)
  }

  #judge(): void {
    if (this.#answered) this.#watchAgain()
    else if (this.gone) this.#options.onFrozen()
    else this.probe()
  }
}

/**
 * Returns the processor time of a process as text; null if the system does not report it. The time of all threads is in ticks
 * of 10 ms. The time of the main thread is in nanoseconds, so it also increases in a process that gets very little time. It
 * costs 40 us.
 */
function processorTime(pid: number): string | null {
  const stat = read(`/proc/${pid}/stat`)
  if (stat === null) return null
  // The command's name may hold spaces; it ends with the last parenthesis. User and system time are fields 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return `${fields[11]} ${fields[12]} ${read(`/proc/${pid}/schedstat`)}`
}

function read(file: string): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return null
  }
}
