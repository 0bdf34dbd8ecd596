/** An import that is stopped leaves the store unchanged. */
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { copyFile, readFile, stat, statfs, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { geoduckImport, INDEXES, look, namesIn, squares, startImport, using, within } from '../../support/import.ts'
import { eventually } from '../../support/pool.ts'
import { problemOf, testCatalog } from '../catalog/support.ts'
import { eachInNewFolder, folder, parquet, store } from './support.ts'

eachInNewFolder()

/** `GEODUCK_LONG=1` kills 50. */
const KILLS = process.env['GEODUCK_LONG'] === '1' ? 50 : 15
const ROWS = 10_000
const SEED = Number(process.env['SEED'] ?? 20_260)

/** Numbers from 0 to 1, the same for the same seed. */
function* random(seed: number): Generator<number, never> {
  for (let state = seed; ; ) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    yield state / 2 ** 32
  }
}

const STATE = 'SELECT count(*), count(DISTINCT id), sum(version), count(*) FILTER (bbox.xmin IS NOT NULL) FROM squares'

test(`after each of ${KILLS} kills the store has its old rows and its index, and the next run removes all leftovers (seed ${SEED})`, async () => {
  await squares(parquet, ROWS)
  expect(await geoduckImport(parquet, '--into', store, '--layer', 'squares', '--rtree')).toMatchObject({ code: 0 })
  const old = await look(store, STATE)
  const more = join(folder, 'more.parquet')
  await squares(more, ROWS, 2)
  const began = performance.now()
  const [first, scratch] = [join(folder, 'first.duckdb'), join(folder, 'scratch.duckdb')]
  for (const copy of [first, scratch]) await copyFile(store, copy)
  await once(startImport(more, '--into', scratch, '--layer', 'squares', '--replace'), 'exit')
  const whole = performance.now() - began
  const numbers = random(SEED)
  let killed = 0
  // One instance for all looks: loading the extension takes as long as an import of this size.
  await using(async (connection) => {
    for (let kill = 0; kill < KILLS; kill++) {
      const child = startImport(more, '--into', store, '--layer', 'squares', '--replace')
      const ended = once(child, 'exit')
      await Promise.race([ended, sleep(numbers.next().value * whole)])
      if (child.exitCode === null) {
        killed++
        process.kill(-(child.pid as number), 'SIGKILL')
      }
      await ended
      await connection.run(`ATTACH '${store}' AS db (READ_ONLY)`)
      await connection.run('USE db')
      const now = (await connection.runAndReadAll(STATE)).getRowsJS()
      const indexes = (await connection.runAndReadAll(INDEXES)).getRowsJS()
      await connection.run('USE memory')
      await connection.run('DETACH db')
      expect(indexes).toEqual([['squares_geom_rtree']])
      // The last moments are after the rename: then the store is the complete new version.
      const isNew = JSON.stringify(now, text) === JSON.stringify([[ROWS, ROWS, 2 * ROWS, ROWS]])
      if (!isNew) expect(now).toEqual(old)
      else await copyFile(first, store)
    }
  })
  expect(killed).toBeGreaterThan(KILLS / 2)
  expect(await geoduckImport(more, '--into', store, '--layer', 'squares', '--append')).toMatchObject({ code: 0 })
  expect(await namesIn(folder)).toEqual(['city.duckdb', 'first.duckdb', 'more.parquet', 'scratch.duckdb', 'squares.parquet'])
}, 1_800_000)

const text = (_: string, value: unknown) => (typeof value === 'bigint' ? Number(value) : value)

test('of two imports at once the second says who holds the store, and the first is not disturbed', async () => {
  await squares(parquet, 50_000)
  const first = startImport(parquet, '--into', store, '--layer', 'squares')
  const ended = once(first, 'exit')
  await eventually(async () => existsSync(join(folder, '.city.duckdb.import-lock')))
  const second = await geoduckImport(parquet, '--into', store, '--layer', 'other')
  expect(second).toMatchObject({ code: 1, stderr: expect.stringContaining(`Process ${first.pid} imports into ${store} already`) })
  expect((await ended)[0]).toBe(0)
  expect(await look(store, 'SELECT count(*) FROM squares')).toEqual([[50_000n]])
  expect(await namesIn(folder)).toEqual(['city.duckdb', 'squares.parquet'])
})

