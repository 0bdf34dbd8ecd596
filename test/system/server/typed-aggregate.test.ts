/** Typed groups and nearest features: they equal those of the generic root fields, value by value. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  buildClientSchema,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLSchema,
  getIntrospectionQuery,
  getNamedType,
  type IntrospectionQuery,
  isObjectType,
  validateSchema,
} from 'graphql'
import { createClient } from 'graphql-ws'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import WebSocket from 'ws'
import { KINDS } from '../../engine/plan/kinds.ts'
import { inEngine } from '../../support/engine.ts'
import { ask } from '../../support/graphql.ts'
import { serve, type TestServer } from '../../support/server.ts'

const ROWS = 12
const HOSTILE = [
  'id',
  'key',
  'geometry',
  'count',
  'time',
  'cell',
  'keys',
  'aggregates',
  'column',
  'a b',
  '1st',
  '道路',
  "o'",
  '"',
  'a.b',
]

let folder: string
let server: TestServer
let schema: GraphQLSchema

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'geoduck-typed-aggregate-'))
  await inEngine(':memory:', async (connection) => {
    await connection.run(`ATTACH '${join(folder, 'typed.duckdb')}' AS typed (STORAGE_VERSION 'v1.5.0')`)
    await connection.run('USE typed')
    const more = { document: { type: 'JSON', values: ["'2'", `'{"a": 1}'`] }, list: { type: 'INTEGER[]', values: ['[1, 2]'] } }
    const all = Object.entries({ ...KINDS, ...more })
    const columns = all.map(([name, { type }]) => `"${name}" ${type}`)
    for (const [table, geometry] of Object.entries({ kinds: 'geom GEOMETRY, ', plain: '' })) {
      await connection.run(`CREATE TABLE ${table} (n INTEGER NOT NULL, ${geometry}${columns.join(', ')})`)
      for (let n = 0; n < ROWS; n++) {
        const values = all.map(([, { values }]) => (n % (values.length + 1) === 0 ? 'NULL' : values[(n - 1) % values.length]))
        const point = geometry && `ST_Point(${n}, ${n % 3}), `
        await connection.run(`INSERT INTO ${table} VALUES (${n}, ${point}${values.join(', ')})`)
      }
    }
    const hostile = HOSTILE.map((name, n) => `(x + ${n}) % 3 AS "${name.replaceAll('"', '""')}"`)
    await connection.run(`CREATE TABLE hostile AS SELECT ST_Point(x, 2) AS geom, ${hostile.join(', ')} FROM range(9) t(x)`)
    await connection.run(
      `CREATE TABLE birds AS SELECT ST_Point(x / 10, x % 7) AS geom, ['a', 'b', NULL][x % 3 + 1] AS species, x % 5 AS number,
       ['bird of prey', 'duck'][x % 2 + 1]::ENUM('bird of prey', 'duck') AS sort,
       TIMESTAMPTZ '2026-01-01 00:00:00+00' + INTERVAL (x) HOUR AS seen FROM range(100) t(x)`,
    )
  })
  server = await serve([join(folder, 'typed.duckdb')], { maxTokens: 20_000 })
  const { data, errors } = await ask<IntrospectionQuery>(server, getIntrospectionQuery())
  expect(errors).toBeUndefined()
  schema = buildClientSchema(data!)
})
afterAll(async () => {
  await server?.close()
  await rm(folder, { recursive: true })
})

interface Named {
  readonly name: string
  readonly graphqlName: string
}

async function columnsOf(layer: string): Promise<readonly Named[]> {
  const text = 'query ($layer: String!) { layer(name: $layer) { columns { name graphqlName } } }'
  const { data } = await ask<{ layer: { columns: Named[] } }>(server, text, { layer })
  return data!.layer.columns
}

const ARGUMENTS: Readonly<Record<string, string>> = {
  quantiles: '(at: [0.25, 1])',
  first: '(orderBy: [])',
  last: '(orderBy: [])',
  histogram: '(bins: 3) { __typename from to count }',
  values: '(first: 3) { value count }',
}

function figuresOf(type: GraphQLOutputType): string[] {
  const fields = Object.keys((getNamedType(type) as GraphQLObjectType).getFields())
  return fields.map((name) => `${name}${ARGUMENTS[name] ?? ''}`)
}

function fieldsOf(type: string) {
  const object = schema.getType(type)
  if (!isObjectType(object)) throw new Error(`There is no type ${type}`)
  return object.getFields()
}

// biome-ignore lint/suspicious/noExplicitAny: rows are compared as a whole.
type Data = Record<string, any>

/** The data of an operation without errors. */
async function dataOf(query: string, variables: Record<string, unknown> = {}): Promise<Data> {
  const { data, errors } = await ask<Record<string, unknown>>(server, query, variables)
  expect(errors).toBeUndefined()
  return data!
}

