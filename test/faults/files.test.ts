/** A file that does not stay what it was under a stream: the client has all of the old features in the end, or an error. */
import { copyFile, mkdtemp, open, rename, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Random } from '../results/random.ts'
import { serve, type TestServer } from '../support/server.ts'
import { CHUNK, CHUNKS, GRID_ROWS, grid } from './grid.ts'
import { wires } from './wires.ts'

const random = new Random()
const long = process.env['GEODUCK_LONG'] === '1'
const CUTS = long ? Array.from({ length: 50 }, (_, n) => n + 1) : [1, 2, 7, 11 + random.integer(CHUNKS - 20)]
const { WebSocket, 'Server-Sent Events': events } = wires(GRID_ROWS)
const STREAMS = { WebSocket: WebSocket!, 'Server-Sent Events': events! }

let folder: string
let server: TestServer
let whole: string[]
let file: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'geoduck-files-'))
  file = join(folder, 'grid.parquet')
  await copyFile(await grid(), file)
  server = await serve([file], { batchBytes: 1e9 })
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

describe.each(Object.entries(STREAMS))('%s', (_, read) => {
  test.each(Object.entries(CHANGES))(
    'whose file %s ends with every feature or an error',
    { timeout: 300_000 },
    async (__, change) => {
      for (const [number, chunk] of CUTS.entries()) {
        const onBatch = async (rows: number) => {
          if (rows === chunk * CHUNK) await change()
        }
        const { ids, end } = await read(server, { layer: 'grid', number, onBatch })
        await copyFile(await grid(), `${file}.new`)
        await rename(`${file}.new`, file)
        if (end === 'COMPLETE') expect(ids.join() === whole.join()).toBe(true)
        else expect(['CURSOR_EXPIRED', 'SOURCE_UNREADABLE', 'SOURCE_CHANGED']).toContain(end)
      }
    },
  )

  test('whose file is replaced by another ends as it was, or with CURSOR_EXPIRED', async () => {
    const onBatch = async (rows: number) => {
      if (rows !== 3 * CHUNK) return
      await copyFile(await grid(), `${file}.new`)
      await truncate(`${file}.new`, 90_000)
      await rename(`${file}.new`, file)
    }
    const { ids, end } = await read(server, { layer: 'grid', number: 0, onBatch })
    await copyFile(await grid(), `${file}.new`)
    await rename(`${file}.new`, file)
    if (end === 'COMPLETE') expect(ids.join() === whole.join()).toBe(true)
    else expect(['CURSOR_EXPIRED', 'SOURCE_UNREADABLE']).toContain(end)
  })
})
