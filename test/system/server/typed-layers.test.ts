/** Typed layers over HTTP: each column is a field with the value that `properties` has, in pages, single features and streams. */
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
import { type Answer, ask, post } from '../../support/graphql.ts'
import { serve, type TestServer } from '../../support/server.ts'

/** Types that are not compared as a whole. */
const NESTED: Readonly<Record<string, { readonly type: string; readonly values: readonly string[] }>> = {
  list: { type: 'INTEGER[]', values: ['[1, NULL, 3]', '[]'] },
  times: { type: 'TIMESTAMPTZ[]', values: ["['2026-05-31 12:00:00+00']"] },
  lists: { type: 'BIGINT[][]', values: ['[[1], NULL, [9007199254740993]]'] },
  array: { type: 'DOUBLE[2]', values: ["[0.1, 'nan'::DOUBLE]"] },
  map: { type: 'MAP(VARCHAR, INTEGER)', values: ["MAP {'k': 1, 'l': NULL}"] },
  pairs: { type: 'MAP(INTEGER[], INTEGER)', values: ['MAP {[1]: 1}'] },
  choice: { type: 'UNION(number INTEGER, text VARCHAR)', values: ['union_value(number := 1)', "union_value(text := 'x')"] },
  document: { type: 'JSON', values: [`'{"a": [1, {"b": NaN}], "c": "}"}'`, "'null'", "'[]'"] },
  variant: { type: 'VARIANT', values: ["{'a': 1}::VARIANT", '7::VARIANT'] },
  place: {
    type: 'STRUCT(zip VARCHAR, city STRUCT("name" VARCHAR, size BIGINT), tags VARCHAR[])',
    values: [
      `{'zip': 'a"\\', 'city': {'name': '}],{', 'size': 9007199254740993}, 'tags': ['x', NULL]}`,
      "{'zip': NULL, 'city': NULL, 'tags': NULL}",
      "{'zip': '', 'city': {'name': NULL, 'size': NULL}, 'tags': []}",
    ],
  },
  places: {
    type: 'STRUCT(zip VARCHAR, "at" TIMESTAMP)[]',
    values: ["[{'zip': '1', 'at': '2026-05-31 12:00:00'}, NULL, {'zip': NULL, 'at': NULL}]", '[]'],
  },
  inside: { type: 'GEOMETRY[]', values: ['[ST_Point(3, 4)]'] },
  second: { type: 'GEOMETRY', values: ['ST_Point(3, 4)'] },
}

const ALL = { ...KINDS, ...NESTED }
const ROWS = 12

/** Reserved, with spaces, digits first, other scripts, equal except for case, only signs, words of GraphQL, long. */
const HOSTILE = [
  ...['id', 'ID_', 'key', 'layer', 'geometry', 'bbox', 'properties', 'geojson', '__typename', 'and', 'or', 'not', 'id_'],
  ...['a b', 'a-b', 'aB', 'A_B', 'aBC', 'aBc', '1st', '_1st', 'ä', 'a', 'größe', '道路', '🦆', ' ', '_', '"', "'", '\\', 'a\nb'],
  ...[
    'query',
    'type',
    'fragment',
    'on',
    'true',
    'null',
    'NAME_EN',
    'nameEn',
    'name en',
    '__proto__',
    'constructor',
    'x'.repeat(200),
  ],
  ...['toString', 'pop.est', 'pop (est)', '%', '$1', '{', 'interface', 'valueOf', 'isNull', 'hasOwnProperty'],
]