/** The form of each scalar in JSON. */
const FORMS: Readonly<Record<string, (value: unknown) => boolean>> = {
  Int: (value) => Number.isInteger(value),
  Float: (value) => typeof value === 'number',
  BigInt: (value) => typeof value === 'string' && /^-?\d+$/.test(value),
  String: (value) => typeof value === 'string',
  Boolean: (value) => typeof value === 'boolean',
  Date: (value) => typeof value === 'string',
  DateTime: (value) => typeof value === 'string' && value.endsWith('Z'),
  LocalDateTime: (value) => typeof value === 'string' && !value.endsWith('Z'),
}

function misfits(object: Record<string, unknown>, type: GraphQLOutputType): string[] {
  const fields = (getNamedType(type) as GraphQLObjectType).getFields()
  return Object.entries(object).flatMap(([name, value]) => {
    const inner = fields[name]!.type
    return [value].flat(2).flatMap((one) => {
      if (one === null || name === 'histogram') return []
      if (typeof one === 'object' && name === 'values') return misfits(one as Record<string, unknown>, inner)
      const has = FORMS[getNamedType(inner).name]
      return !has || has(one) ? [] : [`${getNamedType(type).name}.${name}: ${JSON.stringify(one)}`]
    })
  })
}

describe('typed figures', () => {
  it.each(['kinds', 'plain', 'hostile'])(
    'equal the generic ones for every column, and have the form of their type: %s',
    async (layer) => {
      const type = layer.charAt(0).toUpperCase() + layer.slice(1)
      const figures = fieldsOf(`${type}Aggregates`)
      for (const { name, graphqlName } of await columnsOf(layer)) {
        const { type: shape } = figures[graphqlName]!
        const selections = figuresOf(shape)
        // A figure that the engine cannot compute, such as a sum of huge numbers, fails for both. Then the others are compared one by one.
        const compare = async (selection: string): Promise<number> => {
          const typed = await ask<Data>(
            server,
            `{ groups: ${layer}Aggregate { rows { count aggregates { ${graphqlName} { ${selection} } } } } }`,
          )
          const generic = await ask<Data>(
            server,
            `query ($name: String!) { groups: aggregate(layer: "${layer}") { rows { count column(name: $name) { ${selection} } } } }`,
            { name },
          )
          const messages = ({ errors }: typeof typed) => errors?.map(({ message }) => message)
          expect(messages(typed), `${name} ${selection}`).toEqual(messages(generic))
          if (!generic.data) return 0
          const [one, other] = [typed, generic].map(({ data }) => data!['groups'].rows[0])
          expect(one, name).toEqual({ count: other.count, aggregates: { [graphqlName]: other.column } })
          expect(misfits(one.aggregates[graphqlName], shape), name).toEqual([])
          return 1
        }
        if (await compare(selections.join(' '))) continue
        let compared = 0
        for (const selection of selections) compared += await compare(selection)
        expect(compared, name).toBeGreaterThan(5)
      }
    },
  )

  it.each(['kinds', 'plain', 'hostile'])(
    'are grouped by any column with an order, whose values are those of the generic keys: %s',
    async (layer) => {
      const type = layer.charAt(0).toUpperCase() + layer.slice(1)
      const keys = fieldsOf(`${type}Keys`)
      const shorthand = fieldsOf(`${type}Group`)
      const columns = await columnsOf(layer)
      const values = schema.getType(`${type}Column`) as unknown as { getValues(): { name: string; description: string }[] }
      expect(values.getValues().length).toBe(Object.keys(keys).length)
      for (const { name: value, description } of values.getValues()) {
        const column = columns.find(({ name }) => description.includes(`The column \`${name}\` (`))!
        const { name, graphqlName } = column
        const field = shorthand[graphqlName]
        const isLeaf = field && !isObjectType(getNamedType(field.type)) && !['count', 'time'].includes(graphqlName)
        const { typed, generic } = await dataOf(
          `query ($name: String!) {
          typed: ${layer}Aggregate(groupBy: [${value}]) { totalCount rows { keys { ${graphqlName} } ${isLeaf ? graphqlName : ''} count } }
          generic: aggregate(layer: "${layer}", groupBy: [{ column: $name }]) { totalCount rows { keys count } } }`,
          { name },
        )
        expect(typed.totalCount).toBe(generic.totalCount)
        const expected = generic.rows.map(({ keys, count }: Data) => [keys[name], count])
        const label = (value: unknown) => (typeof value === 'string' ? value.replaceAll(/[^A-Za-z0-9]/g, '') : value)
        const same = (rows: readonly (readonly unknown[])[]) => rows.map(([key, count]) => [label(key), count])
        expect(same(typed.rows.map((row: Data) => [row['keys'][graphqlName], row['count']])), name).toEqual(same(expected))
        if (isLeaf) for (const row of typed.rows) expect(row[graphqlName]).toEqual(row.keys[graphqlName])
      }
    },
  )
})

