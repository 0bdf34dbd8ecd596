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
const ALL = `count ${['whole', 'big', 'amount'].map((name) => column(name, `sum ${RANGE}`)).join(' ')}
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
  readonly pageInfo: { readonly endCursor: string; readonly hasNextPage: boolean }
  readonly execution: { readonly engine: string | null; readonly gatheredRows: number | null }
}

async function groupsOf(server: TestServer, [args, figures]: Question, after: string | null = null): Promise<[string, Groups]> {
  const query = `query ($after: Cursor) { aggregate(${args}, first: 40, after: $after) {
    count totalCount rows { ${figures} } pageInfo { hasNextPage endCursor } execution { engine gatheredRows } } }`
  const text = await (await post(server, { query, variables: { after } })).text()
  const { data } = JSON.parse(text) as Answer<{ aggregate: Groups }>
  if (!data) throw new Error(text)
  return [text.replace(/"pageInfo".*/, ''), data.aggregate]
}

it.each([...BY_SPARK.map((question) => [question, true] as const), ...FROM_ROWS.map((question) => [question, false] as const)])(
  '%s',
  async (question, isBySpark) => {
    let [expected, page] = await groupsOf(direct, question)
    let [found, gathered] = await groupsOf(gathering, question)
    expect(found).toBe(expected)
    expect(gathered.execution.engine).toBe('spark')
    const { totalCount } = JSON.parse(`${found.slice(0, -1)}}}}`).data.aggregate
    if (isBySpark) expect(gathered.execution.gatheredRows).toBeGreaterThanOrEqual(Number(totalCount))
    else expect(gathered.execution.gatheredRows).toBeGreaterThan(Number(totalCount))
    while (page.pageInfo.hasNextPage) {
      ;[expected, page] = await groupsOf(direct, question, page.pageInfo.endCursor)
      ;[found, gathered] = await groupsOf(gathering, question, gathered.pageInfo.endCursor)
      expect(found).toBe(expected)
    }
  },
)
