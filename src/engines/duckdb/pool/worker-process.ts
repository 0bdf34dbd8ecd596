/**
 * One worker process from its start to its end, as a Tinypool of one, so that a task, its channel, its process id and its death belong
 * together; a larger Tinypool tells none of them apart, and never refills after a death during boot.
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

/** Opening takes half a second. A worker that is given up on a starved machine is followed by one that starves it more. */
const BOOT_MS = 60_000
/** While it boots, a starved process may go without a processor for longer. */
const BOOT_ANSWER_MS = 5_000
/** From the failure of a task to the news of the process's end. */
const EXIT_MS = 2_000

/** The ways to and from a running execution. */
export interface ExecutionChannel {
  readonly onSend: (send: (message: ToWorker) => void) => void
  readonly onMessage: (message: FromWorker) => void
  readonly onBatch: (batch: ReceivedBatch) => void
}

export interface WorkerProcessOptions extends ProcessOptions {
  /** It has died, is frozen, or its batches can't come. May be called again. */
  readonly onLost: (reason: unknown) => void
  /** Whether a process of this id has had more memory than it may. */
  readonly overMemory: (pid: number) => boolean
}

export class WorkerProcess {
  readonly pid: number
  readonly #options: WorkerProcessOptions
  readonly #pool: Tinypool
  readonly #died = Promise.withResolvers<never>()
  readonly #exit: Promise<Death>
  #data: DataSocket | null = null
  /** Of the task under way. */
  #pulse: LivenessProbe | null = null
  #frozen = false
  #diagnosing: Promise<Diagnostics> | null = null

  /** Starts at once. */
  constructor(options: WorkerProcessOptions) {
    this.#options = options
    this.#pool = startProcess(options)
    const worker = this.#pool.threads[0]!
    this.pid = worker.threadId
    const exit = new Promise<Exit>((resolve) => {
      worker.once('exit', (code: Exit['code'], signal: Exit['signal']) => resolve({ code, signal }))
    })
    this.#exit = exit.then((how) => (this.#frozen ? FROZEN : deathOf(how, () => options.overMemory(this.pid))))
    // Nobody may be waiting for it.
    this.#died.promise.catch(() => {})
    // An idle worker's death is an event of the pool; without a listener it would end the server.
    this.#pool.on('error', (error: unknown) => this.#lost(error))
  }

