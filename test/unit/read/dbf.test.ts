import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { DbfTable } from '../../../src/engines/duckdb/processes/read/dbf.ts'

const folder = mkdtempSync(join(tmpdir(), 'geoduck-dbf-'))
afterAll(() => rmSync(folder, { recursive: true }))

it.each(['O', 'B'])('binary doubles of the type %s are read with every first byte', (kind) => {
  const first = Buffer.from([0x4f, 0, 0, 0, 0, 0, 0xf0, 0x3f])
  const head = Buffer.alloc(65)
  head[0] = 3
  head.writeUInt32LE(2, 4)
  head.writeUInt16LE(65, 8)
  head.writeUInt16LE(9, 10)
  head.write('v', 32, 'latin1')
  head.write(kind, 43, 'latin1')
  head[48] = 8
  head[64] = 0x0d
  const second = Buffer.alloc(8)
  second.writeDoubleLE(-0.1)
  const file = join(folder, `${kind}.dbf`)
  writeFileSync(file, Buffer.concat([head, Buffer.from(' '), first, Buffer.from(' '), second]))
  const table = new DbfTable(file, null)
  expect([table.row(0), table.row(1)]).toEqual([[first.readDoubleLE(0)], [-0.1]])
  table.close()
})
