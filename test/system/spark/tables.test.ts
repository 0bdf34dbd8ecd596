/** Layers of tables of Iceberg and Delta, whose rows Spark gathers: the answers are those for the same rows in files, and follow the versions of a table. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Config } from '../../../src/config/config.ts'
import { fixture } from '../../fixtures/index.ts'
import { ask } from '../../support/graphql.ts'
import { serve, type TestServer } from '../../support/server.ts'
import { type SparkWithTables, startSparkWithTables } from '../../support/spark-tables.ts'
import { answerOf, QUESTIONS } from './questions.ts'

const PATIENCE = { timeout: 60_000, interval: 200 }

const KINDS = [
  { kind: 'iceberg', database: 'lake.geo' },
  { kind: 'delta', database: 'spark_catalog.geo' },
] as const

type LayerConfig = Config['layers'][number]

let folder: string
let spark: SparkWithTables
let direct: TestServer
const servers = new Map<string, TestServer>()

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'geoduck-tables-'))
  const files = join(await fixture('spark'), 'edges')
  spark = await startSparkWithTables(folder)
  const { writer } = spark
  await writer.view('edges', [files])
  for (const { kind, database } of KINDS) {
    const properties = kind === 'delta' ? "TBLPROPERTIES ('delta.columnMapping.mode' = 'name')" : ''
    const make = (table: string, columns: string) =>
      writer.command(`CREATE TABLE ${database}.${table} (${columns}) USING ${kind}`)
    await writer.command(`CREATE DATABASE ${database}`)
    await writer.command(`CREATE TABLE ${database}.edges USING ${kind} ${properties} AS SELECT * FROM edges`)
    await make('moving', 'id BIGINT NOT NULL, name STRING')
    await writer.command(`INSERT INTO ${database}.moving SELECT id, concat('place ', id) FROM range(100)`)
    await make('odd', kind === 'delta' ? 'id BIGINT, twice STRING, made VARIANT' : 'id BIGINT, twice STRING')
    await writer.command(`INSERT INTO ${database}.odd (id, twice) VALUES (1, 'a'), (2, 'a')`)
  }
  await writer.command('CREATE TABLE lake.geo.later (id BIGINT) USING iceberg')
  await writer.command('CREATE TABLE spark_catalog.geo.plain (id BIGINT) USING parquet')
  direct = await serve([], { layers: [{ name: 'edges', path: files, key: 'id' }] })
  for (const { kind, database } of KINDS) {
    const layer = (name: string, of: Partial<LayerConfig> = {}): LayerConfig => ({
      name,
      table: `${database}.${name}`,
      engine: 'big',
      key: 'id',
      ...of,
    })
    const server = await serve([], {
      layers: [
        layer('edges', { geometry: { column: 'geometry', covering: 'bbox' } }),
        layer('moving'),
        layer('odd'),
        layer('twice', { table: `${database}.odd`, key: 'twice' }),
        layer('texts', { table: `${database}.odd`, geometry: { column: 'twice' } }),
        layer('uncovered', { table: `${database}.edges`, geometry: { column: 'geometry', covering: 'deep' } }),
        layer('absent'),
        layer(kind === 'delta' ? 'plain' : 'later'),
      ],
      engines: [
        {
          name: 'big',
          kind: 'spark-connect',
          url: `sc://${spark.address}`,
          resultSets: join(folder, 'results'),
          maxRows: 1e6,
          maxBytes: 1e9,
          keepSeconds: 600,
          concurrency: 2,
        },
      ],
      cacheDirectory: join(folder, `cache-${kind}`),
    })
    servers.set(kind, server)
  }
})

afterAll(async () => {
  for (const server of [direct, ...servers.values()]) await server?.close()
  await spark?.stop()
  await rm(folder, { recursive: true, force: true })
})

interface Described {
  readonly name: string
  readonly state: string
  readonly columns: readonly { readonly name: string; readonly type: string }[]
}

async function layersOf(server: TestServer): Promise<readonly Described[]> {
  const { data, errors } = await ask<{ layers: readonly Described[] }>(
    server,
    `{ layers { name state kind geometryColumn crs { code } extent featureCount pruning key { kind column }
      columns { name type jsonType nullable } } }`,
  )
  expect(errors).toBeUndefined()
  return data!.layers
}

async function problemsOf(server: TestServer): Promise<readonly string[]> {
  const { data } = await ask<{ health: { problems: { source: string; reason: string }[] } }>(
    server,
    '{ health { problems { source reason } } }',
  )
  return data!.health.problems.map(({ source, reason }) => `${source}: ${reason}`)
}

/** Returns a layer when it is proven. */
async function proven(server: TestServer, name: string): Promise<Described> {
  const state = async () => (await layersOf(server)).find((layer) => layer.name === name)?.state
  await expect.poll(state, PATIENCE).toBe('READY')
  return (await layersOf(server)).find((layer) => layer.name === name)!
}