  /** To be called first. */
  async open(request: OpenRequest): Promise<WorkerOpened> {
    const late = awakeSignal(BOOT_MS)
    // A process that dies before it can be asked leaves the question waiting for ever.
    const opening = this.#task('open', request, { signal: late, answerMs: BOOT_ANSWER_MS }) as Promise<WorkerOpened>
    const opened = await Promise.race([opening, this.#died.promise])
    // A worker whose batches can't come is of no use.
    this.#data = await DataSocket.connect(request.dataSocket, () => this.#lost(new Error('its data socket has closed')))
    return opened
  }

  /** Rejects when the process dies under it, is frozen, or its batches can't come. */
  async execute(request: ExecutionRequest, { onSend, onMessage, onBatch }: ExecutionChannel): Promise<ExecutionEnd> {
    const data = this.#data
    if (!data) throw new Error('the worker has not been opened')
    const received = (batch: ReceivedBatch) => {
      this.#pulse?.sign()
      onBatch(batch)
    }
    data.begin(received)
    return await this.#task('execute', request, { onSend, onMessage, after: (end: ExecutionEnd) => data.end(end.batches) })
  }

  /** Of an idle process. All who ask meanwhile share the answer. */
  diagnose(): Promise<Diagnostics> {
    this.#diagnosing ??= (this.#task('diagnose', undefined, {}) as Promise<Diagnostics>).finally(() => (this.#diagnosing = null))
    return this.#diagnosing
  }

  /** Asks whether it is alive; `silent` tells. */
  ask(): void {
    this.#pulse?.ask()
  }

  /** How it ended. To be asked when it has been killed, or a task was rejected. */
  death(): Promise<Death> {
    return Promise.race([this.#exit, awakeSleep(EXIT_MS).then(() => UNKNOWN)])
  }

  /** Kills it, whatever runs in it. */
  async end(): Promise<void> {
    this.#frozen ||= this.#pulse?.gone ?? false
    this.#data?.close()
    for (const { threadId } of this.#pool.threads) {
      try {
        process.kill(threadId, 'SIGKILL')
      } catch {
        // It is gone already.
      }
    }
    await this.#pool.destroy()
  }

  #lost(reason: unknown): void {
    this.#died.reject(reason)
    this.#options.onLost(reason)
  }

  /** Runs one of the worker's functions, and listens to whether the worker is alive meanwhile. */
  async #task<Result>(
    name: string,
    task: unknown,
    { signal, answerMs, onSend, onMessage, after }: TaskOptions<Result>,
  ): Promise<Result> {
    // One that waits for another task has no way to the worker yet.
    let send: (message: ToWorker) => void = () => {}
    const pulse = new LivenessProbe({
      pid: this.pid,
      ...(answerMs === undefined ? {} : { answerMs }),
      probe: () => send({ type: 'PROBE' }),
      onFrozen: () => {
        this.#frozen = true
        this.#lost(new Error('it does not answer'))
      },
    })
    const former = this.#pulse
    this.#pulse = pulse
    const channel: TinypoolChannel = {
      onMessage: (toWorker: (message: ToWorker) => void) => {
        send = toWorker
        onSend?.(toWorker)
      },
      postMessage: (message: FromWorker) => {
        pulse.sign()
        onMessage?.(message)
      },
    }
    try {
      const result = (await this.#pool.run(task, { name, channel, ...(signal && { signal }) })) as Result
      await after?.(result)
      return result
    } finally {
      pulse.close()
      if (this.#pulse === pulse) this.#pulse = former
    }
  }
}

interface TaskOptions<Result> {
  readonly signal?: AbortSignal
  readonly answerMs?: number
  readonly onSend?: ExecutionChannel['onSend']
  readonly onMessage?: ExecutionChannel['onMessage']
  /** What is still to come when the function has returned. */
  readonly after?: (result: Result) => Promise<void>
}

/*
 * Tells a worker that is frozen (SIGSTOP, a paused container, a debugger) from one that is busy. A busy worker answers a probe within
 * milliseconds, since its engine works in other threads; where its main thread is held up, its processor time goes on.
 */

/** A worker that does not begin to answer within this time is asked... */
const FIRST_QUIET_MS = 250
/** ...and later one that has been silent for this long... */
const QUIET_MS = 1_000
/** ...and has this long to answer. */
const ANSWER_MS = 2_000

interface LivenessOptions {
  readonly pid: number
  /** Sends a probe, if there is a way to the worker. */
  readonly probe: () => void
  /** Called once. */
  readonly onFrozen: () => void
  /** @default 2,000 */
  readonly answerMs?: number
}

class LivenessProbe {
  readonly #options: LivenessOptions
  #timer: AwakeTimer
  #heard = false
  /** Its processor time when it was asked; undefined: it has not been. */
  #asked: string | null | undefined

  /** Watches until it is closed. */
  constructor(options: LivenessOptions) {
    this.#options = options
    this.#timer = this.#quiet(FIRST_QUIET_MS)
  }

  /** Something came from the worker. */
  sign(): void {
    this.#heard = true
  }

  /** Asks at once. */
  ask(): void {
    this.#timer.clear()
    this.#heard = false
    this.#asked = processorTime(this.#options.pid)
    this.#options.probe()
    this.#timer = new AwakeTimer(this.#options.answerMs ?? ANSWER_MS, () => this.#judge())
  }

  /** It was asked, has not answered, and has used no processor time since. */
  get gone(): boolean {
    return this.#asked !== undefined && !this.#heard && processorTime(this.#options.pid) === this.#asked
  }

  close(): void {
    this.#timer.clear()
  }

  #quiet(ms: number): AwakeTimer {
    return new AwakeTimer(ms, () => (this.#heard ? this.#rest() : this.ask()))
  }

  #rest(): void {
    this.#heard = false
    this.#asked = undefined
    this.#timer = this.#quiet(QUIET_MS)
  }

  #judge(): void {
    if (this.#heard) this.#rest()
    else if (this.gone) this.#options.onFrozen()
    else this.ask()
  }
}

/**
 * As text; null where the system does not tell it. That of all threads is told in ticks of 10 ms, that of the main thread in nanoseconds, so that
 * a process that is starved by others shows the little that it got. 40 us.
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
