/** One run of one plan on one connection: opened, drained batch by batch as the client pays credits, proven whole, closed. */
import { type DuckDBConnection, type DuckDBPreparedStatement, type DuckDBValue, StatementType } from '@duckdb/node-api'
import type { ColumnBatch, ColumnData, CursorText } from '../../../../encode/batch.ts'
import { ByteWriter } from '../../../../encode/bytes.ts'
import { createEncoder } from '../../../../encode/encode.ts'
import { bytesIn } from '../../../../encode/slice.ts'
import { CursorSeal } from '../../../../model/cursor-seal.ts'
import type { RowPosition } from '../../../../model/query.ts'
import type { Plan } from '../../dialect/plan.ts'
import { REFUSED } from '../../dialect/quote.ts'
import type { ExecutionEnd, ExecutionEnded, ExecutionRequest, Failure, FailureKind, Scan } from '../../messages.ts'
import { emptyBatch, scanOf } from './arrow-export.ts'
import type { OpenColumnReader } from './column-reader.ts'
import { BatchCutter, type BatchRange, Chunks } from './cutter.ts'
import { ExecutionMessages, sendBatch, sendMessage } from './data-port.ts'
import { diagnose } from './diagnostics.ts'
import type { OpenInstance } from './instance.ts'

/** Fewer rows cost more on their way than they gain by being early. */
const EAGER_ROWS = 512
/** Chunks that a result may have left where its plan gives no more rows than are wanted: one with its last, one with the sentinel, its end. */
const MOST_LEFT = 3
/** Share of a message that a batch is meant to fill: its rows may be a little larger than those that were measured. */
const SPARE = 0.9

type Outcome = Exclude<ExecutionEnd['outcome'], 'FAILED'>

export async function runExecution(instance: OpenInstance, request: ExecutionRequest): Promise<ExecutionEnd> {
  const { execution } = request
  const connection = await instance.connect()
  const threads = request.threads === 'HALF' ? Math.ceil(instance.threads / 2) : (request.threads ?? instance.threads)
  const isThrifty = threads !== instance.threads
  if (isThrifty) await connection.run(`SET GLOBAL threads = ${threads}`)
  const interrupt = new Interrupt(connection)
  const inbox = new ExecutionMessages(
    execution,
    request.credits,
    () => interrupt.begin(),
    () => void report(instance, execution),
  )
  const reader = instance.columnReader.open(connection)
  let run: Execution | null = null
  try {
    run = new Execution({ connection, reader, inbox, interrupt, request })
    return { outcome: await run.drain(), ...run.ended }
  } catch (error) {
    const ended = run?.ended ?? { engineMs: 0, batches: 0, scan: null }
    if (inbox.stop === 'CANCEL') return { outcome: 'CANCELLED', ...ended }
    return { outcome: 'FAILED', ...ended, failure: failureOf(error) }
  } finally {
    inbox.close()
    interrupt.end()
    reader.close()
    if (!run?.atRest) await endResult(connection)
    if (isThrifty) await connection.run(`SET GLOBAL threads = ${instance.threads}`).catch(() => {})
    connection.closeSync()
  }
}

/** What can't be measured, without memory for a second connection say, is not told: nothing of the execution may end by it. */
async function report(instance: OpenInstance, execution: string): Promise<void> {
  try {
    sendMessage({ type: 'DIAGNOSTICS', execution, diagnostics: await diagnose(instance) })
  } catch {
    // The last figures stand.
  }
}

/**
 * An open streamed result keeps its pipeline, files and memory until it is collected, whatever becomes of its connection. Another query
 * on the connection ends it now: 0.3 ms.
 */
async function endResult(connection: DuckDBConnection): Promise<void> {
  try {
    await connection.run('SELECT 1')
  } catch {
    // An interrupt that came late hits this query instead, which serves as well; a dead instance is told by what ran before.
  }
}

interface ExecutionParts {
  readonly connection: DuckDBConnection
  readonly reader: OpenColumnReader
  readonly inbox: ExecutionMessages
  readonly interrupt: Interrupt
  readonly request: ExecutionRequest
}

