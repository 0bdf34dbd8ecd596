/**
 * Runs a plan on its own connection. It sends one batch per credit, proves that the result is complete, and closes the
 * connection.
 */
import {
  DOUBLE,
  type DuckDBConnection,
  type DuckDBMaterializedResult,
  type DuckDBPreparedStatement,
  type DuckDBValue,
  StatementType,
} from '@duckdb/node-api'
import type { ColumnBatch, ColumnData, CursorText } from '../../../../encode/batch.ts'
import { ByteWriter } from '../../../../encode/bytes.ts'
import { createEncoder } from '../../../../encode/encode.ts'
import { bytesIn } from '../../../../encode/slice.ts'
import { CursorSeal } from '../../../../model/cursor-seal.ts'
import { DIFFERENCE_PARTS, type RowPosition } from '../../../../model/query.ts'
import { type Held, PART_ROWS, type Parameter, type Plan } from '../../dialect/plan.ts'
import type { ExecutionEnd, ExecutionEnded, ExecutionRequest, Scan } from '../../messages.ts'
import { COUNT_SCANS, emptyBatch, scanOf } from './arrow-export.ts'
import type { OpenColumnReader } from './column-reader.ts'
import { BatchCutter, type BatchRange, Chunks, HEAVY_BYTES } from './cutter.ts'
import { ExecutionMessages, sendBatch } from './data-port.ts'
import { ExecutionError, failureOf, withoutSentinel } from './failures.ts'
import type { OpenInstance, ReadyConnection } from './instance.ts'

/** Least rows that a page sends before it is complete. With fewer rows, the cost to send them is higher than the gain. */
const EAGER_ROWS = 512
/** Most chunks after the last requested row: one with the plan's last row, one with the sentinel, and the end. */
const MOST_LEFT = 3
/** Share of a message that a batch should fill, because its rows may be a little larger than the measured ones. */
const SPARE = 0.9

type Outcome = Exclude<ExecutionEnd['outcome'], 'FAILED'>

export async function runExecution(instance: OpenInstance, request: ExecutionRequest): Promise<ExecutionEnd> {
  const inbox = new ExecutionMessages(request.execution, request.credits)
  const { connection, prepared: ahead } = await instance.connect()
  const interrupt = new Interrupt(connection)
  inbox.onCancel(() => interrupt.begin())
  const reader = instance.columnReader.open(connection)
  let run: Execution | null = null
  try {
    await instance.setThreads(connection, request.threads)
    if (request.countsScan) await connection.run(COUNT_SCANS)
    const { live, liveFences, compared } = request.plan
    for (const relation of [live, liveFences]) if (relation) await instance.showLive(connection, relation)
    if (compared) await instance.showFiles(connection, compared)
    run = new Execution({ instance, connection, ahead, reader, inbox, interrupt, request })
    return { outcome: await run.drain(), ...run.ended }
  } catch (error) {
    const ended = run?.ended ?? { engineMs: 0, scan: null }
    if (inbox.stop === 'CANCEL') return { outcome: 'CANCELLED', ...ended }
    return { outcome: 'FAILED', ...ended, failure: failureOf(error) }
  } finally {
    inbox.close()
    interrupt.end()
    run?.close()
    reader.close()
    if (!run?.atRest) await endResult(connection)
    ahead?.statement.destroySync()
    connection.closeSync()
    const { held } = request.plan
    instance.connectNext(held?.isOfTable ? held.sql : null)
  }
}

/**
 * Ends an open streamed result. It would keep its pipeline, files and memory until V8 collects it, even after its connection is
 * closed. Another query on the connection ends it at once, in 0.3 ms.
 */
async function endResult(connection: DuckDBConnection): Promise<void> {
  try {
    await connection.run('SELECT 1')
  } catch {
    // A late interrupt may stop this query, which is fine: the result has ended. A dead instance was already reported by the
    // execution.
  }
}

interface ExecutionParts {
  readonly instance: OpenInstance
  readonly connection: DuckDBConnection
  readonly ahead: ReadyConnection['prepared']
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
  /** Milliseconds spent waiting for the engine. */
  #engineMs = 0
  #sent = 0
  #sentRows = 0
  /** Set when the engine has reached its end. */
  #scan: Scan | null = null
  /** Bytes of column data that fit into a message, estimated from the last batch. */
  #fittingBytes = Number.POSITIVE_INFINITY
  /** Rows and bytes of column data that the execution may still send. */
  #left: { rows: number; bytes: number }