it('a table of Iceberg without a version is a problem, until the first rows are written', async () => {
  const server = servers.get('iceberg')!
  const problem = 'lake.geo.later: nothing has been written to the table yet, so it has no version'
  await expect.poll(() => problemsOf(server), PATIENCE).toContain(problem)
  await spark.writer.command('INSERT INTO lake.geo.later VALUES (7)')
  const query = '{ features(layer: "later", first: 1) { features { key } } }'
  await expect.poll(() => ask(server, query), PATIENCE).toEqual({ data: { features: { features: [{ key: '7' }] } } })
})

it.each(KINDS)('a table of $kind is described as the same rows in files', async ({ kind }) => {
  const [expected, found] = [await proven(direct, 'edges'), await proven(servers.get(kind)!, 'edges')]
  // Iceberg has no small integers.
  const columns = expected.columns.map((column) =>
    kind === 'iceberg' && column.name === 'tiny' ? { ...column, type: 'INTEGER' } : column,
  )
  expect(found).toEqual({ ...expected, columns })
})

it.each(KINDS)(
  'filters, orders, pages and encodings of a table of $kind have the answers of the same rows in files',
  async ({ kind }) => {
    await proven(servers.get(kind)!, 'edges')
    for (const question of QUESTIONS.filter((_, n) => n % 17 === 0)) {
      const [expected, answer] = [await answerOf(direct, question), await answerOf(servers.get(kind)!, question)]
      const widened = expected.map((page) => (kind === 'iceberg' ? page.replace('["tiny","Int8"', '["tiny","Int32"') : page))
      expect(answer, JSON.stringify(question)).toEqual(widened)
    }
  },
)

it.each(KINDS)('groups of a table of $kind are those of the same rows in files', async ({ kind }) => {
  await proven(servers.get(kind)!, 'edges')
  const query = `{ aggregate(layer: "edges", groupBy: [{ column: "flag" }], where: { property: { name: "tiny", gte: 0 } }) {
    rows { keys count text: column(name: "text") { min distinct } big: column(name: "big") { sum } } } }`
  const [expected, answer] = [await ask(direct, query), await ask(servers.get(kind)!, query)]
  expect(answer).toEqual(expected)
  expect(answer.errors).toBeUndefined()
})

it.each(KINDS)(
  'cursors continue in their version of a table of $kind until the server has taken up the next',
  async ({ kind, database }) => {
    const server = servers.get(kind)!
    await proven(server, 'moving')
    const query = `query ($after: Cursor) { features(layer: "moving", first: 2, orderBy: { property: "id", direction: DESC }, after: $after) {
    features { key } totalCount pageInfo { endCursor } } }`
    interface Page {
      readonly features: {
        readonly features: readonly { readonly key: string }[]
        readonly totalCount: string
        readonly pageInfo: { readonly endCursor: string }
      }
    }
    const page = (after: string | null = null) => ask<Page>(server, query, { after })
    const first = await page()
    expect(first.data!.features).toMatchObject({ features: [{ key: '99' }, { key: '98' }], totalCount: '100' })
    await spark.writer.command(`INSERT INTO ${database}.moving SELECT id, 'new' FROM range(100, 110)`)
    const seen = new Set<unknown>()
    const after = async () => {
      const { data, errors } = await page(first.data!.features.pageInfo.endCursor)
      const result =
        errors?.[0]?.extensions['code'] ?? `${data!.features.features.map(({ key }) => key)} of ${data!.features.totalCount}`
      seen.add(result)
      return result
    }
    await expect.poll(after, PATIENCE).toBe('CURSOR_EXPIRED')
    expect(seen.size).toBeLessThanOrEqual(2)
    expect(['97,96 of 100', 'CURSOR_EXPIRED']).toEqual(expect.arrayContaining([...seen]))
    expect((await page()).data!.features).toMatchObject({ features: [{ key: '109' }, { key: '108' }], totalCount: '110' })
  },
)

it.each(KINDS)('what cannot be served of tables of $kind is a problem that names it', async ({ kind, database }) => {
  const server = servers.get(kind)!
  const expected = [
    `${database}.odd: its column twice cannot be its key: 1 row repeat another's value; name another \`key\``,
    `${database}.odd: its column twice is VARCHAR, and a geometry is WKB, in bytes`,
    `${database}.edges: its covering has not the four numbers xmin, ymin, xmax, ymax, of type float or double`,
    `${database}.absent: its engine big cannot read the table, and is asked again: correct \`table\`; the log has the cause`,
    ...(kind === 'delta'
      ? [
          `${database}.odd: its column made is left out: it is variant, which files cannot hold exactly`,
          `${database}.plain: it is a table of parquet, and an engine reads tables of Iceberg and Delta`,
        ]
      : []),
  ]
  await expect.poll(async () => (await problemsOf(server)).toSorted(), PATIENCE).toEqual(expected.sort())
  const { columns } = await proven(server, 'odd')
  expect(columns.map(({ name }) => name)).toEqual(['id', 'twice'])
})
