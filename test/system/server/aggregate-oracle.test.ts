/** Random questions for groups, whose answers are compared with pandas and shapely. GEODUCK_LONG=1 asks ten times as many. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ROOT } from '../../support/environment.ts'
import { ask, type PageInfo, type Answer as Reply } from '../../support/graphql.ts'
import { remove, temporaryFolder } from '../../support/import.ts'
import { python } from '../../support/python.ts'
import { Random } from '../../support/random.ts'
import { serve, type TestServer } from '../../support/server.ts'

const random = new Random()
const long = process.env['GEODUCK_LONG'] === '1'
const QUESTIONS = long ? 2_000 : 200
const KINDS = ['points', 'lines', 'polygons'] as const
const COLUMNS = ['class', 'flag', 'n', 'x', 'odd', 'amount', 'big', 'day'] as const
const CELLS = [
  { kind: 'SQUARE', size: 30 },
  { kind: 'SQUARE', size: 0.5 },
  { kind: 'HEXAGON', size: 1_500_000 },
  { kind: 'HEXAGON', size: 123_456.5 },
  { kind: 'TILE', zoom: 0 },
  { kind: 'TILE', zoom: 3 },
  { kind: 'TILE', zoom: 9 },
]

let folder: string
let server: TestServer
let program: string
beforeAll(async () => {
  folder = await temporaryFolder()
  program = await readFile(join(ROOT, 'test/support/aggregate-oracle.py'), 'utf8')
  await python(program, ['make', folder, String(random.integer(2 ** 32))])
  server = await serve(KINDS.map((kind) => join(folder, `${kind}.parquet`)))
})
afterAll(async () => {
  await server?.close()
  await remove(folder)
})

function some<T>(values: readonly T[], most: number): T[] {
  return values
    .map((value) => [random.next(), value] as const)
    .sort(([a], [b]) => a - b)
    .slice(0, random.integer(most + 1))
    .map(([, value]) => value)
}

function filter(depth = 2): object {
  const kind = random.integer(depth > 0 ? 7 : 5)
  const n = random.integer(12) - 6
  if (kind === 0) {
    const [west, south] = [random.next() * 340 - 180, random.next() * 160 - 90]
    const east = west + 20 + random.next() * 200
    return { bbox: [west, south, east > 180 ? east - 360 : east, Math.min(90, south + 60)] }
  }
  if (kind === 1) return { property: { name: 'class', in: ['a', 'ä', 'nothing'] } }
  if (kind === 2) return { property: { name: random.pick(['class', 'x', 'day']), isNull: random.chance(0.3) } }
  if (kind === 3) return { property: { name: 'n', between: [n, n + 6] } }
  if (kind === 4) return { property: { name: 'id', ...random.pick([{ gte: 500 }, { lt: 40 }, { lt: -1 }]) } }
  return { [random.pick(['and', 'or'])]: [filter(depth - 1), filter(depth - 1)] }
}

function time() {
  if (random.chance(0.6)) return []
  const column = random.pick(['at', 'day'])
  const every = random.pick(['P1D', 'P1W', 'P1M', 'P3M', 'P1Y', ...(column === 'at' ? ['PT1H', 'PT15M'] : [])])
  const timeZone = column === 'at' && !every.startsWith('PT') ? random.pick(['UTC', 'Europe/Berlin', 'America/St_Johns']) : 'UTC'
  return [{ column, every, timeZone }]
}

function question() {
  const cell = random.chance(0.5) ? random.pick(CELLS) : null
  return {
    where: random.chance(0.7) ? filter() : null,
    groupBy: some(['class', 'flag', 'n', 'day', 'amount'], 2),
    time: time(),
    cell,
    having: random.chance(0.2) ? 1 + random.integer(4) : 0,
    byCount: random.chance(0.3),
    columns: some(COLUMNS, 3),
    geometry: random.chance(0.2),
  }
}

type Question = ReturnType<typeof question>

function figures(column: string): string {
  const numbers = ['n', 'x', 'amount', 'big'].includes(column) ? 'stddev quantiles(at: [0, 0.25, 0.5, 1])' : ''
  const sums = ['class', 'flag', 'day'].includes(column) ? '' : 'sum avg'
  return `column_${column}: column(name: "${column}") { count distinct min max ${sums} ${numbers} }`
}

function rowsOf({ time, cell, columns, geometry, groupBy }: Question): string {
  const shapes =
    groupBy.length + time.length === 0
      ? 'geometry { extent centroid(precision: 15) convexHull(precision: 15) union(precision: 15) }'
      : 'geometry { extent centroid(precision: 15) convexHull(precision: 15) }'
  const times = time.map((_, n) => `time${n}: time(index: ${n})`).join(' ')
  return `keys count ${times} ${cell ? 'cell { id }' : ''} ${columns.map(figures).join(' ')} ${geometry ? shapes : ''}`
}

interface Answer {
  readonly aggregate: { readonly rows: object[]; readonly totalCount: string; readonly pageInfo: PageInfo }
  readonly features: { readonly totalCount: string }
}

async function answer(layer: string, asked: Question) {
  const { where, groupBy, time, cell, having, byCount } = asked
  const query = `query ($where: FeatureFilter, $groupBy: [GroupKey!], $time: [TimeBucket!], $cell: CellGrid, $having: [GroupCondition!],
      $orderBy: [GroupOrder!], $after: Cursor) {
    aggregate(layer: "${layer}", where: $where, groupBy: $groupBy, time: $time, cell: $cell, having: $having, orderBy: $orderBy, first: 1000, after: $after) {
      rows { ${rowsOf(asked)} } totalCount pageInfo { hasNextPage endCursor }
    }
    features(layer: "${layer}", where: $where, first: 1) { totalCount }
  }`
  const variables = {
    where,
    groupBy: groupBy.map((column) => ({ column })),
    time,
    cell,
    having: having > 0 ? [{ of: 'COUNT', gte: having }] : [],
    orderBy: byCount ? [{ by: 'COUNT', direction: 'DESC' }] : [],
  }
  const rows: object[] = []
  let after: string | null = null
  for (;;) {
    const { data, errors }: Reply<Answer> = await ask<Answer>(server, query, { ...variables, after })
    expect(errors, JSON.stringify(asked)).toBeUndefined()
    const page: Answer['aggregate'] = data!.aggregate
    rows.push(...page.rows)
    if (!page.pageInfo.hasNextPage) return { rows, totalCount: page.totalCount, features: data!.features.totalCount }
    after = page.pageInfo.endCursor
  }
}

async function differences(questions: readonly (readonly [layer: string, question: Question])[]): Promise<string[]> {
  const items: object[] = []
  for (const [layer, asked] of questions) items.push({ layer, question: asked, answer: await answer(layer, asked) })
  return await python(program, ['check', folder], JSON.stringify(items))
}

test('random questions have the groups and figures of pandas and shapely', { timeout: long ? 3_600_000 : 600_000 }, async () => {
  const questions = random.list(QUESTIONS, () => [random.pick(KINDS), question()] as const)
  expect(await differences(questions)).toEqual([])
})

test('the counts of the cells add up to the features, for every kind of cell and of geometry', { timeout: 600_000 }, async () => {
  const plain = { where: null, groupBy: [], time: [], having: 0, byCount: false, columns: [], geometry: false }
  expect(await differences(KINDS.flatMap((kind) => CELLS.map((cell) => [kind, { ...plain, cell }] as const)))).toEqual([])
})
