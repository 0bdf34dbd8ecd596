/**
 * Faults from the inside of a worker process, where tests can't reach otherwise: loaded into it by Node's `--import`, which only the code that
 * opens a pool can ask for. The order is in a file whose path is part of the import. The worker that takes it removes it, so that each
 * order is executed once, except lasting ones. Everything else of the worker is unchanged.
 */
import { existsSync, readFileSync, rmSync, unlinkSync, writeFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import net from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { DuckDBConnection, type DuckDBDataChunk, DuckDBInstance, DuckDBPreparedStatement, DuckDBResult } from '@duckdb/node-api'
import { HANG } from './hang.ts'
import { type Fault, heldFile, type Order, SLOW_MS, SPIN_MS } from './order.ts'

/** An ISO WKB multipolygon whose only member is a point: 30 bytes that end the process in ST_IsValid. */
const KILLER = '010600000001000000010100000000000000000000000000000000000000'

const file = new URL(import.meta.url).searchParams.get('order') ?? ''
let connection: DuckDBConnection | null = null
let instance: DuckDBInstance | null = null
let interrupted = false
let encodings = 0

/** The order, if it is this worker's to carry out now. */
function take(due: (order: Order) => boolean): Order | null {
  try {
    const order = JSON.parse(readFileSync(file, 'utf8')) as Order
    if (!due(order)) return null
    // Only one of several takes it.
    if (!order.lasting) unlinkSync(file)
    return order
  } catch {
    return null
  }
}

const FAULTS: Readonly<Record<Exclude<Fault, 'ENCODER'>, (values: string) => unknown>> = {
  EXIT: () => process.exit(1),
  THROW: () => {
    throw new Error('thrown in a task')
  },
  LATE_THROW: () => {
    setTimeout(() => {
      throw new Error('thrown behind a task')
    }, 5)
  },
  REJECTION: () => void Promise.reject(new Error('nobody takes it')),
  HEAP: () => {
    const hoard: unknown[] = []
    for (;;) hoard.push(new Array(1_000_000).fill(hoard.length))
  },
  SIGKILL: () => process.kill(process.pid, 'SIGKILL'),
  SIGSEGV: () => beside(`SELECT ST_IsValid(ST_GeomFromWKB(unhex('${KILLER}')))`),
  // On its own connection: everything that it does next waits for the call.
  HANG: () => connection?.run(HANG),
  FATAL: () => beside("SELECT ST_Area(ST_GeomFromWKB(''::BLOB))"),
  INTERRUPT: () => connection?.interrupt(),
  // Another query on its connection ends a stream without a word.
  SILENT_END: () => connection?.run('SELECT 1'),
  CHANNEL: () => process.disconnect(),
  SOCKET: () => cutSocket(),
  SLOW: () => sleep(SLOW_MS),
  HOLD: hold,
  SPIN: () => {
    const until = performance.now() + SPIN_MS
    while (performance.now() < until);
  },
}

/** Until the file that stands for it is gone, or its interrupt comes. */
async function hold(values: string): Promise<void> {
  const held = heldFile(file, values)
  writeFileSync(held, '')
  interrupted = false
  while (existsSync(held) && !interrupted) await sleep(5)
  rmSync(held, { force: true })
}

/** On a separate connection of the same instance. */
async function beside(sql: string): Promise<void> {
  await (await instance!.connect()).run(sql)
}

/** In the middle of the next frame. */
function cutSocket(): void {
  const handles = (process as unknown as { _getActiveHandles(): unknown[] })._getActiveHandles()
  const socket = handles.find(
    (handle): handle is net.Socket => handle instanceof net.Socket && 'server' in handle && !!handle.server,
  )
  if (!socket) throw new Error('the worker has no data socket')
  const write = socket.write.bind(socket) as (data: Uint8Array) => boolean
  socket.write = ((data: Uint8Array) => {
    write(data.subarray(0, data.length >> 1))
    socket.destroySoon()
    return false
  }) as typeof socket.write
}

const connect = DuckDBConnection.prototype
const { prepare } = connect
connect.prepare = function (this: DuckDBConnection, ...args: Parameters<typeof prepare>) {
  connection = this
  return prepare.apply(this, args)
}

const { interrupt } = connect
connect.interrupt = function (this: DuckDBConnection) {
  interrupted = true
  interrupt.call(this)
}

const { create } = DuckDBInstance
DuckDBInstance.create = async (...args: Parameters<typeof create>) => {
  instance = await create.apply(DuckDBInstance, args)
  return instance
}

/** Only the streams of executions are counted: those of prepared statements. */
const streams = new WeakMap<DuckDBResult, string>()
const bound = new WeakMap<DuckDBPreparedStatement, string>()
const { bind } = DuckDBPreparedStatement.prototype
DuckDBPreparedStatement.prototype.bind = function (this: DuckDBPreparedStatement, ...args: Parameters<typeof bind>) {
  bound.set(this, `,${Object.values(args[0]).map(String).join()},`)
  bind.apply(this, args)
}
const { stream } = DuckDBPreparedStatement.prototype
DuckDBPreparedStatement.prototype.stream = async function (this: DuckDBPreparedStatement, ...args: Parameters<typeof stream>) {
  const result = await stream.apply(this, args)
  streams.set(result, bound.get(this) ?? '')
  return result
}

const isAt = ({ at }: Order, chunk: number) => at === 'EACH' || at === chunk
const concerns = ({ of }: Order, values: string) => of === undefined || values.includes(`,${of},`)

/** A result that is read at once has two chunks here: one before the engine begins, and one after it has ended. */
const { run } = DuckDBPreparedStatement.prototype
DuckDBPreparedStatement.prototype.run = async function (this: DuckDBPreparedStatement) {
  const values = bound.get(this)
  if (values === undefined) return await run.call(this)
  await carryOut(1, values)
  const result = await run.call(this)
  if (result.rowCount > 0) await carryOut(2, values)
  return result
}

async function carryOut(chunk: number, values: string): Promise<void> {
  const order = take((given) => isAt(given, chunk) && given.fault !== 'ENCODER' && concerns(given, values))
  if (order) await FAULTS[order.fault as keyof typeof FAULTS](values)
}

const fetched = new WeakMap<DuckDBResult, number>()
const { fetchChunk } = DuckDBResult.prototype
DuckDBResult.prototype.fetchChunk = async function (this: DuckDBResult): Promise<DuckDBDataChunk | null> {
  const values = streams.get(this)
  if (values === undefined) return await fetchChunk.call(this)
  const chunk = (fetched.get(this) ?? 0) + 1
  fetched.set(this, chunk)
  await carryOut(chunk, values)
  return await fetchChunk.call(this)
}

/** Called by the encoders below, once a batch. */
Object.assign(globalThis, {
  beforeEncoding: () => {
    encodings++
    if (take(({ fault, at }) => fault === 'ENCODER' && Number(at) <= encodings)) throw new Error('an encoder threw')
  },
})

registerHooks({
  load: (url, context, nextLoad) => {
    const loaded = nextLoad(url, context)
    if (!url.endsWith('/encode/encode.ts') || !loaded.source) return loaded
    const source = loaded.source
      .toString()
      .replace('export function createEncoder(', 'function realEncoder(')
      .concat(
        '\nexport function createEncoder(...a) { const e = realEncoder(...a); return (...b) => { globalThis.beforeEncoding(); return e(...b) } }\n',
      )
    return { ...loaded, source }
  },
})

// Without an execution: at once.
process.on('SIGUSR2', () => {
  const order = take(() => true)
  if (order && order.fault !== 'ENCODER') void FAULTS[order.fault]('')
})
