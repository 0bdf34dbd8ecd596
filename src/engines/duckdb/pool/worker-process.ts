/**
 * A worker process from its start to its end. It is a Tinypool with one thread, so that a task, its channel, its process id and
 * its death belong together. A larger Tinypool does not report which process ran a task, and never replaces a process that died
 * while it started.
 */

import { readFileSync } from 'node:fs'
import type { Tinypool } from 'tinypool'
import { AwakeTimer, awakeSignal, awakeSleep } from '../../awake.ts'
import type { Diagnostics } from '../../engine.ts'
import type {
  ExecutionEnd,
  ExecutionRequest,
  OpenRequest,
  ReceivedBatch,
  Reply,
  ToExecution,
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

/** The server's part of a running execution. */
export interface ExecutionChannel {
  /** Called when messages can be sent to the execution. */
  readonly onSend: (send: (message: ToExecution) => void) => void
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
  readonly #exit: Promise<Death>
  #data: DataSocket | null = null
  /** Rejects each answer that is awaited. */
  readonly #awaited = new Set<(reason: unknown) => void>()
  /** The liveness probe while an answer is awaited. */
  #liveness: LivenessProbe | null = null
  #loss: { readonly reason: unknown } | null = null
  #frozen = false
  #execution: { readonly onBatch: (batch: ReceivedBatch) => void; readonly ended: (end: ExecutionEnd) => void } | null = null
  #diagnosing: PromiseWithResolvers<Diagnostics> | null = null

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
    // An idle worker's death is an event of the pool; without a listener it would end the server.
    this.#pool.on('error', (error: unknown) => this.#lost(error))
  }

  /** Opens the data socket and the DuckDB instance. Call it first. */
  async open(request: OpenRequest): Promise<WorkerOpened> {
    const signal = awakeSignal(BOOT_MS)
    const opening = async () => {
      // Tinypool never rejects a task whose process dies before it is ready.
      await this.#pool.run(request, { name: 'listen', signal })
      this.#data = await DataSocket.connect(request.dataSocket, {
        onMessage: (message) => this.#receive(message),
        onClosed: () => this.#lost(new Error('its data socket has closed')),
      })
      return (await this.#pool.run(request, { name: 'open', signal })) as WorkerOpened
    }
    return await this.#watched(opening(), BOOT_ANSWER_MS)
  }

  /** Runs an execution. Rejects if the process dies or freezes meanwhile, or if its data socket closes. */
  async execute(request: ExecutionRequest, { onSend, onBatch }: ExecutionChannel): Promise<ExecutionEnd> {
    const end = Promise.withResolvers<ExecutionEnd>()
    this.#execution = { onBatch, ended: end.resolve }
    this.#send({ type: 'EXECUTE', request })
    onSend((message) => this.#send(message))
    return await this.#watched(end.promise)
  }

  /** Returns figures of the process, also while an execution runs. Concurrent calls share one answer. */
  async diagnose(): Promise<Diagnostics> {
    if (!this.#diagnosing) {
      this.#diagnosing = Promise.withResolvers()
      this.#send({ type: 'DIAGNOSE' })
    }
    return await this.#watched(this.#diagnosing.promise)
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
    this.#loss ??= { reason }
    for (const reject of this.#awaited) reject(reason)
    this.#options.onLost(reason)
  }

  #send(message: ToWorker): void {
    this.#data?.send(message)
  }

  #receive(message: Reply | ReceivedBatch): void {
    this.#liveness?.received()
    if (message.type === 'BATCH') this.#execution?.onBatch(message)
    else if (message.type === 'END') this.#execution?.ended(message.end)
    else if (message.type === 'UNUSABLE') this.#lost(new Error(message.message))
    else if (message.type !== 'ALIVE') this.#diagnosed(message)
  }

  #diagnosed(message: Extract<Reply, { type: 'DIAGNOSTICS' | 'UNDIAGNOSED' }>): void {
    if (message.type === 'DIAGNOSTICS') this.#diagnosing?.resolve(message.diagnostics)
    else this.#diagnosing?.reject(new Error(message.message))
    this.#diagnosing = null
  }

  /** Waits for an answer, and checks meanwhile that the worker is alive. */
  async #watched<Answer>(answer: Promise<Answer>, answerMs = ANSWER_MS): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>()
    answer.then(resolve, reject)
    if (this.#loss) reject(this.#loss.reason)
    this.#awaited.add(reject)
    this.#liveness ??= new LivenessProbe({
      pid: this.pid,
      answerMs,
      probe: () => this.#send({ type: 'PROBE' }),
      onFrozen: () => {
        this.#frozen = true
        this.#lost(new Error('it does not answer'))
      },
    })
    try {
      return await promise
    } finally {
      this.#awaited.delete(reject)
      if (this.#awaited.size === 0) {
        this.#liveness.close()
        this.#liveness = null
      }
    }
  }
}

/** Milliseconds without a message after which a worker is probed first. */
const FIRST_QUIET_MS = 250
/** Milliseconds without a message after which the worker is probed later. */
const QUIET_MS = 1_000
/** Milliseconds that a worker has to answer a probe. */
const ANSWER_MS = 2_000

interface LivenessOptions {
  readonly pid: number
  /** Sends a probe if the worker can receive it. */
  readonly probe: () => void
  /** Called once. */
  readonly onFrozen: () => void
  readonly answerMs: number
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
    this.#timer = new AwakeTimer(this.#options.answerMs, () => this.#judge())
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
