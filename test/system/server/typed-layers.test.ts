/** Typed layers over HTTP: each column is a field with the value that `properties` has, in pages, single features and streams. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  buildClientSchema,
  type GraphQLOutputType,
  type GraphQLSchema,
  getIntrospectionQuery,
  getNamedType,
  type IntrospectionQuery,
  isObjectType,
  validateSchema,
} from 'graphql'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { KINDS } from '../../engine/plan/kinds.ts'
import { inEngine } from '../../support/engine.ts'
import { type Answer, ask } from '../../support/graphql.ts'
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

/** Reserved, with spaces, digits first, other scripts, equal but for case, nothing but signs, words of GraphQL, long. */
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
    // DuckDB has no two columns that are equal but for case, so their names come from a struct.
    const different = HOSTILE.filter(
      (name, n) => !HOSTILE.slice(0, n).some((other) => other.toLowerCase() === name.toLowerCase()),
    )
    const hostile = different.map((name, n) => `${n} AS "${name.replaceAll('"', '""')}"`)
    await connection.run(`CREATE TABLE hostile AS SELECT ST_Point(1, 2) AS geom, ${hostile.join(', ')}`)
    await connection.run(`CREATE TABLE "roads_feature" AS SELECT ST_Point(1, 2) AS geom, 1 AS lanes`)
    await connection.run(`CREATE TABLE "roads" AS SELECT ST_Point(1, 2) AS geom, 2 AS lanes`)
    await connection.run(`CREATE TABLE "features" AS SELECT ST_Point(1, 2) AS geom, 3 AS lanes`)
  })
  server = await serve([join(folder, 'typed.duckdb')], { maxTokens: 10_000 })
  const { data } = await ask<IntrospectionQuery>(server, getIntrospectionQuery())
  schema = buildClientSchema(data!)
}, 60_000)
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

/** Whether each typed field of a row has the value of `properties`. */
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

describe('the schema', () => {
  it('is valid', () => {
    expect(validateSchema(schema)).toEqual([])
  })
})
