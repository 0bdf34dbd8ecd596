/**
 * A process of its own for what may end it, or may never end: the engine, and reading files. It runs a program of `processes/`, which answers
 * one question at a time, and it is killed rather than waited for.
 */
import { type ChildProcess as Forked, fork } from 'node:child_process'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { AwakeTimer } from '../../awake.ts'
import { workerEnvironment } from './worker-environment.ts'

/** What a program sends: any number of notes, then its answer. `isOver`: it can answer nothing more. */
export type FromProgram =
  | { readonly type: 'NOTE'; readonly note: unknown }
  | { readonly type: 'DONE'; readonly value: unknown }
  | { readonly type: 'FAILED'; readonly failure: string; readonly isOver?: boolean }

/** A question that has no answer. The message is the program's own: its answer, or the end of what it wrote to stderr. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer'
  /** LATE: there was no answer in time. DIED: the process ended, by itself or by its owner. */
  readonly why: 'FAILED' | 'LATE' | 'DIED'
  /** The signal or the exit code; FAILED: empty, unless the program can answer nothing more. */
  readonly ending: string

  constructor(why: NoAnswer['why'], message: string, ending: string) {
    super(message)
    this.why = why
    this.ending = ending
  }
}

export interface Program {
  /** Below `processes/`, without the ending: it runs from the sources and compiled alike. */
  readonly program: string
  readonly threads: number
  /** Beside what every program needs to run. */
  readonly environment?: Readonly<Record<string, string>>
  /** Where the engine spills to. Its parent folder is removed by the process when its owner is gone. */
  readonly tempDirectory: string
}

interface PendingMessage {
  resolve(value: unknown): void
  reject(error: NoAnswer): void
  readonly onNote: (note: never) => void
}

/** `Message` is the union of what the program can be asked. */
export class ChildProcess<Message extends object> {
  /** Resolves when the process is gone. */
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
    let words = ''
    forked.stderr?.setEncoding('utf8').on('data', (text: string) => (words = `${words}${text}`.slice(-2_000)))
    forked.on('message', (message: FromProgram) => this.#receive(message))
    this.gone = new Promise((resolve) => {
      const ended = (ending: string) => {
        this.#end ??= new NoAnswer(this.#why, words.trim(), ending)
        this.#request?.reject(this.#end)
        resolve()
      }
      forked.once('close', (code, signal) => ended(String(signal ?? code)))
      // It could not be started, or is asked after its end.
      forked.on('error', (error) => ended(error.message))
    })
  }

  /** Starts a program for one question, and ends it. @throws NoAnswer */
  static async ask<Value>(program: Program, message: object, timeoutMs: number): Promise<Value> {
    const child = new ChildProcess(program)
    return await child.ask<Value>(message, timeoutMs).finally(() => child.end())
  }

  /** @throws NoAnswer */
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

  /** Kills it: a question under way is rejected. Resolves when it is gone. */
  end(): Promise<void> {
    this.#forked.kill('SIGKILL')
    return this.gone
  }

  #receive(message: FromProgram): void {
    if (message.type === 'NOTE') this.#request?.onNote(message.note as never)
    else if (message.type === 'DONE') this.#request?.resolve(message.value)
    else this.#request?.reject(new NoAnswer('FAILED', message.failure, message.isOver ? 'over' : ''))
  }
}
