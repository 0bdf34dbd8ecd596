/** Skipped row groups, reported by `execution` and compared with the statistics of the files, as pyarrow reads them. */
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { type IncomingMessage, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { inEngine } from '../../support/engine.ts'
import { ask, type PageInfo } from '../../support/graphql.ts'
import { python } from '../../support/python.ts'
import { serve, type TestServer } from '../../support/server.ts'

const ROWS = 40_960
const ROW_GROUP = 2_048
const PARTS = 5

let folder: string
let server: TestServer
let file: string
let parts: string[]

/** Small squares in lines of 256 from south to north: each row group is a band of eight lines. */
const SQUARES = `SELECT i AS n, i // 1000 AS thousand, {'xmin': x, 'ymin': y, 'xmax': x + 0.1, 'ymax': y + 0.1} AS bbox,
  ST_MakeEnvelope(x, y, x + 0.1, y + 0.1) AS geometry
  FROM (SELECT i, ((i % 256) * 0.5 - 64)::DOUBLE AS x, ((i // 256) * 0.5 - 40)::DOUBLE AS y FROM range(${ROWS}) r(i))`

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'geoduck-pruning-'))
  file = join(folder, 'squares.parquet')
  parts = Array.from({ length: PARTS }, (_, part) => join(folder, `part-${part}.parquet`))
  await inEngine(':memory:', async (connection) => {
    const options = `(FORMAT parquet, ROW_GROUP_SIZE ${ROW_GROUP})`
    await connection.run(`COPY (${SQUARES}) TO '${file}' ${options}`)
    for (const [part, name] of parts.entries()) {
      await connection.run(`COPY (FROM (${SQUARES}) WHERE n // ${ROWS / PARTS} = ${part}) TO '${name}' ${options}`)
    }
    await connection.run(
      `ATTACH '${join(folder, 'store.duckdb')}' AS store (STORAGE_VERSION 'v1.5.0', ROW_GROUP_SIZE ${ROW_GROUP})`,
    )
    await connection.run(`CREATE TABLE store.stored AS ${SQUARES}`)
    await connection.run(`CREATE TABLE store.indexed AS SELECT n, geometry FROM (${SQUARES}) ORDER BY hash(n)`)
    await connection.run('USE store')
    await connection.run('CREATE INDEX over_geometry ON indexed USING RTREE (geometry)')
    await connection.run('CHECKPOINT store')
  })
  server = await serve([file, join(folder, 'part-*.parquet'), join(folder, 'store.duckdb')])
})
afterAll(async () => {
  await server.close()
  await rm(folder, { recursive: true })
})

interface Page {
  readonly count: number
  readonly pageInfo: PageInfo
  readonly features: readonly { readonly key: string }[]
  readonly execution: {
    readonly rowGroupsRead: number | null
    readonly rowGroups: number | null
    readonly rowsScanned: string | null
  }
}

const EXECUTION = 'execution { rowGroupsRead rowGroups rowsScanned }'
const PAGE = `query ($layer: String!, $where: FeatureFilter, $first: Int, $after: Cursor, $orderBy: [FeatureOrder!]) {
  features(layer: $layer, where: $where, first: $first, after: $after, orderBy: $orderBy) {
    count pageInfo { hasNextPage endCursor } features { key } ${EXECUTION} } }`

async function page(variables: Record<string, unknown>): Promise<Page> {
  const { data, errors } = await ask<{ features: Page }>(server, PAGE, { first: 10_000, ...variables })
  if (errors) throw new Error(JSON.stringify(errors))
  return data!.features
}

/** The number of row groups with `low` <= a value <= `high` in their statistics, for each named column. */
const MEETING = `
import json, sys
import pyarrow.parquet as pq
groups = 0
for file in json.loads(sys.argv[1]):
    metadata = pq.read_metadata(file)
    for index in range(metadata.num_row_groups):
        row_group = metadata.row_group(index)
        columns = {row_group.column(c).path_in_schema: row_group.column(c).statistics for c in range(row_group.num_columns)}
        groups += all(columns[least].min <= high and columns[most].max >= low for least, most, low, high in json.loads(sys.argv[2]))
print(groups)`

type Range = readonly [least: string, most: string, low: number, high: number]

const meeting = (files: readonly string[], ...ranges: readonly Range[]): Promise<number> =>
  python(MEETING, [JSON.stringify(files), JSON.stringify(ranges)])

const BOX = [-10.2, -5.2, 10.2, 3.2] as const
const [WEST, SOUTH, EAST, NORTH] = BOX
const inBox: readonly Range[] = [
  ['bbox.xmin', 'bbox.xmax', WEST, EAST],
  ['bbox.ymin', 'bbox.ymax', SOUTH, NORTH],
]