let folder: string
let server: TestServer
let schema: GraphQLSchema

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'geoduck-typed-'))
  await inEngine(':memory:', async (connection) => {
    await connection.run(`ATTACH '${join(folder, 'typed.duckdb')}' AS typed (STORAGE_VERSION 'v1.5.0')`)
    await connection.run('USE typed')
    const columns = Object.entries(ALL).map(([name, { type }]) => `"${name}" ${type}`)
    await connection.run(`CREATE TABLE kinds (n INTEGER NOT NULL, geom GEOMETRY, ${columns.join(', ')})`)
    for (let n = 0; n < ROWS; n++) {
      const values = Object.values(ALL).map(({ values }) =>
        n % (values.length + 1) === 0 ? 'NULL' : values[(n - 1) % values.length],
      )
      await connection.run(`INSERT INTO kinds VALUES (${n}, ST_Point(${n}, 1), ${values.join(', ')})`)
    }
    // DuckDB has no two columns that are equal except for case, so their names come from a struct.
    const different = HOSTILE.filter(
      (name, n) => !HOSTILE.slice(0, n).some((other) => other.toLowerCase() === name.toLowerCase()),
    )
    const hostile = different.map((name, n) => `${n} AS "${name.replaceAll('"', '""')}"`)
    await connection.run(`CREATE TABLE hostile AS SELECT ST_Point(1, 2) AS geom, ${hostile.join(', ')}`)
    await connection.run("COMMENT ON COLUMN kinds.whole IS 'How many there are.'")
    await connection.run(`CREATE TABLE "roads_feature" AS SELECT ST_Point(1, 2) AS geom, 1 AS lanes`)
    await connection.run(`CREATE TABLE "roads" AS SELECT ST_Point(1, 2) AS geom, 2 AS lanes`)
    await connection.run(`CREATE TABLE "features" AS SELECT ST_Point(1, 2) AS geom, 3 AS lanes`)
  })
  server = await serve([join(folder, 'typed.duckdb')], { maxTokens: 10_000 })
  const { data } = await ask<IntrospectionQuery>(server, getIntrospectionQuery())
  schema = buildClientSchema(data!)
})
afterAll(async () => {
  await server?.close()
  await rm(folder, { recursive: true })
})

/** The selection of all fields of a type, with all of their members. */
function whole(type: GraphQLOutputType): string {
  const named = getNamedType(type)
  if (!isObjectType(named)) return ''
  const members = Object.values(named.getFields()).map((field) => `${field.name} ${whole(field.type)}`)
  return `{ ${members.join(' ')} }`
}

function fieldsOf(type: string): string {
  const object = schema.getType(type)
  if (!isObjectType(object)) throw new Error(`There is no type ${type}`)
  const shared = schema.getType('Feature') as typeof object
  const own = Object.values(object.getFields()).filter(({ name }) => !shared.getFields()[name])
  return own.map((field) => `${field.name} ${whole(field.type)}`).join(' ')
}

interface Named {
  readonly name: string
  readonly graphqlName: string
}

async function columnsOf(layer: string): Promise<readonly Named[]> {
  const { data } = await ask<{ layer: { columns: Named[] } }>(
    server,
    'query ($layer: String!) { layer(name: $layer) { columns { name graphqlName } } }',
    { layer },
  )
  return data!.layer.columns
}

type Row = Readonly<Record<string, unknown>> & { readonly properties: Readonly<Record<string, unknown>> }

function data<Data>({ data, errors }: Answer<Data>): Data {
  expect(errors).toBeUndefined()
  return data!
}

/** Fails unless each typed field of a row has the value of `properties`. */
function expectSame(row: Row, columns: readonly Named[]): void {
  const { properties } = row
  expect(Object.fromEntries(columns.map(({ name, graphqlName }) => [name, row[graphqlName]]))).toEqual(properties)
}

describe('a typed page', () => {
  it('has the values of the generic page, for every type that DuckDB has', async () => {
    const columns = await columnsOf('kinds')
    expect(columns.map(({ name }) => name)).toEqual(['n', ...Object.keys(ALL)])
    const fields = fieldsOf('KindsFeature')
    const answer = data(
      await ask<Record<string, { features: Row[] }>>(
        server,
        `{ typed: kinds { features { __typename id properties ${fields} } }
           generic: features(layer: "kinds") { features { __typename id properties ... on KindsFeature { ${fields} } } } }`,
      ),
    )
    const { typed, generic } = answer
    expect(typed!.features.length).toBe(ROWS)
    expect(typed).toEqual(generic)
    for (const row of typed!.features) expectSame(row, columns)
    const given = Object.keys(ALL).filter((name) => !typed!.features.some((row) => row.properties[name] !== null))
    expect(given).toEqual([])
  })

  it('serves each column of a layer with hostile names', async () => {
    const columns = await columnsOf('hostile')
    expect(columns.length).toBeGreaterThan(45)
    const [row] = data(
      await ask<{ hostile: { features: Row[] } }>(
        server,
        `{ hostile { features { properties ${columns.map(({ graphqlName }) => graphqlName).join(' ')} } } }`,
      ),
    ).hostile.features
    expectSame(row!, columns)
  })
})

