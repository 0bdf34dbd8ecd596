/**
 * Runs a program of `processes/` in a child process, because the engine, or a file that it reads, may end the process or may
 * never end. The program answers one message at a time. The server kills it instead of waiting for its end.
 */
import { type ChildProcess as Forked, fork } from 'node:child_process'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { AwakeTimer } from '../../awake.ts'
import { workerEnvironment } from './worker-environment.ts'

/**
 * A message of a program. It sends any number of notes, then one answer. With `isOver` it can't answer any further message. `cause` is the engine's
 * own message.
 */
export type FromProgram =
  | { readonly type: 'NOTE'; readonly note: unknown }
  | { readonly type: 'DONE'; readonly value: unknown }
  | { readonly type: 'FAILED'; readonly failure: string; readonly cause?: string | null; readonly isOver?: boolean }

/** The error of a message without a result. Its text is the program's answer, or the end of what it wrote to stderr. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer'
  /**
   * FAILED: the program answered with an error. LATE: there was no answer in time. DIED: the process ended, by itself or by its
   * owner.
   */
  readonly why: 'FAILED' | 'LATE' | 'DIED'
  /** The signal or the exit code. It is empty for FAILED, unless the program can't answer any further message. */
  readonly ending: string

  constructor(why: NoAnswer['why'], message: string, ending: string, cause?: string | null) {
    super(message, cause ? { cause } : {})
    this.why = why
    this.ending = ending
  }
}

export interface Program {
  /** Path from `processes/` without the extension, so that it works from sources and compiled. */
  readonly program: string
  readonly threads: number
  /** Variables in addition to those that every program needs. */
  readonly environment?: Readonly<Record<string, string>>
  /** Folder for spilled data. The process removes its parent folder when the server has ended. */
  readonly tempDirectory: string
}

interface PendingMessage {
  resolve(value: unknown): void
  reject(error: NoAnswer): void
  readonly onNote: (note: never) => void
}

/** A running program. `Message` is the union of the messages that it accepts. */
export class ChildProcess<Message extends object> {
  /** Resolves when the process has ended. */
  readonly gone: Promise<void>
  readonly #forked: Forked
  #why: 'LATE' | 'DIED' = 'DIED'
  #end: NoAnswer | null = null
  #request: PendingMessage | null = null

  constructor({ program, threads, environment, tempDirectory }: Program) {
    const file = `../processes/${program}${path.extname(fileURLToPath(import.meta.url))}`
    const forked = fork(fileURLToPath(new URL(file, import.meta.url)), [tempDirectory], {
      serialization: 'advanced',
      env: { ...workerEnvironment(threads), ...environment },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    })
    this.#forked = forked
    let stderr = ''
    forked.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr = `${stderr}${text}`.slice(-2_000)))
    forked.on('message', (message: FromProgram) => this.#receive(message))
    this.gone = new Promise((resolve) => {
      const ended = (ending: string) => {
        this.#end ??= new NoAnswer(this.#why, stderr.trim(), ending)
        this.#request?.reject(this.#end)
        resolve()
      }
      forked.once('close', (code, signal) => ended(String(signal ?? code)))
      // The process could not start, or a message was sent after its end.
      forked.on('error', (error) => ended(error.message))
    })
  }

  /** Starts a program, sends it one message, returns its answer and ends it. @throws NoAnswer */
  static async ask<Value>(program: Program, message: object, timeoutMs: number): Promise<Value> {
    const child = new ChildProcess(program)
    return await child.ask<Value>(message, timeoutMs).finally(() => child.end())
  }

  /** Sends a message and returns the answer. If there is none after `timeoutMs`, the process is killed. @throws NoAnswer */
  async ask<Value>(
    message: Message,
    timeoutMs = Number.POSITIVE_INFINITY,
    onNote: PendingMessage['onNote'] = () => {},
  ): Promise<Value> {
    if (this.#end) throw this.#end
    const timer = new AwakeTimer(timeoutMs, () => {
      this.#why = 'LATE'
      void this.end()
    }).unref()
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    this.#request = { resolve, reject, onNote }
    this.#forked.send(message)
    return (await promise.finally(() => timer.clear())) as Value
  }

  /** Sends a message that a program answers by a note to a request that is open. */
  post(message: Message): void {
    if (!this.#end) this.#forked.send(message)
  }

  /** Kills the process and waits for its end. A message without an answer is rejected. */
  end(): Promise<void> {
    this.#forked.kill('SIGKILL')
    return this.gone
  }

  #receive(message: FromProgram): void {
    if (message.type === 'NOTE') this.#request?.onNote(message.note as never)
    else if (message.type === 'DONE') this.#request?.resolve(message.value)
    else this.#request?.reject(new NoAnswer('FAILED', message.failure, message.isOver ? 'over' : '', message.cause))
  }
}
