/**
 * Answers introspection in a thread with its own event loop and heap, because the schema of a thousand layers takes seconds to build and print. A
 * thread suffices, since no native code runs in it, and its answer is handed over without a copy.
 */
import { hash } from 'node:crypto'
import path from 'node:path'
import { setImmediate as immediate } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import type { Operation } from '../../delivery/operation.ts'
import { byteLength, RawJson } from '../../delivery/raw-json.ts'
import { GeoduckError } from '../../model/errors.ts'
import { type SchemaLayer, schemaPart } from '../schema.ts'
import type { FromThread, Question, ToThread } from './messages.ts'

/** Most bytes of an answer, and of all answers that are kept. */
export const MOST_ANSWER_BYTES = 64 * 2 ** 20
/** Memory of the thread's JavaScript objects. The types of 1,000 layers need 40 MB. */
const MOST_HEAP_MB = 1_024
/** Layers that are sent to the thread at a time, which takes about 2 ms. */
const LAYERS_AT_ONCE = 100
/** Milliseconds after the last answer until the thread ends and its memory is free. */
const IDLE_MS = 60_000

export interface IntrospectorOptions {
  readonly layers: () => readonly SchemaLayer[]
  /** @default 64 MB */
  readonly mostBytes?: number
  /** @default 60 s */
  readonly idleMs?: number
}

/** The values of the introspection fields by response key. */
export type IntrospectionValues = ReadonlyMap<string, RawJson>

/** The asker of a question. */
export type Asker = Pick<Operation, 'address' | 'signal'>

interface KeptAnswer {
  readonly values: IntrospectionValues
  readonly bytes: number
}

interface WaitingQuestion {
  readonly asker: Asker
  readonly start: () => void
}

export class Introspector {
  readonly #options: Required<IntrospectorOptions>
  /** The answers for the current layers, by a digest of the question. The one that was used last is the last. */
  #kept = new Map<string, KeptAnswer>()
  #thread: Thread | null = null
  readonly #waiting: WaitingQuestion[] = []
  #isAsking = false
  #lastAddress = ''
  #idle: NodeJS.Timeout | undefined

  constructor({ layers, mostBytes = MOST_ANSWER_BYTES, idleMs = IDLE_MS }: IntrospectorOptions) {
    this.#options = { layers, mostBytes, idleMs }
  }

  /**
   * Returns the values of the operation's introspection fields. An answer is made once while the layers are the same.
   *
   * @throws GeoduckError LIMIT_EXCEEDED if it is too large
   */
  async answer(question: Question, asker: Asker): Promise<IntrospectionValues> {
    const key = hash('sha256', JSON.stringify([question.source, question.operationName, question.variables]))
    const known = this.#kept.get(key)
    if (known) {
      this.#kept.delete(key)
      this.#kept.set(key, known)
      return known.values
    }
    await this.#turn(asker)
    try {
      asker.signal.throwIfAborted()
      return await this.#keep(key, () => this.#ask(question))
    } finally {
      this.#isAsking = false
      this.#startNext()
    }
  }

  /** Call it when the layers have changed. Later questions see the new ones. */
  layersChanged(): void {
    this.#kept = new Map()
    this.#endThread()
  }

  close(): void {
    clearTimeout(this.#idle)
    this.layersChanged()
  }

  /** Waits until the thread is free. Addresses take turns. */
  async #turn(asker: Asker): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#waiting.push({ asker, start: resolve })
    this.#startNext()
    await promise
  }

  #startNext(): void {
    if (this.#isAsking || this.#waiting.length === 0) return
    const other = this.#waiting.findIndex(({ asker }) => asker.address !== this.#lastAddress)
    const [next] = this.#waiting.splice(Math.max(0, other), 1)
    this.#isAsking = true
    this.#lastAddress = next!.asker.address
    next!.start()
  }