/** A typed filter of `kinds`, and the generic filter that means the same. */
const FILTERS: readonly (readonly [typed: string, generic: string])[] = [
  ['{}', '{}'],
  ['{ whole: { gt: 0, lte: 7 } }', '{ property: { name: "whole", gt: 0, lte: 7 } }'],
  [
    '{ whole: { eq: 7 }, tiny: { ne: 1 } }',
    '{ and: [{ property: { name: "whole", eq: 7 } }, { property: { name: "tiny", ne: 1 } }] }',
  ],
  ['{ big: { in: ["9007199254740993", 0] } }', '{ property: { name: "big", in: ["9007199254740993", 0] } }'],
  ['{ big: { between: ["-9007199254740993", 0] } }', '{ property: { name: "big", between: ["-9007199254740993", 0] } }'],
  [
    '{ uhuge: { gte: "340282366920938463463374607431768211455" } }',
    '{ property: { name: "uhuge", gte: "340282366920938463463374607431768211455" } }',
  ],
  ['{ uwhole: { gt: 4294967294.0 } }', '{ property: { name: "uwhole", gt: 4294967294 } }'],
  ['{ double: { lt: 0.1 } }', '{ property: { name: "double", lt: 0.1 } }'],
  ['{ decimal: { gte: 0.5 } }', '{ property: { name: "decimal", gte: 0.5 } }'],
  ['{ wide: { lt: "0.5" } }', '{ property: { name: "wide", lt: "0.5" } }'],
  ['{ text: { like: "_" } }', '{ property: { name: "text", like: "_" } }'],
  ['{ text: { ilike: "Z%" } }', '{ property: { name: "text", ilike: "Z%" } }'],
  ['{ text: { startsWith: "x" } }', '{ property: { name: "text", startsWith: "x" } }'],
  [
    '{ text: { ilike: "z%", collate: [NOACCENT, NOCASE] } }',
    '{ property: { name: "text", ilike: "z%", collate: [NOACCENT, NOCASE] } }',
  ],
  [
    '{ place: { tags: { has: "X", collate: NOCASE } } }',
    '{ property: { name: "place", path: ["tags"], has: "X", collate: NOCASE } }',
  ],
  [
    '{ document: { path: ["c"], eq: "}", collate: NFC } }',
    '{ property: { name: "document", path: ["c"], eq: "}", collate: NFC } }',
  ],
  ['{ bool: { eq: true } }', '{ property: { name: "bool", eq: true } }'],
  ['{ label: { eq: alpha } }', '{ property: { name: "label", eq: "alpha" } }'],
  ['{ label: { in: [zulu, mike] } }', '{ property: { name: "label", in: ["zulu", "mike"] } }'],
  ['{ date: { eq: "1970-01-01" } }', '{ property: { name: "date", eq: "1970-01-01" } }'],
  ['{ tstz: { gt: "2026-05-31T14:00:00+02:00" } }', '{ property: { name: "tstz", gt: "2026-05-31T14:00:00+02:00" } }'],
  ['{ ts: { gt: "2026-05-31T12:00:00" } }', '{ property: { name: "ts", gt: "2026-05-31T12:00:00" } }'],
  [
    '{ uuid: { eq: "7FFFFFFF-0000-4000-8000-000000000001" } }',
    '{ property: { name: "uuid", eq: "7fffffff-0000-4000-8000-000000000001" } }',
  ],
  ['{ list: { has: 3 } }', '{ property: { name: "list", has: 3 } }'],
  ['{ list: { hasAny: [3, 4] } }', '{ property: { name: "list", hasAny: [3, 4] } }'],
  ['{ list: { hasAll: [3, 4] } }', '{ property: { name: "list", hasAll: [3, 4] } }'],
  ['{ times: { has: "2026-05-31T12:00:00Z" } }', '{ property: { name: "times", has: "2026-05-31T12:00:00Z" } }'],
  ['{ places: { isNull: true } }', '{ property: { name: "places", isNull: true } }'],
  [
    '{ place: { zip: { eq: "" }, isNull: false } }',
    '{ and: [{ property: { name: "place", isNull: false } }, { property: { name: "place", path: ["zip"], eq: "" } }] }',
  ],
  [
    '{ place: { city: { size: { eq: "9007199254740993" } } } }',
    '{ property: { name: "place", path: ["city", "size"], eq: "9007199254740993" } }',
  ],
  ['{ place: { tags: { has: "x" } } }', '{ property: { name: "place", path: ["tags"], has: "x" } }'],
  ['{ map: { path: ["k"], eq: 1 } }', '{ property: { name: "map", path: ["k"], eq: 1 } }'],
  ['{ document: { path: ["a", "0"], gte: 1 } }', '{ property: { name: "document", path: ["a", "0"], gte: 1 } }'],
  ['{ choice: { isNull: false } }', '{ property: { name: "choice", isNull: false } }'],
  ['{ geometry: { bbox: [2, 0, 5, 2] } }', '{ bbox: [2, 0, 5, 2] }'],
  [
    '{ geometry: { intersects: { wkt: "POINT (3 1)" } }, whole: { isNull: false } }',
    '{ intersects: { wkt: "POINT (3 1)" }, property: { name: "whole", isNull: false } }',
  ],
  [
    '{ geometry: { dWithin: { geometry: { wkt: "POINT (3 1)" }, distance: 1.5 } } }',
    '{ dWithin: { geometry: { wkt: "POINT (3 1)" }, distance: 1.5 } }',
  ],
  [
    '{ or: [{ whole: { eq: 7 } }, { not: { n: { gt: 2 } } }] }',
    '{ or: [{ property: { name: "whole", eq: 7 } }, { not: { property: { name: "n", gt: 2 } } }] }',
  ],
  ['{ or: [] }', '{ or: [] }'],
  [
    '{ and: [{ n: { gt: 2 } }], n: { lt: 9 }, whole: { isNull: false } }',
    '{ and: [{ property: { name: "n", gt: 2 } }, { property: { name: "n", lt: 9 } }, { property: { name: "whole", isNull: false } }] }',
  ],
]

