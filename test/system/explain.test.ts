/** `geoduck explain`, as it is called from a shell. */
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { fixture } from '../fixtures/index.ts'
import { inEngine } from '../support/engine.ts'
import { ROOT } from '../support/environment.ts'
import { runProgram } from '../support/program.ts'
import { python } from '../support/python.ts'
import { SPATIAL_EXTENSION } from '../support/spatial-extension.ts'

const OBSERVATIONS = join(ROOT, '.geoduck/demo/observations.parquet')

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'geoduck-explain-test-'))
})
afterAll(() => rm(folder, { recursive: true }))

async function explain(...args: string[]) {
  const environment = {
    XDG_CACHE_HOME: folder,
    GEODUCK_SPATIAL_EXTENSION: SPATIAL_EXTENSION,
    GEODUCK_TEMP_DIRECTORY: folder,
    GEODUCK_TEMP_LIMIT: '1GB',
  }
  const program = [join(ROOT, 'src/main.ts'), 'explain', ...args]
  const { code, stdout, stderr } = await runProgram(process.execPath, program, { environment })
  const lines = stripVTControlCharacters(stdout).split('\n')
  /** The text next to a name in the upper part. */
  const told = (what: string) => lines.find((line) => line.startsWith(`${what} `))?.slice(9)
  return { code, stderr, lines, told, text: lines.join('\n') }
}

const BOX = [-60, -20, 40, 60]

/** The number by another reader of the same statistics. */
const ROW_GROUPS = `
import json, sys
import pyarrow.parquet
west, south, east, north = json.loads(sys.argv[2])
prefix = sys.argv[3]
metadata = pyarrow.parquet.ParquetFile(sys.argv[1]).metadata
left = 0
for n in range(metadata.num_row_groups):
    group = metadata.row_group(n)
    sides = {group.column(c).path_in_schema: group.column(c).statistics for c in range(group.num_columns)}
    left += (sides[prefix + 'xmin'].min <= east and sides[prefix + 'xmax'].max >= west
        and sides[prefix + 'ymin'].min <= north and sides[prefix + 'ymax'].max >= south)
print(json.dumps([metadata.num_row_groups, left]))
`

test('it shows the statement, its values, the row groups that its boxes leave, and the plan of the engine', async () => {
  const where = JSON.stringify({ bbox: BOX, property: { name: 'species', eq: 'Emperor penguin' } })
  const { code, stderr, told, text } = await explain('observations', OBSERVATIONS, '--where', where, '--first', '5')
  expect([code, stderr]).toEqual([0, ''])
  expect(told('layer')).toBe('observations, 200,000 features, READY')
  const [all, left] = await python<[number, number]>(ROW_GROUPS, [OBSERVATIONS, JSON.stringify(BOX), 'bbox.'])
  expect(left).toBeGreaterThan(1)
  expect(left).toBeLessThan(all)
  expect(told('pruning')).toBe(`COVERING_COLUMN: of ${all} row groups the boxes leave ${left} to be read`)
  expect(told('sorted')).toBe('no, features leave as they are read')
  expect(text).toContain('"Emperor penguin"')
  expect(text).toMatch(
    /^SELECT \*, false AS eof FROM \(SELECT .* FROM "observations" AS t WHERE .* LIMIT CAST\(\$\d+ AS BIGINT\)/m,
  )
  expect(text).toContain('The engine would run it so:')
  expect(text).toMatch(/READ_PARQUET/)
  expect(text).not.toContain('Total Time')
  // One row more than the page proves that there is more.
  expect(text).toMatch(/^ {9}\$\d+ 6$/m)
})

test('boxes in separate columns skip row groups as a covering column does', async () => {
  const file = join(folder, 'flat.parquet')
  await inEngine(':memory:', async (connection) => {
    await connection.run(`COPY (SELECT * EXCLUDE bbox, bbox.xmin, bbox.ymin, bbox.xmax, bbox.ymax FROM '${OBSERVATIONS}')
      TO '${file}' (FORMAT parquet, ROW_GROUP_SIZE 4096)`)
  })
  const { code, told } = await explain('flat', file, '--where', JSON.stringify({ bbox: BOX }))
  expect(code).toBe(0)
  const [all, left] = await python<[number, number]>(ROW_GROUPS, [file, JSON.stringify(BOX), ''])
  expect(left).toBeLessThan(all)
  expect(told('pruning')).toBe(`COVERING_COLUMN: of ${all} row groups the boxes leave ${left} to be read`)
  await rm(file)
})

test('--analyze runs it: rows and time of each step, of a sorted page of a table too', async () => {
  const order = '[{"property": "name", "direction": "DESC"}]'
  const store = await fixture('databases/store.duckdb')
  const { code, told, text } = await explain('keyed', store, '--order-by', order, '--encoding', 'arrow', '--analyze')
  expect(code).toBe(0)
  expect(told('layer')).toBe('keyed, 100 features, READY')
  expect(told('pruning')).toBe('NONE')
  expect(told('sorted')).toBe('every feature that matches is seen before the first leaves')
  expect(text).toContain('The engine has run it:')
  expect(text).toMatch(/Total Time: \d+\.\d+s/)
  // All of them, and the row that proves the end.
  expect(text).toContain('101 rows')
  expect(text).not.toContain('EXPLAIN ANALYZE')
})

test.each([
  ['a layer that is not there', ['observation'], /^LAYER_NOT_FOUND: No layer is named `observation`.* Near: `observations`\.\n$/],
  ['a CRS that the engine does not know', ['observations', '--crs', 'EPSG:987654', '--analyze'], /EPSG:987654/],
])('%s is reported in one line, and it ends with 1', async (_, [layer = '', ...flags], message) => {
  const { code, stderr, lines } = await explain(layer, OBSERVATIONS, ...flags)
  expect(stderr).toMatch(message)
  expect([code, lines]).toEqual([1, ['']])
})

test('nothing is left of its process and its folder', async () => {
  expect((await readdir(folder)).filter((name) => name !== 'geoduck')).toEqual([])
})