  constructor(parts: ExecutionParts) {
    const { inbox, request } = parts
    this.#parts = parts
    this.#inbox = inbox
    this.#request = request
    this.#cutter = new BatchCutter(request.batchRows, request.batchBytes)
    this.#left = request.pageLimit ?? { rows: Number.POSITIVE_INFINITY, bytes: Number.POSITIVE_INFINITY }
    const { layout, outputs } = request.plan
    const cursorOf = cursorsOf(request.plan)
    this.#encoders = encoded(() => outputs.map((output, n) => createEncoder(layout, output, writerOf(n), cursorOf)))
  }

  get ended(): ExecutionEnded {
    return { engineMs: this.#engineMs, scan: this.#scan }
  }

  /** True if the engine has read the result to its end. */
  atRest = false

  close(): void {
    this.#cutter.close()
  }

  async drain(): Promise<Outcome> {
    const { statement, held } = this.#request.plan
    return (held && this.#isPage ? await this.#hold(held) : null) ?? (await this.#stream(statement.sql))
  }

  get #isPage(): boolean {
    return this.#request.maxBatches !== null || this.#request.pageLimit !== null
  }

  async #stream(sql: string): Promise<Outcome> {
    const { connection, instance } = this.#parts
    await connection.run(`SET streaming_buffer_size = '${instance.streamingBufferBytes}B'`)
    return await this.#run(sql, this.#request.plan.statement.parameters, async (prepared) =>
      this.#deliver(new Chunks(await this.#timed(prepared.stream()))),
    )
  }

  /** Reads the whole result at once; if the engine fails, it throws. Returns null if the result may be cut. */
  async #hold({ sql, cut }: Held): Promise<Outcome | null> {
    const { parameters } = this.#request.plan.statement
    const values = cut === null ? parameters : [...parameters.slice(0, -1), cut]
    return await this.#run(sql, values, async (prepared) => {
      const result = await this.#timed(prepared.run())
      return result.rowCount === cut ? null : await this.#deliverHeld(result)
    })
  }

  async #run<Result>(
    sql: string,
    parameters: readonly Parameter[],
    use: (prepared: DuckDBPreparedStatement) => Promise<Result>,
  ): Promise<Result | 'CANCELLED'> {
    const { ahead, connection } = this.#parts
    const own = ahead?.sql === sql ? null : await this.#timed(prepareQuery(connection, sql))
    const prepared = own ?? ahead!.statement
    try {
      bindParameters(prepared, parameters)
      // The engine forgets an interrupt that arrives before the query starts.
      return this.#inbox.stop === 'CANCEL' ? 'CANCELLED' : await use(prepared)
    } finally {
      own?.destroySync()
    }
  }

  async #deliverHeld(result: DuckDBMaterializedResult): Promise<Outcome> {
    this.atRest = true
    this.#count(0)
    let bytes = 0
    for (let n = 0; n < result.chunkCount; n++) {
      const chunk = result.getChunk(n)
      const read = this.#parts.reader.read(chunk, this.#request.plan.layout.columns)
      bytes += bytesIn(read.batch, 0, chunk.rowCount)
      this.#cutter.add({ ...read, from: 0, to: chunk.rowCount })
    }
    const outcome = (await this.#sendCuts(true)) ?? (await this.#complete())
    // V8 does not count the memory of chunks.
    if (bytes > HEAVY_BYTES) globalThis.gc?.()
    return outcome
  }

  async #deliver(chunks: Chunks): Promise<Outcome> {
    try {
      for (;;) {
        const isLast = await this.#fetch(chunks)
        if (isLast) await this.#readOut(chunks)
        const stopped = await this.#sendCuts(isLast)
        if (stopped === 'MORE' && !isLast && this.#sentAll) await this.#readOut(chunks)
        if (stopped) return stopped
        if (isLast) return await this.#complete()
        if (this.#inbox.stop) return this.#stopped()
      }
    } finally {
      await chunks.settle(() => this.#parts.interrupt.begin())
      this.#engineMs += chunks.waitedMs
    }
  }

  /** Sends the batches that can be cut from the chunks so far. Returns null if the execution continues. */
  async #sendCuts(isLast: boolean): Promise<Outcome | null> {
    for (;;) {
      if (this.#full && this.#cutter.length > 0) return 'MORE'
      this.#limitCuts()
      const cut = this.#cutter.take(isLast || this.#eager)
      if (!cut) return null
      if (this.#sent > 0 && bytesIn(cut.batch, cut.from, cut.to) > this.#left.bytes) return 'MORE'
      if (!(await this.#send(cut, isLast))) return this.#stopped()
    }
  }

  #limitCuts(): void {
    const { batchRows, firstRows, batchBytes } = this.#request
    const bytes = Math.min(batchBytes, this.#left.bytes, this.#fittingBytes)
    const rows = Math.min(batchRows, Math.max(firstRows, this.#sentRows), this.#left.rows)
    this.#cutter.limit(rows, bytes)
  }

  /** True if the waiting rows of a page are enough to send while the engine makes the rest. */
  get #eager(): boolean {
    return this.#request.pageLimit !== null && this.#cutter.length >= EAGER_ROWS
  }

  #stopped(): Outcome {
    return this.#inbox.stop === 'YIELD' ? 'YIELDED' : 'CANCELLED'
  }

  get #full(): boolean {
    return this.#sent === this.#request.maxBatches || this.#left.rows === 0 || this.#left.bytes <= 0
  }

  /**
   * True if all requested rows are sent. The plan returns one row more. A page that ended at its byte limit has not sent all.
   */
  get #sentAll(): boolean {
    return this.#sentRows === (this.#request.pageLimit?.rows ?? this.#request.batchRows)
  }

  async #complete(): Promise<Outcome> {
    const { emitEmpty, plan } = this.#request
    if (emitEmpty && this.#sent === 0)
      await this.#send({ batch: emptyBatch(plan.layout.columns), from: 0, to: 0, release: () => {} }, true)
    return 'COMPLETE'
  }

  /** Reads one chunk into the cutter. Returns true if it ended with the sentinel, so it was the last. */
  async #fetch(chunks: Chunks): Promise<boolean> {
    const chunk = await chunks.next()
    if (!chunk) throw withoutSentinel(chunks.failure)
    const rows = chunk.rowCount
    const { layout } = this.#request.plan
    const isLast = chunk.getColumnVector(layout.columns.length).getItem(rows - 1) === true
    if (!isLast) chunks.ahead()
    const read = this.#parts.reader.read(chunk, layout.columns)
    chunks.weigh(bytesIn(read.batch, 0, rows))
    this.#cutter.add({ ...read, from: 0, to: isLast ? rows - 1 : rows })
    return isLast
  }

  /**
   * Reads the rest of a result whose requested rows are all read, because only after its end the engine reports what it has
   * read.
   */
  async #readOut(chunks: Chunks): Promise<void> {
    for (let left = MOST_LEFT; left > 0; left--) {
      if (await chunks.next()) continue
      this.atRest = true
      return this.#count(1)
    }
  }

  #count(sentinels: 0 | 1): void {
    const { countsScan, plan } = this.#request
    if (countsScan && !plan.indexed) this.#scan = scanOf(this.#parts.connection, sentinels)
  }

  /**
   * Sends a batch. Returns false if the execution must stop instead; the next execution then reads these rows again. `isRead`:
   * the result is read to its end.
   */
  async #send(taken: BatchRange, isRead: boolean): Promise<boolean> {
    if (!(await this.#inbox.credit())) return false
    const { cut, ...encodedCut } = this.#encode(taken)
    const position = this.#position(cut)
    const count = cut.to - cut.from
    this.#left = { rows: this.#left.rows - count, bytes: this.#left.bytes - bytesIn(cut.batch, cut.from, cut.to) }
    cut.release()
    this.#sent++
    this.#sentRows += count
    const isLast = isRead && (this.#cutter.length === 0 || this.#full)
    const { execution } = this.#request
    await sendBatch({ type: 'BATCH', execution, count, ...encodedCut, position, scan: this.#scan }, isLast)
    // Without --expose-gc this does nothing, and V8 frees the memory later.
    if (this.#request.collect) globalThis.gc?.()
    return true
  }

  /** Encodes a batch. If its message would be too large, it takes fewer rows, but at least one. */
  #encode(taken: BatchRange): { readonly cut: BatchRange; readonly outputs: readonly Uint8Array[]; readonly tooLarge?: number } {
    const { message } = this.#request
    for (let cut = taken, most = taken.to - taken.from; ; most /= 2) {
      const { batch, from, to } = cut
      const outputs = this.#encoders.map((encode, n) => encoded(() => encode(batch, ...partOf(this.#request.plan, n, cut))))
      if (!message || from === to) return { cut, outputs }
      const bytes = outputs.reduce((sum, { length }, n) => sum + length * message.times[n]!, 0)
      this.#fittingBytes = Math.max(1, (SPARE * bytesIn(batch, from, to) * message.bytes) / bytes)
      if (bytes <= message.bytes) return { cut, outputs }
      if (to - from === 1) return bytes <= message.featureBytes ? { cut, outputs } : { cut, outputs: [], tooLarge: bytes }
      // The number of rows at least halves each time, in case one row takes most of the message.
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

/** Returns the rows of a batch that an output has: of a difference, those of its part, which follow each other. */
function partOf({ parts, keys }: Plan, output: number, { batch, from, to }: BatchRange): [from: number, to: number] {
  if (!parts) return [from, to]
  const column = batch.columns[keys[0]!]
  if (!column || !('values' in column)) throw new RangeError('a difference has a column of row numbers')
  const part = DIFFERENCE_PARTS.indexOf(parts[output]!)
  const first = (number: number) => {
    let row = from
    while (row < to && Number(column.values[row]) < number * PART_ROWS) row++
    return row
  }
  return [first(part), first(part + 1)]
}

const decoder = new TextDecoder()

/** Returns the position of a row: its key values as text, which the plan casts back when it resumes after this row. */
function positionAt(batch: ColumnBatch, row: number, plan: Plan): RowPosition {
  return { keys: plan.keys.map((index) => textAt(batch.columns[index], row)) }
}

/** Returns the function that makes the cursor of a row; undefined if the plan's outputs have no cursors. */
function cursorsOf(plan: Plan): CursorText | undefined {
  if (!plan.cursorKey) return undefined
  const seal = new CursorSeal(plan.cursorKey)
  return (batch, row) => seal.textOf(positionAt(batch, row, plan))
}

function textAt(column: ColumnData | undefined, row: number): string | null {
  if (!column) throw new RangeError('the result has no column for a key')
  if (column.validity && !((column.validity[row >> 3] ?? 0) & (1 << (row & 7)))) return null
  if ('values' in column) return String(column.values[row])
  return decoder.decode(column.bytes.subarray(column.offsets[row], column.offsets[row + 1]))
}

/*
 * Buffers for text are used again by the next execution, because a worker runs one at a time. New buffers for each execution
 * caused four fifths of the garbage collection for small boxes, half a millisecond per query.
 */

/** Bytes above which a buffer is used for one execution only. */
const MOST_KEPT_BYTES = 4 * 1024 * 1024

const kept: ByteWriter[] = []

/** Returns the buffer of the output with this number. */
function writerOf(output: number): ByteWriter {
  const writer = kept[output]
  if (writer && writer.capacity <= MOST_KEPT_BYTES) return writer
  const fresh = new ByteWriter()
  kept[output] = fresh
  return fresh
}

/**
 * Milliseconds between interrupts. They are repeated until the execution ends, because the engine forgets an interrupt that
 * arrives while a query starts.
 */
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

  /** Stops the interrupts. Call it before the connection closes. */
  end(): void {
    clearInterval(this.#timer)
  }
}

function encoded<T>(encode: () => T): T {
  try {
    return encode()
  } catch (error) {
    throw new ExecutionError('ENCODING', error instanceof Error ? error.message : String(error), error)
  }
}

/**
 * Prepares a statement and refuses everything except a query. The engine's own lock is not enough: COPY without a temporary
 * file can overwrite the files that are served, and so can a database that is detached and attached again.
 *
 * @throws Error if it is more than one statement, or one that does not only read
 */
export async function prepareQuery(connection: DuckDBConnection, sql: string): Promise<DuckDBPreparedStatement> {
  const prepared = await connection.prepare(sql)
  if (prepared.statementType === StatementType.SELECT) return prepared
  prepared.destroySync()
  throw new Error('a worker runs queries only')
}

/** Binds every number as a DOUBLE. By itself, node-api binds whole numbers as integers, and fails from 2^63 on. */
export function bindParameters(prepared: DuckDBPreparedStatement, parameters: readonly Parameter[]): void {
  const types = parameters.map((value) => (typeof value === 'number' ? DOUBLE : undefined))
  // An undefined type means that node-api derives it from the value. Its declaration does not say so.
  prepared.bind(parameters as DuckDBValue[], types as (typeof DOUBLE)[])
}
