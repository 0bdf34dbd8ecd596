/** A store whose file is replaced: its versions have different fingerprints. */
import { copyFile, mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { fingerprintOfDatabase } from '../../../src/catalog/fingerprint.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'geoduck-test-'))
})
afterAll(() => rm(folder, { recursive: true }))

async function within(file: string, options: string, statements: readonly string[]): Promise<void> {
  const duckdb = await DuckDBInstance.create(':memory:')
  const connection = await duckdb.connect()
  await connection.run(`ATTACH '${file}' AS db${options}`)
  await connection.run('USE db')
  for (const statement of statements) await connection.run(statement)
  await connection.run('USE memory')
  await connection.run('DETACH db')
  connection.closeSync()
  duckdb.closeSync()
}

test.each(['', ' (BLOCK_SIZE 16384)'])(
  'two copies of a store that differ in one value have two fingerprints%s',
  async (options) => {
    const base = join(folder, 'base.duckdb')
    await rm(base, { force: true })
    await within(base, options, [
      'CREATE TABLE t AS SELECT i AS id, (i * 7919) % 1000 AS score FROM range(300000) r(i)',
      'CHECKPOINT',
    ])
    const copies = [join(folder, 'a.duckdb'), join(folder, 'b.duckdb')] as const
    for (const [index, copy] of copies.entries()) {
      await copyFile(base, copy)
      await within(copy, '', [`UPDATE t SET score = ${500 + index} WHERE id = 150000`, 'CHECKPOINT'])
    }
    const sizes = await Promise.all(copies.map(async (copy) => (await stat(copy)).size))
    expect(sizes[0]).toBe(sizes[1])
    const [a, b] = await Promise.all(copies.map(fingerprintOfDatabase))
    expect(a).not.toBe(b)
  },
)