class Execution {
  readonly #parts: ExecutionParts
  readonly #inbox: ExecutionMessages
  readonly #request: ExecutionRequest
  readonly #cutter: BatchCutter
  readonly #encoders: readonly ReturnType<typeof createEncoder>[]
  /** Time spent waiting for the engine. */
  #engineMs = 0
  #sent = 0
  #sentRows = 0
  /** Once the engine is at its end. */
  #scan: Scan | null = null
  /** Of column data, as the last batch was: as much as fits into a message. */
  #fittingBytes = Number.POSITIVE_INFINITY
  /** Rows and bytes of column data that it may still send. */
  #left: { rows: number; bytes: number }

  constructor(parts: ExecutionParts) {
    const { inbox, request } = parts
    this.#parts = parts
    this.#inbox = inbox
    this.#request = request
    this.#cutter = new BatchCutter(request.batchRows, request.batchBytes)
    this.#left = request.whole ?? { rows: Number.POSITIVE_INFINITY, bytes: Number.POSITIVE_INFINITY }
    const { layout, outputs } = request.plan
    const cursorOf = cursorsOf(request.plan)
    this.#encoders = encoded(() => outputs.map((output, n) => createEncoder(layout, output, writerOf(n), cursorOf)))
  }

  get ended(): ExecutionEnded {
    return { engineMs: this.#engineMs, batches: this.#sent, scan: this.#scan }
  }

  /** The engine has nothing left to do for it. */
  atRest = false

  async drain(): Promise<Outcome> {
    const { sql, parameters } = this.#request.plan.statement
    const prepared = await this.#timed(prepareQuery(this.#parts.connection, sql))
    try {
      prepared.bind(parameters as DuckDBValue[])
      // An interrupt before the query begins is forgotten by the engine.
      if (this.#inbox.stop === 'CANCEL') return 'CANCELLED'
      return await this.#deliver(new Chunks(await this.#timed(prepared.stream())))
    } finally {
      prepared.destroySync()
    }
  }

  async #deliver(chunks: Chunks): Promise<Outcome> {
    try {
      for (;;) {
        const whole = await this.#fetch(chunks)
        if (whole) await this.#readOut(chunks)
        const stopped = await this.#sendCuts(whole)
        if (stopped === 'MORE' && !whole && this.#sentAll) await this.#readOut(chunks)
        if (stopped) return stopped
        if (whole) return await this.#complete()
        if (this.#inbox.stop) return this.#stopped()
      }
    } finally {
      await chunks.settle(() => this.#parts.interrupt.begin())
      this.#engineMs += chunks.waitedMs
    }
  }

  /** What can be cut from the chunks so far. Null: go on. */
  async #sendCuts(whole: boolean): Promise<Outcome | null> {
    for (;;) {
      if (this.#full && this.#cutter.length > 0) return 'MORE'
      this.#limitCuts()
      const cut = this.#cutter.take(whole || this.#eager)
      if (!cut) return null
      if (this.#sent > 0 && bytesIn(cut.batch, cut.from, cut.to) > this.#left.bytes) return 'MORE'
      if (!(await this.#send(cut))) return this.#stopped()
    }
  }

  #limitCuts(): void {
    const { batchRows, firstRows, batchBytes } = this.#request
    const bytes = Math.min(batchBytes, this.#left.bytes, this.#fittingBytes)
    const rows = Math.min(batchRows, Math.max(firstRows, this.#sentRows), this.#left.rows)
    this.#cutter.limit(rows, bytes)
  }

  /** What is there is enough to be made and sent, while the engine makes the rest. */
  get #eager(): boolean {
    return this.#request.whole !== null && this.#cutter.length >= EAGER_ROWS
  }

  #stopped(): Outcome {
    return this.#inbox.stop === 'YIELD' ? 'YIELDED' : 'CANCELLED'
  }

  get #full(): boolean {
    return this.#sent === this.#request.maxBatches || this.#left.rows === 0 || this.#left.bytes <= 0
  }

  /** Of the rows that were wanted, which is one less than its plan gives. A page that ends by its bytes has others left. */
  get #sentAll(): boolean {
    return this.#sentRows === (this.#request.whole?.rows ?? this.#request.batchRows)
  }

  async #complete(): Promise<Outcome> {
    const { emitEmpty, plan } = this.#request
    if (emitEmpty && this.#sent === 0)
      await this.#send({ batch: emptyBatch(plan.layout.columns), from: 0, to: 0, release: () => {} })
    return 'COMPLETE'
  }

  /** One chunk into the cutter. True: the sentinel came, and this was the last. */
  async #fetch(chunks: Chunks): Promise<boolean> {
    const chunk = await chunks.next()
    if (!chunk) throw withoutSentinel(chunks.failure)
    const rows = chunk.rowCount
    const { layout } = this.#request.plan
    const whole = chunk.getColumnVector(layout.columns.length).getItem(rows - 1) === true
    if (!whole) chunks.ahead()
    const read = this.#parts.reader.read(chunk, layout.columns)
    chunks.weigh(bytesIn(read.batch, 0, rows))
    this.#cutter.add({ ...read, from: 0, to: whole ? rows - 1 : rows })
    return whole
  }

  /** Behind the last row that was asked for only the sentinel comes. With the result at its end the engine tells what it has read. */
  async #readOut(chunks: Chunks): Promise<void> {
    for (let left = MOST_LEFT; left > 0; left--) {
      if (await chunks.next()) continue
      this.atRest = true
      this.#scan = this.#request.plan.indexed ? null : scanOf(this.#parts.connection)
      return
    }
  }

  /** False: stopped before it could be sent; its rows are behind the position and come again. */
  async #send(taken: BatchRange): Promise<boolean> {
    if (!(await this.#inbox.credit())) return false
    const { cut, ...made } = this.#made(taken)
    const position = this.#position(cut)
    const count = cut.to - cut.from
    this.#left = { rows: this.#left.rows - count, bytes: this.#left.bytes - bytesIn(cut.batch, cut.from, cut.to) }
    cut.release()
    this.#sent++
    this.#sentRows += count
    await sendBatch({ execution: this.#request.execution, count, ...made, position, scan: this.#scan })
    // Without --expose-gc there is none, and memory comes back when V8 thinks so.
    if (this.#request.collect) globalThis.gc?.()
    return true
  }

  /** Encoded, and shorter where its message would be too large: a row that is so alone goes alone. */
  #made(taken: BatchRange): { readonly cut: BatchRange; readonly outputs: readonly Uint8Array[]; readonly tooLarge?: number } {
    const { message } = this.#request
    for (let cut = taken, most = taken.to - taken.from; ; most /= 2) {
      const { batch, from, to } = cut
      const outputs = this.#encoders.map((encode) => encoded(() => encode(batch, from, to)))
      if (!message || from === to) return { cut, outputs }
      const bytes = outputs.reduce((sum, { length }, n) => sum + length * message.times[n]!, 0)
      this.#fittingBytes = Math.max(1, (SPARE * bytesIn(batch, from, to) * message.bytes) / bytes)
      if (bytes <= message.bytes) return { cut, outputs }
      if (to - from === 1) return bytes <= message.featureBytes ? { cut, outputs } : { cut, outputs: [], tooLarge: bytes }
      // In halves at least, where one row of many takes most of it.
      cut = this.#cutter.shorten(cut, Math.max(1, Math.floor(Math.min(most, (SPARE * (to - from) * message.bytes) / bytes))))
    }
  }

  #position({ batch, from, to }: BatchRange): RowPosition | null {
    return from === to ? null : positionAt(batch, to - 1, this.#request.plan)
  }

  async #timed<T>(work: Promise<T>): Promise<T> {
    const start = performance.now()
    try {
      return await work
    } finally {
      this.#engineMs += performance.now() - start
    }
  }
}

/**
 * A worker asks, and does nothing else. The engine's own lock does not see to that: COPY without a temporary file writes over the very files
 * that are served, and so may a database that has been detached and attached anew.
 *
 * @throws when it is not one statement, or none that only reads
 */
export async function prepareQuery(connection: DuckDBConnection, sql: string): Promise<DuckDBPreparedStatement> {
  const prepared = await connection.prepare(sql)
  if (prepared.statementType === StatementType.SELECT) return prepared
  prepared.destroySync()
  throw new Error('a worker runs queries only')
}

const decoder = new TextDecoder()

/** The key values of one row as text: what the plan casts back when it goes on behind this row. */
function positionAt(batch: ColumnBatch, row: number, plan: Plan): RowPosition {
  return { keys: plan.keys.map((index) => textAt(batch.columns[index], row)) }
}

/** How the plan's outputs write the cursor of a row; undefined: they hold none. */
function cursorsOf(plan: Plan): CursorText | undefined {
  if (!plan.cursorKey) return undefined
  const seal = new CursorSeal(plan.cursorKey)
  return (batch, row) => seal.textOf(positionAt(batch, row, plan))
}

function textAt(column: ColumnData | undefined, row: number): string | null {
  if (!column) throw new RangeError('a key lies outside the result')
  if (column.validity && !((column.validity[row >> 3] ?? 0) & (1 << (row & 7)))) return null
  if ('values' in column) return String(column.values[row])
  return decoder.decode(column.bytes.subarray(column.offsets[row], column.offsets[row + 1]))
}

/*
 * What an execution's text is written into, for the next one to write over: a worker runs one at a time. Buffers that grew to the size of a page
 * for each of them anew were four fifths of the collector's work while it answered small boxes, half a millisecond of each.
 */

/** One that has grown beyond this is for one execution only. */
const MOST_KEPT_BYTES = 4 * 1024 * 1024

const kept: ByteWriter[] = []

/** For the output of this number. */
function writerOf(output: number): ByteWriter {
  const writer = kept[output]
  if (writer && writer.capacity <= MOST_KEPT_BYTES) return writer
  const fresh = new ByteWriter()
  kept[output] = fresh
  return fresh
}

/** The engine forgets an interrupt that comes while a query begins, so it is said again until the execution has ended. */
const AGAIN_MS = 20

class Interrupt {
  readonly #connection: DuckDBConnection
  #timer: NodeJS.Timeout | undefined

  constructor(connection: DuckDBConnection) {
    this.#connection = connection
  }

  begin(): void {
    this.#connection.interrupt()
    this.#timer ??= setInterval(() => this.#connection.interrupt(), AGAIN_MS)
  }

  /** Before the connection closes. */
  end(): void {
    clearInterval(this.#timer)
  }
}

/* Why an execution failed, in the engine's words or in ours. */

/** A failure of ours, where the engine has no word for it. */
class ExecutionError extends Error {
  readonly kind: FailureKind

  constructor(kind: FailureKind, message: string, cause?: unknown) {
    super(message, { cause })
    this.kind = kind
  }
}

function failureOf(error: unknown): Failure {
  const message = error instanceof Error ? error.message : String(error)
  return error instanceof ExecutionError ? { kind: error.kind, message } : classify(message)
}

function withoutSentinel(words: string | null): Error {
  return words === null ? new ExecutionError('UNFINISHED', 'the result ended without its sentinel') : new Error(words)
}

function encoded<T>(encode: () => T): T {
  try {
    return encode()
  } catch (error) {
    throw new ExecutionError('ENCODING', error instanceof Error ? error.message : String(error), error)
  }
}

/** The engine throws plain errors: the message's first words are all there is to tell them apart by. */
const KINDS: readonly (readonly [prefix: string, kind: FailureKind])[] = [
  ['Out of Memory Error:', 'OUT_OF_MEMORY'],
  ['IO Error:', 'IO'],
  ['INTERRUPT Error:', 'INTERRUPTED'],
  [`Invalid Input Error: ${REFUSED}`, 'REFUSED'],
  ['Invalid Input Error: Could not create projection', 'UNKNOWN_CRS'],
  ['Invalid Input Error: Invalid string encoding found in Parquet file', 'BROKEN_TEXT'],
  ['Invalid Input Error:', 'INVALID_INPUT'],
  ['Conversion Error:', 'INVALID_INPUT'],
  ['Out of Range Error:', 'INVALID_INPUT'],
  // After either of these every connection of the instance is dead.
  ['INTERNAL Error:', 'FATAL'],
  ['FATAL Error:', 'FATAL'],
]

/** What kind of failure the engine's own words tell of. */
export function classify(message: string): Failure {
  // The result was closed under its reader: nothing is wrong with the question.
  if (/unsuccessful or closed (streaming|pending) query/.test(message)) return { kind: 'UNFINISHED', message }
  const kind = KINDS.find(([prefix]) => message.startsWith(prefix))?.[1]
  // An allocation that the system refuses is told in other words than the engine's own limit.
  return { kind: kind ?? (/std::bad_alloc|failed to allocate/i.test(message) ? 'OUT_OF_MEMORY' : 'OTHER'), message }
}