describe('a typed filter', () => {
  it.each(FILTERS)('%s selects what the generic filter selects', async (typed, generic) => {
    const page = '{ totalCount features { key } }'
    const answer = data(
      await ask<Record<string, unknown>>(
        server,
        `{ typed: kinds(where: ${typed}) ${page} generic: features(layer: "kinds", where: ${generic}) ${page} }`,
      ),
    )
    expect(answer['typed']).toEqual(answer['generic'])
  })

  it.each([
    [
      '{ whole: { eq: null } }',
      '`eq` of property "whole" is null: ask `isNull: true` for features without a value, or leave `eq` out.',
    ],
    ['{ date: { eq: "tomorrow" } }', 'takes a string, a date like 2026-05-31'],
    ['{ whole: { eq: "7" } }', 'Int cannot represent non-integer value'],
    ['{ label: { eq: nobody } }', 'Value "nobody" does not exist in "Kinds_Label" enum'],
    ['{ nothing: { eq: 7 } }', 'Field "nothing" is not defined by type "KindsFilter"'],
  ])('%s is refused', async (where, message) => {
    const { errors } = await ask(server, `{ kinds(where: ${where}) { count } }`)
    expect(errors![0]!.extensions['code']).toBe('BAD_INPUT')
    expect(errors![0]!.message).toContain(message)
  })

  it('of a variable is counted once for two root fields, and is refused when it is too deep', async () => {
    const query = 'query ($where: KindsFilter) { a: kinds(where: $where) { count } b: kinds(where: $where) { count } }'
    const list = Array.from({ length: 6_000 }, (_, n) => n)
    expect(data(await ask<Record<string, { count: number }>>(server, query, { where: { n: { in: list } } }))['b']!.count).toBe(
      ROWS,
    )
    const deep = Array.from({ length: 11 }).reduce<object>((where) => ({ not: where }), {})
    const { errors } = await ask(server, query, { where: deep })
    expect(errors![0]!.message).toContain('`where` is deeper than 10')
  })
})

