/** A file that changes during a stream, page or download: the client receives all old features, or an error. */
import { copyFile, mkdtemp, open, rename, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CHUNKS, GRID_ROWS, grid } from '../../support/faults/grid.ts'
import { Orders } from '../../support/faults/order.ts'
import { Random } from '../../support/random.ts'
import { serve, type TestServer } from '../../support/server.ts'
import { type Outcome, wires } from './wires.ts'

const random = new Random()
const long = process.env['GEODUCK_LONG'] === '1'
const CUTS = long ? Array.from({ length: 50 }, (_, n) => n + 1) : [1, 2, 7, 11 + random.integer(CHUNKS - 20)]
const WIRES = wires(GRID_ROWS)
const orders = new Orders()

let folder: string
let server: TestServer
let whole: string[]
let file: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'geoduck-files-'))
  file = join(folder, 'grid.parquet')
  await copyFile(await grid(), file)
  server = await serve([file], { pageRows: GRID_ROWS, pageBytes: 1e9 }, orders.execArgv)
  whole = Array.from({ length: GRID_ROWS }, (_, id) => String(id))
})
afterAll(async () => {
  await server.close()
  await rm(folder, { recursive: true })
})

/** 512 bytes of each row group's pages, in place: size and footer stay. */
async function scribble(): Promise<void> {
  const handle = await open(file, 'r+')
  try {
    const { size } = await handle.stat()
    for (let at = 4_000; at < size - 40_000; at += 4_096) await handle.write(Buffer.alloc(512, 0xa5), 0, 512, at)
  } finally {
    await handle.close()
  }
}

const CHANGES: Readonly<Record<string, () => Promise<unknown>>> = {
  'is cut short': () => truncate(file, 100_000),
  'is emptied': () => writeFile(file, ''),
  'is overwritten with the same footer': scribble,
  'is removed': () => rm(file),
}

/** The result of the client when the file changes while the worker is at that chunk. */
async function changedAt(chunk: number, wire: string, number: number, change: () => Promise<unknown>): Promise<Outcome> {
  orders.give({ fault: 'HOLD', at: chunk })
  const reading = WIRES[wire]!(server, { layer: 'grid', number })
  await expect.poll(() => orders.held().length, { interval: 5 }).toBe(1)
  await change()
  orders.end()
  const outcome = await reading
  await copyFile(await grid(), `${file}.new`)
  await rename(`${file}.new`, file)
  return outcome
}

/** `BROKEN`: a flowing page has no other way to report a failure. */
function expectWholeOr(codes: readonly string[], wire: string, { ids, end }: Outcome): void {
  if (end === 'COMPLETE') expect(ids.join() === whole.join()).toBe(true)
  else expect(wire === 'page that flows' ? [...codes, 'BROKEN'] : codes).toContain(end)
}

describe.each(Object.keys(WIRES))('%s', (wire) => {
  test.each(Object.entries(CHANGES))(
    'whose file %s ends with every feature or an error',
    { timeout: 300_000 },
    async (_, change) => {
      const codes = ['CURSOR_EXPIRED', 'SOURCE_UNREADABLE', 'SOURCE_CHANGED']
      for (const [number, chunk] of CUTS.entries()) expectWholeOr(codes, wire, await changedAt(chunk, wire, number, change))
    },
  )

  test('whose file is replaced ends unchanged, or reports the change', async () => {
    const outcome = await changedAt(3, wire, 0, async () => {
      await copyFile(await grid(), `${file}.new`)
      await truncate(`${file}.new`, 90_000)
      await rename(`${file}.new`, file)
    })
    expectWholeOr([wire === 'page' ? 'SOURCE_CHANGED' : 'CURSOR_EXPIRED', 'SOURCE_UNREADABLE'], wire, outcome)
  })
})
