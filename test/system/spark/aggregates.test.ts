/** Groups of a layer of Spark: the answers have the same bytes as those of a server that reads the files by itself. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Answer, post } from '../../support/graphql.ts'
import type { TestServer } from '../../support/server.ts'
import { type SharedSpark, sharedSpark } from '../../support/shared-spark.ts'
import { directServer, gatheringServer } from './gathering-server.ts'

let spark: SharedSpark
let direct: TestServer
let gathering: TestServer

beforeAll(async () => {
  spark = await sharedSpark()
  ;[direct, gathering] = await Promise.all([directServer(), gatheringServer(spark)])
})

afterAll(async () => {
  await gathering?.close()
  await direct?.close()
  await spark?.leave()
})

const column = (name: string, figures: string) => `${name}: column(name: "${name}") { ${figures} }`
const RANGE = 'count distinct min max'
const ALL = `count ${['whole', 'big', 'amount'].map((name) => column(name, `sum ${name === 'amount' ? '' : 'avg'} ${RANGE}`)).join(' ')}
  ${['wide', 'flag', 'text', 'day', 'local', 'moment'].map((name) => column(name, RANGE)).join(' ')}`
const NARROW = 'where: { property: { name: "tiny", gte: 0 } }'
const keys = (...names: string[]) => `groupBy: [${names.map((name) => `{ column: "${name}" }`).join(', ')}]`

/** Arguments and figures. */
type Question = readonly [args: string, figures: string]

const BY_SPARK: readonly Question[] = [
  ['layer: "edges"', ALL],
  [`layer: "edges", ${NARROW}, ${keys('text', 'flag')}`, `keys ${ALL}`],
  [`layer: "edges", ${keys('amount')}, orderBy: [{ by: SUM, column: "big", direction: DESC }]`, `keys ${column('big', 'sum')}`],
  [`layer: "edges", ${keys('moment', 'wide', 'day')}, having: [{ of: COUNT, gt: 20 }]`, 'keys count'],
  [
    `layer: "edges", time: [{ column: "moment", every: "P1M" }, { column: "local", every: "PT1H" }]`,
    'first: time second: time(index: 1) count',
  ],
  [`layer: "edges", time: [{ column: "day", every: "P1W" }]`, `time ${column('whole', 'sum')}`],
  ['layer: "points", cell: { kind: SQUARE, size: 7.3 }', `cell { id centre } count ${column('n', 'sum max')}`],
  [`layer: "words", ${keys('class')}`, `keys ${column('n', 'sum')} ${column('id', 'min max')}`],
]

const FROM_ROWS: readonly Question[] = [
  [`layer: "edges", ${NARROW}, ${keys('double')}`, 'keys count'],
  [`layer: "edges", where: { property: { name: "text", ilike: "A%" } }, ${keys('flag')}`, 'keys count'],
  [`layer: "edges", time: [{ column: "moment", every: "P1D", timeZone: "Europe/Berlin" }]`, 'time count'],
  ['layer: "points", where: { bbox: [-20, -20, 20, 20] }, cell: { kind: HEXAGON, size: 400000 }', 'cell { id centre } count'],
  [`layer: "words", ${keys('class')}`, `keys ${column('n', 'stddev quantiles(at: [0.5])')}`],
]

interface Groups {
  readonly count: number
  readonly totalCount: string
  readonly pageInfo: { readonly endCursor: string; readonly hasNextPage: boolean }
  readonly execution: { readonly engine: string | null; readonly gatheredRows: string | null }
}

async function pageOf(server: TestServer, [args, figures]: Question, after: string | null) {
  const query = `query ($after: Cursor) { aggregate(${args}, first: 40, after: $after) {
    count totalCount rows { ${figures} } pageInfo { hasNextPage endCursor } execution { engine gatheredRows } } }`
  const text = await (await post(server, { query, variables: { after } })).text()
  const { data } = JSON.parse(text) as Answer<{ aggregate: Groups }>
  if (!data) throw new Error(text)
  return { ...data.aggregate, bytes: text.replace(/"pageInfo".*/, '') }
}

/** Compares all pages, and returns the number of groups and of gathered rows. */
async function compare(question: Question): Promise<{ groups: number; gathered: number }> {
  let cursors: readonly (string | null)[] = [null, null]
  for (;;) {
    const [expected, found] = [await pageOf(direct, question, cursors[0]!), await pageOf(gathering, question, cursors[1]!)]
    expect(found.bytes, question.join()).toBe(expected.bytes)
    expect(found.execution.engine).toBe('spark')
    if (!found.pageInfo.hasNextPage) return { groups: Number(found.totalCount), gathered: Number(found.execution.gatheredRows) }
    cursors = [expected, found].map(({ pageInfo }) => pageInfo.endCursor)
  }
}

it('groups that Spark computes have the same bytes, and only they are gathered', async () => {
  for (const question of BY_SPARK) {
    const { groups, gathered } = await compare(question)
    expect(groups).toBeGreaterThan(0)
    if (question[0].includes('having')) expect(gathered).toBeGreaterThan(groups)
    else expect(gathered).toBe(groups)
  }
})

it('groups that DuckDB computes from gathered rows have the same bytes', async () => {
  for (const question of FROM_ROWS) {
    const { groups, gathered } = await compare(question)
    expect(gathered).toBeGreaterThan(groups)
  }
})
