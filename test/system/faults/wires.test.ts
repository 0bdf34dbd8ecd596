/**
 * A fault at chunk n, on every wire: the client ends with every feature, once and in order, or with an error; never short and complete.
 * GEODUCK_LONG=1 takes each n of 1 to 50 on each wire; otherwise the wires take turns over 1 to 10 and five others.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { BROKEN_CHUNK, brokenGrid, CHUNK, CHUNKS, GRID_ROWS, grid } from '../../support/faults/grid.ts'
import { type Fault, Orders } from '../../support/faults/order.ts'
import { Random } from '../../support/random.ts'
import { serve, type TestServer } from '../../support/server.ts'
import { wires } from './wires.ts'

const random = new Random()
const long = process.env['GEODUCK_LONG'] === '1'
const timeout = long ? 3_600_000 : 600_000
const WIRES = Object.entries(wires(GRID_ROWS))
const first10 = Array.from({ length: 10 }, (_, n) => n + 1)
const CUTS = long
  ? Array.from({ length: 50 }, (_, n) => n + 1)
  : [...first10, ...random.list(5, () => 11 + random.integer(CHUNKS - 11))]
/** A start of a worker costs a second of processor time. Of the faults that end it, SIGKILL is tested at every cut, the others at each third. */
const cutsOf = (fault: Fault) => CUTS.filter((_, index) => long || EVERYWHERE.includes(fault) || index % 3 === 0)
const EVERYWHERE: readonly Fault[] = ['SIGKILL', 'INTERRUPT', 'SILENT_END', 'ENCODER']
const LAYER = `grid-${GRID_ROWS}`

const orders = new Orders()
let server: TestServer
let whole: string[]
let number = 0

beforeAll(async () => {
  const config = { workers: 3, memoryLimitBytes: 3e8, pageRows: GRID_ROWS, pageBytes: 1e9 }
  server = await serve([await grid(), await brokenGrid()], config, orders.execArgv)
  whole = Array.from({ length: GRID_ROWS }, (_, id) => String(id))
})
afterAll(() => server.close())

/** Faults after which the operation continues elsewhere, and so is always complete. */
const SURVIVED: readonly Fault[] = ['SIGKILL', 'SIGSEGV', 'FATAL', 'INTERRUPT', 'SILENT_END', 'CHANNEL', 'SOCKET', 'ENCODER']

describe.each(SURVIVED)('%s', (fault) => {
  test('at any chunk, on any wire, costs no feature and doubles none', { timeout }, async () => {
    for (const [index, at] of cutsOf(fault).entries()) {
      for (const [name, read] of long ? WIRES : [WIRES[index % WIRES.length]!]) {
        orders.give({ fault, at: fault === 'ENCODER' && name === 'page' ? 1 : at })
        const { ids, end } = await read(server, { layer: LAYER, number: number++ })
        expect({ end, rows: ids.length, met: orders.end() }, `${fault}, ${name}, chunk ${at}`).toEqual({
          end: 'COMPLETE',
          rows: GRID_ROWS,
          met: true,
        })
        expect(ids.join() === whole.join()).toBe(true)
      }
    }
  })
})

test('an error of the engine at any chunk, on any wire, ends it with its code; never short and complete', {
  timeout,
}, async () => {
  for (const [index, at] of CUTS.entries()) {
    const from = (BROKEN_CHUNK - at) * CHUNK
    for (const [name, read] of long ? WIRES : [WIRES[index % WIRES.length]!]) {
      const request = { layer: `broken-${GRID_ROWS}`, number: number++, from, field: 'properties(only: ["name"])' }
      const { ids, end, message, cursor } = await read(server, request)
      const what = `${name}, chunk ${at}`
      // After its first byte, no error can be sent.
      if (name === 'page that flows' && end === 'BROKEN') continue
      expect({ end, message }, what).toEqual({ end: 'SOURCE_UNREADABLE', message: expect.stringMatching(/not UTF-8/) })
      expect(ids.length, what).toBeLessThan(at * CHUNK)
      expect(ids.join() === whole.slice(from, from + ids.length).join(), what).toBe(true)
      if (ids.length > 0) expect(cursor, what).toEqual(expect.any(String))
    }
  }
})

test.each(WIRES)('an error of the worker at a chunk ends the operation with its code on %s', async (name, read) => {
  orders.give({ fault: 'THROW', at: 3 })
  const { ids, end } = await read(server, { layer: LAYER, number: number++ })
  expect(orders.end()).toBe(true)
  expect(end).toBe(name === 'page that flows' ? 'BROKEN' : 'INTERNAL')
  expect(ids).toEqual(whole.slice(0, ids.length))
})

test.each(WIRES)('executions that end early three times without a batch are WORKER_LOST on %s', async (_, read) => {
  orders.give({ fault: 'SILENT_END', at: 1, lasting: true })
  const outcome = await read(server, { layer: LAYER, number: number++ })
  orders.end()
  expect(outcome).toEqual({ ids: [], end: 'WORKER_LOST', message: expect.stringMatching(/ask again/), cursor: undefined })
  expect((await read(server, { layer: LAYER, number })).end).toBe('COMPLETE')
})