test('the lock of a process that is gone is taken over, also when its number has been given to another', async () => {
  await squares(parquet, 100)
  const lock = join(folder, '.city.duckdb.import-lock')
  const gone = startImport('--help')
  await once(gone, 'exit')
  for (const holder of [
    { pid: gone.pid, began: null, token: 'x' },
    { pid: process.pid, began: 'another boot:1', token: 'x' },
  ]) {
    await writeFile(lock, JSON.stringify(holder))
    expect(
      await geoduckImport(parquet, '--into', store, '--layer', 'squares', ...(existsSync(store) ? ['--append'] : [])),
    ).toMatchObject({ code: 0 })
  }
  expect(await look(store, 'SELECT count(*) FROM squares')).toEqual([[200n]])
  expect(await namesIn(folder)).toEqual(['city.duckdb', 'squares.parquet'])
})

test('Ctrl-C takes everything back', async () => {
  await squares(parquet, 50_000)
  const child = startImport(parquet, '--into', store, '--layer', 'squares')
  const ended = once(child, 'exit')
  await eventually(async () => (await namesIn(folder)).some((name) => name.includes('.importing-')))
  child.kill('SIGINT')
  expect((await ended)[0]).toBe(1)
  expect(await namesIn(folder)).toEqual(['squares.parquet'])
})

test('a store that another process writes into is not imported into', async () => {
  await squares(parquet, 100)
  await within(store, ['CREATE TABLE other AS SELECT 1 AS id'])
  await using(async (connection) => {
    await connection.run(`ATTACH '${store}' AS db`)
    const { code, stderr } = await geoduckImport(parquet, '--into', store, '--layer', 'squares')
    expect({ code, stderr }).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('another process has it open for writing'),
    })
  })
  expect(await namesIn(folder)).toEqual(['city.duckdb', 'squares.parquet'])
})

/** Only root may mount one. */
const isRoot = process.getuid?.() === 0
if (!isRoot) process.stderr.write('NOT TESTED: a disk that runs full, which takes root to mount one\n')

test.runIf(isRoot)(
  'a disk without space is refused before anything is written, and a disk that becomes full leaves the store unchanged',
  async () => {
    const disk = join(folder, 'city.duckdb.disk')
    execFileSync('mkdir', [disk])
    await squares(parquet, 60_000)
    const mount = (size: string) => execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', disk])
    mount('64m')
    try {
      const small = join(disk, 'city.duckdb')
      expect(await geoduckImport(parquet, '--into', small, '--layer', 'squares', '--rtree')).toMatchObject({ code: 0 })
      const old = await look(small, STATE)
      const filler = join(disk, 'filler')
      const fill = async (left: number) => {
        const { bavail, bsize } = await statfs(disk)
        await writeFile(filler, Buffer.alloc(Math.max(0, bavail * bsize - left)))
      }
      await fill(1e6)
      const refused = await geoduckImport(parquet, '--into', small, '--layer', 'squares', '--append')
      expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('make room first') })
      await writeFile(filler, '')

      const size = (await stat(small)).size
      const child = startImport(parquet, '--into', small, '--layer', 'squares', '--append')
      let words = ''
      child.stderr?.on('data', (bytes: Buffer) => (words += bytes))
      const ended = once(child, 'exit')
      // The copy is there: what is written from here on finds no room.
      await eventually(async () => (await namesIn(disk)).some((name) => name.includes('.importing-')))
      await eventually(async () => {
        const draft = (await namesIn(disk)).find((name) => /\.importing-\d+$/.test(name))
        return draft !== undefined && (await stat(join(disk, draft))).size >= size
      })
      await fill(300_000)
      expect((await ended)[0]).toBe(1)
      expect(words).toContain('the disk is full')
      expect(await look(small, STATE)).toEqual(old)
      expect(await look(small, INDEXES)).toEqual([['squares_geom_rtree']])
      expect(await namesIn(disk)).toEqual(['city.duckdb', 'filler'])
    } finally {
      execFileSync('umount', [disk])
    }
  },
)