describe('a page reports how much of its source was read:', () => {
  it('by a covering column', async () => {
    const { count, execution } = await page({ layer: 'squares', where: { bbox: BOX } })
    const expected = await meeting([file], ...inBox)
    expect(count).toBe(41 * 17)
    expect(execution).toEqual({ rowGroupsRead: expected, rowGroups: ROWS / ROW_GROUP, rowsScanned: null })
    expect(expected).toBeLessThan(5)
  })

  it('by the statistics of a property', async () => {
    const { count, execution } = await page({ layer: 'squares', where: { property: { name: 'thousand', between: [7, 9] } } })
    const expected = await meeting([file], ['thousand', 'thousand', 7, 9])
    expect(count).toBe(3_000)
    expect(execution).toEqual({ rowGroupsRead: expected, rowGroups: ROWS / ROW_GROUP, rowsScanned: null })
  })

  it('of a table, with its rows', async () => {
    const { count, execution } = await page({ layer: 'stored', where: { property: { name: 'thousand', between: [7, 9] } } })
    // The same rows in row groups of the same size.
    const expected = await meeting([file], ['thousand', 'thousand', 7, 9])
    expect(count).toBe(3_000)
    expect(execution).toMatchObject({ rowGroupsRead: expected, rowGroups: ROWS / ROW_GROUP })
    expect(Number(execution.rowsScanned)).toBeGreaterThanOrEqual(3_000)
    expect(Number(execution.rowsScanned)).toBeLessThanOrEqual(expected * ROW_GROUP)
  })

  it('of several files, by where they are', async () => {
    const { count, execution } = await page({ layer: 'part', where: { bbox: BOX } })
    expect(count).toBe(41 * 17)
    expect(execution).toEqual({
      rowGroupsRead: await meeting(parts, ...inBox),
      rowGroups: ROWS / ROW_GROUP,
      rowsScanned: null,
    })
  })

  it('nothing of a table where an RTREE found the rows, and all of it where the box is too large for that', async () => {
    const { count, execution } = await page({ layer: 'indexed', where: { bbox: [0.02, 0.02, 0.55, 0.05] } })
    expect(count).toBe(2)
    expect(execution).toEqual({ rowGroupsRead: null, rowGroups: null, rowsScanned: null })
    // In no order: each row group has some of a large one.
    const large = await page({ layer: 'indexed', where: { bbox: [-20, -20, 20, 20] } })
    expect(large).toMatchObject({ count: 81 * 81, execution: { rowGroupsRead: 20, rowGroups: 20 } })
  })

  it.each(['squares', 'part', 'stored'])(
    'all of %s where each row group has a feature of it, and less where the page ends before',
    async (layer) => {
      const where = { bbox: [0.02, -40, 0.05, 40] }
      expect(await page({ layer, where })).toMatchObject({ count: 160, execution: { rowGroupsRead: 20, rowGroups: 20 } })
      const { pageInfo, execution } = await page({ layer, where, first: 10 })
      expect(pageInfo.hasNextPage).toBe(true)
      expect(execution.rowGroupsRead).toBeLessThan(20)
    },
  )

  it.each(['squares', 'part', 'stored'])('nothing of %s for a box beyond all of it', async (layer) => {
    const { count, execution } = await page({ layer, where: { bbox: [100, 50, 101, 51] } })
    expect({ count, read: execution.rowGroupsRead }).toEqual({ count: 0, read: 0 })
  })
})

describe('of several files, those that a box cannot meet change nothing:', () => {
  it('keys are those of all files, and pages continue after each other', async () => {
    const where = { bbox: BOX }
    const orderBy = [{ property: 'thousand', direction: 'DESC' }]
    for (const order of [{}, { orderBy }]) {
      const { features } = await page({ layer: 'squares', where, ...order })
      const keys: string[] = []
      for (let after: string | null = null, more = true; more; ) {
        const { features: some, pageInfo } = await page({ layer: 'part', where, first: 100, after, ...order })
        keys.push(...some.map(({ key }) => key))
        after = pageInfo.endCursor
        more = pageInfo.hasNextPage
      }
      expect(keys).toEqual(features.map(({ key }) => key))
    }
  })
})

describe('it is reported', () => {
  it('with the last batch of a stream', async () => {
    const query = `subscription { featureBatches(layer: "squares", where: { bbox: [${BOX}] }, batchSize: 100) { count ${EXECUTION} } }`
    const batches = await subscribed(query)
    const last = batches.pop()!
    expect(batches.every(({ execution }) => execution.rowGroupsRead === null && execution.rowGroups === 20)).toBe(true)
    expect(last.execution).toEqual({ rowGroupsRead: await meeting([file], ...inBox), rowGroups: 20, rowsScanned: null })
  })

  it('in the trailer of a download', async () => {
    const url = `${server.url}/download/squares.geojsonl?where=${encodeURIComponent(JSON.stringify({ bbox: BOX }))}`
    const sent = request(url, { agent: false }).end()
    const [response] = (await once(sent, 'response')) as [IncomingMessage]
    await response.resume().toArray()
    expect(JSON.parse(String(response.trailers['geoduck-execution']))).toMatchObject({
      lane: 'NORMAL',
      attempts: 1,
      rowGroupsRead: await meeting([file], ...inBox),
      rowGroups: 20,
    })
  })
})

interface Batch {
  readonly count: number
  readonly execution: Page['execution']
}

/** By Server-Sent Events, to the end. */
async function subscribed(query: string): Promise<Batch[]> {
  const response = await fetch(`${server.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
    body: JSON.stringify({ query }),
  })
  const events = (await response.text()).matchAll(/^data: (\{.*\})$/gm)
  return [...events].map(([, data]) => (JSON.parse(data!) as { data: { featureBatches: Batch } }).data.featureBatches)
}