describe('a typed root field', () => {
  it('sorts by enum values and pages by cursors, which the generic field takes too', async () => {
    const order = 'orderBy: [{ by: WHOLE, direction: DESC, nulls: FIRST }, { by: N }], first: 5'
    const { kinds } = data(
      await ask<Record<string, { edges: object[]; pageInfo: { endCursor: string } }>>(
        server,
        `{ kinds(${order}) { edges { __typename cursor node { __typename n whole } } pageInfo { endCursor } } }`,
      ),
    )
    const generic = data(
      await ask<Record<string, Record<string, object[]>>>(
        server,
        `query ($after: Cursor) {
          all: features(layer: "kinds", orderBy: [{ property: "whole", direction: DESC, nulls: FIRST }, { property: "n" }]) {
            edges { __typename cursor node { __typename ... on KindsFeature { n whole } } }
          }
          more: features(layer: "kinds", after: $after, orderBy: [{ property: "whole", direction: DESC, nulls: FIRST }, { property: "n" }]) {
            features { key }
          }
        }`,
        { after: kinds!.pageInfo.endCursor },
      ),
    )
    const typed = generic['all']!['edges']!.slice(0, 5).map((edge) => ({ ...edge, __typename: 'KindsEdge' }))
    expect(kinds!.edges).toEqual(typed)
    expect(generic['more']!['features']!.length).toBe(ROWS - 5)
  })

  it('has the right `__typename` at every level, through fragments, aliases and directives', async () => {
    const answer = data(
      await ask(
        server,
        `query ($no: Boolean!) {
          kinds(first: 1, where: { n: { eq: 2 } }) {
            __typename features { ...feature ... on Node { id } ... on Feature { key } skipped: n @include(if: $no) }
          }
          kindsFeature(key: "2") { ...feature }
          generic: feature(layer: "kinds", id: "2") { ...feature }
          nothing: kindsFeature(key: "99") { n }
        }
        fragment feature on KindsFeature {
          __typename number: n place { __typename code: zip ... { city { __typename } } city { size } } places { __typename zip @skip(if: $no) }
        }`,
        { no: false },
      ),
    ) as Record<string, Record<string, unknown>>
    const feature = {
      __typename: 'KindsFeature',
      number: 2,
      place: { __typename: 'Kinds_Place', code: null, city: null },
      places: [],
    }
    expect(answer).toEqual({
      kinds: { __typename: 'KindsConnection', features: [{ ...feature, id: expect.stringContaining('kinds:'), key: '2' }] },
      kindsFeature: feature,
      generic: feature,
      nothing: null,
    })
  })

  it('of layers whose names overlap, or that the generic schema has, is another one', async () => {
    const { layers } = data(await ask<{ layers: Named[] }>(server, '{ layers { name graphqlName } }'))
    const names = Object.fromEntries(layers.map(({ name, graphqlName }) => [name, graphqlName]))
    expect(names).toEqual({
      kinds: 'kinds',
      hostile: 'hostile',
      roads: 'roads',
      roads_feature: expect.stringMatching(/^roadsFeature_[0-9a-f]{6}$/),
      features: expect.stringMatching(/^features_[0-9a-f]{6}$/),
    })
    const page = '{ features { lanes } }'
    const lanes = data(
      await ask(server, `{ roads ${page} a: ${names['roads_feature']} ${page} b: ${names['features']} ${page} }`),
    )
    expect(lanes).toEqual({
      roads: { features: [{ lanes: 2 }] },
      a: { features: [{ lanes: 1 }] },
      b: { features: [{ lanes: 3 }] },
    })
  })

  it('streams the features of the generic stream, over a WebSocket and as events', async () => {
    const typed =
      'subscription { kinds(batchSize: 5, where: { n: { gt: 0 } }) { __typename sequence count features { __typename n place { zip } } } }'
    const generic =
      'subscription { featureBatches(layer: "kinds", batchSize: 5, where: { property: { name: "n", gt: 0 } }) { sequence count features { __typename ... on KindsFeature { n place { zip } } } } }'
    const expected = (await streamed(generic)).map((batch) => ({ ...batch, __typename: 'KindsBatch' }))
    expect(expected.length).toBe(3)
    expect(await streamed(typed)).toEqual(expected)
    const events = await post(server, { query: typed }, { accept: 'text/event-stream' })
    const sent = [...(await events.text()).matchAll(/^data: (\{.*\})$/gm)].map(([, json]) => JSON.parse(json!))
    expect(sent.map(({ data }) => data.kinds)).toEqual(expected)
  })
})