/** The files of a writer that dies before its checkpoint: the store and its log. */
async function crashed(statements: readonly string[]): Promise<void> {
  await within(join(folder, 'base.duckdb'), [
    'CREATE TABLE squares AS SELECT i AS id, ST_Point(i, i) AS geom FROM range(50000) r(i)',
    'CREATE INDEX over_geom ON squares USING RTREE (geom)',
    'CREATE TABLE plain AS SELECT 1 AS id',
    'CHECKPOINT',
  ])
  await using(async (connection) => {
    await connection.run(`ATTACH '${join(folder, 'base.duckdb')}' AS db`)
    await connection.run('USE db')
    for (const statement of statements) await connection.run(statement)
    await copyFile(join(folder, 'base.duckdb'), store)
    await copyFile(join(folder, 'base.duckdb.wal'), `${store}.wal`)
    await connection.run('USE memory')
  })
}

test.each([
  ['rows in an indexed table', 'INSERT INTO squares SELECT id + 100000, geom FROM squares LIMIT 5000', 55_000n, ['over_geom']],
  ['rows deleted from one', 'DELETE FROM squares WHERE id < 100', 49_900n, ['over_geom']],
  [
    'an index',
    'CREATE TABLE late AS SELECT id, geom FROM squares; CREATE INDEX late_geom ON late USING RTREE (geom)',
    50_000n,
    ['late_geom', 'over_geom'],
  ],
  ['nothing of the index', 'INSERT INTO plain VALUES (2)', 50_000n, ['over_geom']],
] as const)('the log of a crashed writer with %s is in the new version, and gone', async (_, statements, rows, indexes) => {
  await crashed(statements.split('; '))
  const csv = join(folder, 'more.csv')
  await writeFile(csv, 'id,wkt\n7,POINT (1 2)\n')
  expect(await geoduckImport(csv, '--into', store, '--layer', 'more')).toMatchObject({ code: 0 })
  expect(existsSync(`${store}.wal`)).toBe(false)
  expect(await look(store, 'SELECT (SELECT count(*) FROM squares), (SELECT count(*) FROM more)')).toEqual([[rows, 1n]])
  expect((await look(store, INDEXES)).flat()).toEqual(indexes)
  const near = 'ST_MakeEnvelope(41000, 41000, 41002, 41002)'
  expect(await look(store, `SELECT count(*) FROM squares WHERE ST_Within(geom, ${near})`)).toEqual([[1n]])
})

test('an import that was killed between its rename and the removal of the old log is finished by the next one', async () => {
  await crashed(['INSERT INTO plain VALUES (2)'])
  const log = await readFile(`${store}.wal`)
  const csv = join(folder, 'more.csv')
  await writeFile(csv, 'id,wkt\n7,POINT (1 2)\n')
  expect(await geoduckImport(csv, '--into', store, '--layer', 'more')).toMatchObject({ code: 0 })
  await writeFile(`${store}.wal`, log)
  await expect(look(store, 'SELECT count(*) FROM more')).rejects.toThrow(/WAL/)
  const { dev, ino } = await stat(store, { bigint: true })
  const gone = startImport('--help')
  await once(gone, 'exit')
  await writeFile(
    join(folder, '.city.duckdb.import-lock'),
    JSON.stringify({ pid: gone.pid, began: null, token: 'x', publishing: `${dev}:${ino}` }),
  )
  expect(await geoduckImport(csv, '--into', store, '--layer', 'more', '--append')).toMatchObject({ code: 0 })
  expect(await look(store, 'SELECT (SELECT count(*) FROM plain), (SELECT count(*) FROM more)')).toEqual([[2n, 2n]])
})

test('a store whose log only a writer can replay is a problem that says what to do, until it is imported into', async () => {
  await crashed(['CREATE TABLE late AS SELECT id, geom FROM squares', 'CREATE INDEX late_geom ON late USING RTREE (geom)'])
  const before = await testCatalog(store)
  await before.close()
  expect(before.layers()).toEqual([])
  expect(problemOf(before, 'city.duckdb')).toMatch(/write-ahead log that only a writer can replay: .*CHECKPOINT.*import into it/)
  const csv = join(folder, 'more.csv')
  await writeFile(csv, 'id,wkt\n7,POINT (1 2)\n')
  expect(await geoduckImport(csv, '--into', store, '--layer', 'more')).toMatchObject({ code: 0 })
  const after = await testCatalog(store)
  await after.checked
  await after.close()
  expect(after.layers().map(({ name, featureCount }) => [name, featureCount])).toEqual([
    ['late', 50_000],
    ['more', 1],
    ['plain', 1],
    ['squares', 50_000],
  ])
})
