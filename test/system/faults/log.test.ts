/** A defect in a worker, met on every wire: the client has an id, and the server's log has the cause under it. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ROOT } from '../../support/environment.ts'
import { GRID_ROWS, grid } from '../../support/faults/grid.ts'
import { Orders } from '../../support/faults/order.ts'
import { type Launched, launch } from '../../support/launched.ts'
import type { TestServer } from '../../support/server.ts'
import { wires } from './wires.ts'

interface LogLine {
  readonly correlationId?: string
  readonly err?: { readonly message: string; readonly stack: string }
}

const orders = new Orders()
let launched: Launched
let server: Pick<TestServer, 'url' | 'socketUrl'>
let number = 0

beforeAll(async () => {
  const environment = { ORDERS: orders.file }
  launched = launch(process.execPath, ['test/support/faulty-server.ts', await grid()], { cwd: ROOT, environment })
  const url = (await launched.line(/^ready (.*)$/))[1]!
  server = { url, socketUrl: `${url.replace('http', 'ws')}/graphql` }
})
afterAll(async () => {
  process.kill(launched.pid, 'SIGTERM')
  await launched.ended
})

const lines = () =>
  launched
    .stderr()
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as LogLine)

test.each(Object.entries(wires(GRID_ROWS)))('INTERNAL over %s has its cause in the log', async (name, read) => {
  const before = lines().length
  orders.give({ fault: 'THROW', at: 3 })
  const { end, message, cursor } = await read(server as TestServer, { layer: `grid-${GRID_ROWS}`, number: number++ })
  expect(orders.end()).toBe(true)
  await expect.poll(() => lines().length).toBe(before + 1)
  const { correlationId, err } = lines().at(-1)!
  expect(err?.stack).toContain('thrown in a task')
  // A response that breaks after its first byte can only be found by its `x-request-id`.
  if (name === 'page that flows') return expect(end).toBe('BROKEN')
  expect({ end, message }).toEqual({ end: 'INTERNAL', message: `A defect of the server; its log has it under ${correlationId}.` })
  if (name !== 'page') expect(cursor).toEqual(expect.any(String))
})