const TYPED_ARGUMENTS = `where: { number: { gt: 0 } }, groupBy: [SPECIES, SORT], time: [{ column: SEEN, every: "P1D" }],
  cell: { kind: SQUARE, size: 5 }, having: [{ of: SUM, column: NUMBER, gte: 3 }], orderBy: [{ by: SUM, column: NUMBER, direction: DESC }, { by: TIME, column: SEEN }]`
const GENERIC_ARGUMENTS = `layer: "birds", where: { property: { name: "number", gt: 0 } }, groupBy: [{ column: "species" }, { column: "sort" }],
  time: [{ column: "seen", every: "P1D" }], cell: { kind: SQUARE, size: 5 }, having: [{ of: SUM, column: "number", gte: 3 }],
  orderBy: [{ by: SUM, column: "number", direction: DESC }, { by: TIME, column: "seen" }]`
const SHARED = 'count time cell { __typename id } geometry { __typename extent centroid }'
const TYPED_ROWS = `{ ${SHARED} keys { species } number { sum } sort seen { max } }`
const GENERIC_ROWS = `{ ${SHARED} keys number: column(name: "number") { sum } seen: column(name: "seen") { max } }`

/** The typed row of a generic one. */
function typedRow({ keys, ...row }: Data): object {
  return { ...row, keys: { species: keys.species }, sort: keys.sort.replaceAll(' ', '_') }
}