  /** Returns the answer that is kept, because the same question was answered meanwhile, or makes it. */
  async #keep(key: string, make: () => Promise<IntrospectionValues>): Promise<IntrospectionValues> {
    const kept = this.#kept
    const known = kept.get(key)
    if (known) return known.values
    const values = await make()
    kept.set(key, { values, bytes: byteLength([...values.values()].flatMap(({ pieces }) => pieces)) })
    dropOldest(kept, this.#options.mostBytes)
    return values
  }

  async #ask(question: Question): Promise<IntrospectionValues> {
    const { layers, mostBytes, idleMs } = this.#options
    clearTimeout(this.#idle)
    const thread = this.#thread ?? new Thread(layers())
    this.#thread = thread
    const answer = await thread.ask(question, mostBytes)
    if (thread.hasEnded && this.#thread === thread) this.#thread = null
    this.#idle = setTimeout(() => this.#endThread(), idleMs).unref()
    if (answer.type === 'ANSWER') {
      return new Map(Object.entries(answer.answer).map(([key, pieces]) => [key, new RawJson(...pieces)]))
    }
    if (answer.type === 'FAILED') throw new Error(answer.message)
    const mebibytes = Math.round(mostBytes / 2 ** 20)
    throw new GeoduckError(
      'LIMIT_EXCEEDED',
      `The description of the schema is larger than ${mebibytes} MiB; ask for less of it, or print it with \`geoduck schema PATH\`.`,
    )
  }

  #endThread(): void {
    this.#thread?.retire()
    this.#thread = null
  }
}

/** Removes answers until the rest has at most `mostBytes`. */
function dropOldest(kept: Map<string, KeptAnswer>, mostBytes: number): void {
  let sum = kept.values().reduce((bytes, answer) => bytes + answer.bytes, 0)
  for (const [key, { bytes }] of kept) {
    if (sum <= mostBytes && kept.size <= MOST_KEPT) return
    kept.delete(key)
    sum -= bytes
  }
}

/** Most answers that are kept. */
const MOST_KEPT = 64

class Thread {
  hasEnded = false
  readonly #worker: Worker
  readonly #ready: Promise<void>
  #isRetired = false
  #isAsked = false
  #resolve: (answer: FromThread) => void = () => {}

  constructor(layers: readonly SchemaLayer[]) {
    const file = new URL(`./thread${path.extname(fileURLToPath(import.meta.url))}`, import.meta.url)
    this.#worker = new Worker(file, { resourceLimits: { maxOldGenerationSizeMb: MOST_HEAP_MB }, execArgv: [] })
    this.#worker.unref()
    this.#worker.on('message', (answer: FromThread) => this.#resolve(answer))
    const ended = (answer: FromThread) => {
      this.hasEnded = true
      this.#resolve(answer)
    }
    this.#worker.on('error', (error: NodeJS.ErrnoException) =>
      ended(error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? { type: 'TOO_LARGE' } : { type: 'FAILED', message: String(error.stack) }),
    )
    this.#worker.on('exit', () => ended({ type: 'FAILED', message: 'The thread has ended' }))
    this.#ready = this.#send(layers)
  }

  /** Asks one question at a time. */
  async ask(question: Question, mostBytes: number): Promise<FromThread> {
    this.#isAsked = true
    this.#worker.ref()
    await this.#ready
    const answer = await new Promise<FromThread>((resolve) => {
      this.#resolve = resolve
      if (this.hasEnded) resolve({ type: 'FAILED', message: 'The thread has ended' })
      else this.#post({ type: 'ASK', question, mostBytes })
    })
    this.#isAsked = false
    this.#worker.unref()
    if (this.#isRetired) void this.#worker.terminate()
    return answer
  }

  /** Ends the thread after its current answer. */
  retire(): void {
    this.#isRetired = true
    if (!this.#isAsked) void this.#worker.terminate()
  }

  async #send(layers: readonly SchemaLayer[]): Promise<void> {
    for (let at = 0; at < layers.length; at += LAYERS_AT_ONCE) {
      this.#post({ type: 'LAYERS', layers: layers.slice(at, at + LAYERS_AT_ONCE).map(schemaPart) })
      await immediate()
    }
  }

  #post(message: ToThread): void {
    this.#worker.postMessage(message)
  }
}