/** The batches of a subscription over a WebSocket. */
async function streamed(query: string): Promise<object[]> {
  const client = createClient({ url: server.socketUrl, webSocketImpl: WebSocket, retryAttempts: 0 })
  const batches: object[] = []
  for await (const { data } of client.iterate<Record<string, object>>({ query })) batches.push(Object.values(data!)[0]!)
  await client.dispose()
  return batches
}

describe('the schema', () => {
  it('is valid', () => {
    expect(validateSchema(schema)).toEqual([])
  })

  it('describes a column by its comment, its name and its type', async () => {
    const { whole, text } = (schema.getType('KindsFeature') as GraphQLObjectType).getFields()
    expect(whole!.description).toBe('How many there are.\n\nThe column `whole` (INTEGER).')
    expect(text!.description).toBe('The column `text` (VARCHAR).')
    const answer = await ask<{ layer: { columns: unknown[] } }>(
      server,
      '{ layer(name: "kinds") { columns { name description } } }',
    )
    expect(data(answer).layer.columns).toContainEqual({ name: 'whole', description: 'How many there are.' })
  })
})

describe('the configuration', () => {
  const layer = { name: 'streets', path: '', table: 'roads' }

  it('names root fields and columns, and describes columns', async () => {
    const fields = { lanes: { graphqlName: 'laneCount', description: 'In both directions.' }, absent: { graphqlName: 'x' } }
    const path = join(folder, 'typed.duckdb')
    const configured = await serve([], { layers: [{ ...layer, path, graphqlName: 'roadNetwork', fields }] })
    try {
      const answer = await ask(
        configured,
        `{ roadNetwork(where: { laneCount: { eq: 2 } }, orderBy: { by: LANE_COUNT }) { features { __typename laneCount } }
          layer(name: "streets") { graphqlName columns { name graphqlName description } }
          health { problems { reason } } }`,
      )
      expect(data(answer)).toEqual({
        roadNetwork: { features: [{ __typename: 'RoadNetworkFeature', laneCount: 2 }] },
        layer: {
          graphqlName: 'roadNetwork',
          columns: [{ name: 'lanes', graphqlName: 'laneCount', description: 'In both directions.' }],
        },
        health: {
          problems: [{ reason: 'layer streets: its `fields` name `absent`, which is none of its properties' }],
        },
      })
    } finally {
      await configured.close()
    }
  })

  it('is refused at the start if a root field belongs to the generic schema', async () => {
    await expect(serve([], { layers: [{ ...layer, path: folder, graphqlName: 'health' }] })).rejects.toThrow(
      'layer streets: its graphqlName `health` belongs to the generic schema; choose another',
    )
  })
})