describe('typed groups', () => {
  it('equal the generic groups with all arguments, page by page, also with cursors of the other root field', async () => {
    let after: string | null = null
    let rows = 0
    for (let more = true; more; ) {
      const { typed, generic }: Data = await dataOf(
        `query ($after: Cursor) {
          typed: birdsAggregate(${TYPED_ARGUMENTS}, first: 7, after: $after) { count totalCount pageInfo { hasNextPage endCursor startCursor } rows ${TYPED_ROWS} }
          generic: aggregate(${GENERIC_ARGUMENTS}, first: 7, after: $after) { count totalCount pageInfo { hasNextPage endCursor startCursor } rows ${GENERIC_ROWS} } }`,
        { after },
      )
      expect(typed).toEqual({ ...generic, rows: generic.rows.map(typedRow) })
      rows += typed.count
      more = typed.pageInfo.hasNextPage
      after = more ? generic.pageInfo.endCursor : null
      if (!more) expect(String(rows)).toBe(typed.totalCount)
    }
    expect(rows).toBeGreaterThan(14)
  })

  it('are streamed as the generic ones over a WebSocket, and resume after a cursor', async () => {
    const typed = (more: string) =>
      `subscription { birdsAggregate(${TYPED_ARGUMENTS}, ${more}) { sequence count cursor rows ${TYPED_ROWS} } }`
    const generic = `subscription { aggregateBatches(${GENERIC_ARGUMENTS}, batchSize: 6) { sequence count cursor rows ${GENERIC_ROWS} } }`
    const batches = await streamed(typed('batchSize: 6'))
    expect(batches.length).toBeGreaterThan(2)
    const expected = (await streamed(generic)).map((batch) => ({ ...batch, rows: batch['rows'].map(typedRow) }))
    expect(batches).toEqual(expected)
    const resumed = await streamed(typed(`batchSize: 6, after: "${batches[0]!['cursor']}"`))
    expect(resumed.flatMap(({ rows }) => rows)).toEqual(batches.slice(1).flatMap(({ rows }) => rows))
  })

  it('have the right `__typename` at every level, through fragments, aliases and directives', async () => {
    const { page } =
      await dataOf(`query ($no: Boolean = false) { page: birdsAggregate(groupBy: [SORT], orderBy: [{ by: KEY, column: SORT }]) {
        __typename rows { ...Row n: number @skip(if: $no) { t: __typename } number @include(if: $no) { sum } } } }
      fragment Row on BirdsGroup { __typename of: keys { __typename ...Keys species } aggregates { __typename number { __typename ... on BigIntFigures { total: sum
        values(first: 1) { __typename value } } } } }
      fragment Keys on BirdsKeys { kind: sort }`)
    expect(page.__typename).toBe('BirdsGroupConnection')
    expect(page.rows[0]).toEqual({
      __typename: 'BirdsGroup',
      of: { __typename: 'BirdsKeys', kind: 'bird_of_prey', species: null },
      aggregates: {
        __typename: 'BirdsAggregates',
        number: { __typename: 'BigIntFigures', total: '100', values: [{ __typename: 'BigIntValueCount', value: '0' }] },
      },
      n: { t: 'BigIntFigures' },
    })
  })
})

describe('typed nearest features', () => {
  it('equal those of `nearest`, and of an order by distance', async () => {
    const selection = 'totalCount pageInfo { endCursor } edges { cursor distance node { key } }'
    const to = '{ wkt: "POINT (5 3)" }'
    const { typed, generic, ordered } = await dataOf(`{
      typed: birdsNearest(to: ${to}, first: 5, maxDistance: 400000, where: { number: { gt: 1 } }) { ${selection} }
      generic: nearest(layer: "birds", to: ${to}, first: 5, maxDistance: 400000, where: { property: { name: "number", gt: 1 } }) { ${selection} }
      ordered: birds(orderBy: [{ distance: { to: ${to} } }, { by: NUMBER }], first: 5, where: { number: { gt: 1 } }) { edges { distance } } }`)
    expect(typed).toEqual(generic)
    expect(typed.edges).toHaveLength(5)
    expect(ordered.edges).toEqual(typed.edges.map(({ distance }: Data) => ({ distance })))
  })

  it('refuse a sort key with both a column and a distance, or with neither', async () => {
    for (const key of ['{}', '{ by: NUMBER, distance: { to: { wkt: "POINT (5 3)" } } }']) {
      const { errors } = await ask(server, `{ birds(orderBy: [${key}]) { count } }`)
      expect(errors?.[0]?.extensions?.['code']).toBe('BAD_INPUT')
    }
  })
})

describe('the schema', () => {
  it('is valid', () => {
    expect(validateSchema(schema)).toEqual([])
  })

  it('has no cell, geometry or nearest features for a table', () => {
    const query = schema.getQueryType()!.getFields()
    expect(query).toHaveProperty('birdsNearest')
    expect(query).not.toHaveProperty('plainNearest')
    expect(query['plainAggregate']!.args.map(({ name }) => name)).not.toContain('cell')
    expect(fieldsOf('PlainGroup')).not.toHaveProperty('cell')
    expect(fieldsOf('PlainGroup')).not.toHaveProperty('geometry')
    expect(fieldsOf('BirdsGroup')).toHaveProperty('cell')
  })
})

/** The batches of a subscription over a WebSocket. */
async function streamed(query: string): Promise<Data[]> {
  const client = createClient({ url: server.socketUrl, webSocketImpl: WebSocket, retryAttempts: 0 })
  const batches: Data[] = []
  for await (const { data, errors } of client.iterate<Record<string, object>>({ query })) {
    expect(errors).toBeUndefined()
    batches.push(Object.values(data!)[0]!)
  }
  await client.dispose()
  return batches
}
