/** Rules that hold for every member of every filter. The members are those of the schema, so that a new one cannot be forgotten. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  buildClientSchema,
  type GraphQLInputField,
  type GraphQLInputObjectType,
  type GraphQLInputType,
  type GraphQLSchema,
  getIntrospectionQuery,
  getNamedType,
  getNullableType,
  type IntrospectionQuery,
  isInputObjectType,
  isListType,
  isNonNullType,
} from 'graphql'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { KINDS } from '../../engine/plan/kinds.ts'
import { inEngine } from '../../support/engine.ts'
import { type Answer, ask } from '../../support/graphql.ts'
import { serve, type TestServer } from '../../support/server.ts'

const NESTED: Readonly<Record<string, string>> = {
  numbers: 'INTEGER[]',
  words: 'VARCHAR[]',
  times: 'TIMESTAMPTZ[]',
  map: 'MAP(VARCHAR, INTEGER)',
  document: 'JSON',
  choice: 'UNION(number INTEGER, text VARCHAR)',
  place: 'STRUCT(zip VARCHAR, city STRUCT("name" VARCHAR, size BIGINT), tags VARCHAR[])',
}
/** Longitudes on and around the antimeridian. */
const LONGITUDES = [-180, -179.5, -170, -169.9, -10, 0, 10, 169.9, 170, 179.5, 180]

let folder: string
let server: TestServer
let schema: GraphQLSchema

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'geoduck-members-'))
  await inEngine(':memory:', async (connection) => {
    await connection.run(`ATTACH '${join(folder, 'members.duckdb')}' AS members (STORAGE_VERSION 'v1.5.0')`)
    await connection.run('USE members')
    const columns = Object.entries(KINDS).map(([name, { type }]) => [name, type] as const)
    const all = [...columns, ...Object.entries(NESTED)].map(([name, type]) => `"${name}" ${type}`)
    await connection.run(`CREATE TABLE kinds (geom GEOMETRY('OGC:CRS84'), ${all.join(', ')})`)
    await connection.run(`INSERT INTO kinds (geom) SELECT ST_SetCRS(ST_Point(n, n), 'OGC:CRS84') FROM range(3) r(n)`)
    const dots = LONGITUDES.map((x) => `(${x}, ST_SetCRS(ST_Point(${x}, 5), 'OGC:CRS84'))`)
    const spellings = ["'Zu' || chr(776) || 'rich'", "'Z' || chr(252) || 'rich'", "'ZURICH'", "'Bern'"]
    await connection.run(`CREATE TABLE cities AS FROM (VALUES ${spellings.map((name) => `(${name})`).join(', ')}) AS t(name)`)
    await connection.run(`CREATE TABLE dots AS FROM (VALUES ${dots.join(', ')}) AS t(x, geom)`)
  })
  server = await serve([join(folder, 'members.duckdb')], { maxRootFields: 6 })
  const { data } = await ask<IntrospectionQuery>(server, getIntrospectionQuery())
  schema = buildClientSchema(data!)
})
afterAll(async () => {
  await server?.close()
  await rm(folder, { recursive: true })
})

/** Arguments with filters in them. Other root fields have the same types, and the same readers. */
const ARGUMENTS: Readonly<Record<string, readonly [type: string, document: string]>> = {
  where: ['FeatureFilter', 'query ($it: FeatureFilter) { features(layer: "kinds", where: $it) { count } }'],
  'where of a typed layer': ['KindsFilter', 'query ($it: KindsFilter) { kinds(where: $it) { count } }'],
  having: ['GroupCondition', 'query ($it: [GroupCondition!]) { aggregate(layer: "kinds", having: $it) { count } }'],
  'having of a typed layer': [
    'KindsGroupCondition',
    'query ($it: [KindsGroupCondition!]) { kindsAggregate(having: $it) { count } }',
  ],
  to: ['GeometryInput', 'query ($it: GeometryInput!) { nearest(layer: "kinds", to: $it) { count } }'],
}

/** Values of members that must not be left out. */
const REQUIRED: Readonly<Record<string, unknown>> = {
  'PropertyFilter.name': 'whole',
  'GroupCondition.of': 'COUNT',
  'KindsGroupCondition.of': 'COUNT',
  'DistanceFilter.geometry': { wkt: 'POINT (1 1)' },
  'DistanceFilter.distance': 1,
}
/** Inputs that need no more than that. An empty filter matches every feature. */
const COMPLETE = ['FeatureFilter', 'KindsFilter', 'DistanceFilter']

/** One input object somewhere inside an argument. */
interface Place {
  readonly type: GraphQLInputObjectType
  readonly path: string
  /** Returns the argument with this object in its place. */
  readonly argument: (object: object) => object
}

function* placesIn(type: GraphQLInputObjectType, path = '', argument: Place['argument'] = (object) => object): Generator<Place> {
  yield { type, path, argument }
  for (const field of fieldsOf(type)) {
    const inner = getNamedType(field.type)
    // A filter in a filter is read as the one around it.
    if (!isInputObjectType(inner) || inner === type) continue
    const put = (object: object) => argument({ ...required(type), [field.name]: asList(field.type) ? [object] : object })
    yield* placesIn(inner, `${path}${field.name}.`, put)
  }
}

const fieldsOf = (type: GraphQLInputObjectType): GraphQLInputField[] => Object.values(type.getFields())
const asList = (type: GraphQLInputType) => isListType(getNullableType(type))

function required(type: GraphQLInputObjectType): object {
  const fields = fieldsOf(type).filter(({ type }) => isNonNullType(type))
  return Object.fromEntries(
    fields.map(({ name }) => {
      const value = REQUIRED[`${type.name}.${name}`]
      if (value === undefined) throw new Error(`Give a value for the required member ${type.name}.${name}`)
      return [name, value]
    }),
  )
}

describe.each(Object.keys(ARGUMENTS))('in `%s`', (name) => {
  const [typeName, document] = ARGUMENTS[name]!
  const places = () => [...placesIn(schema.getType(typeName) as GraphQLInputObjectType)]

  async function refusalOf(place: Place, object: object): Promise<string> {
    const { errors } = await ask(server, document, { it: place.argument({ ...required(place.type), ...object }) })
    return errors ? `${errors[0]!.extensions['code']}: ${errors[0]!.message}` : 'no error'
  }

  it('every member that is null is refused by its name, and a null in a list too', async () => {
    let asked = 0
    for (const place of places()) {
      const fields = fieldsOf(place.type).filter(({ type }) => !isNonNullType(type))
      const refusals = fields.map(async ({ name, type }) => {
        const where = `${place.path}${name}`
        expect([where, await refusalOf(place, { [name]: null })]).toEqual([
          where,
          expect.stringMatching(new RegExp(`^BAD_INPUT: \`([^\`]*\\.)?${name}\`( of property .*)? is null: .*leave .* out\\.$`)),
        ])
        if (!asList(type)) return
        expect([where, await refusalOf(place, { [name]: [null] })]).toEqual([where, expect.stringMatching(/^BAD_INPUT: .*null/)])
      })
      await Promise.all(refusals)
      asked += fields.length
    }
    expect(asked).toBeGreaterThan(4)
  })

  it('every input without a member is refused, except a filter, which matches every feature', async () => {
    for (const place of places()) {
      const refused = await refusalOf(place, {})
      const isComplete = COMPLETE.includes(place.type.name)
      expect([place.path, refused]).toEqual([
        place.path,
        isComplete ? 'no error' : expect.stringMatching(/^BAD_INPUT: .*(has no comparison|has no member|takes exactly one of)/),
      ])
    }
  })
})

const counted = ({ data, errors }: Answer<Record<string, { count: number }>>) =>
  errors ? errors[0]!.message : Object.values(data!).map(({ count }) => count)

it('a variable without a value leaves its member out, and a whole filter may be null', async () => {
  const query = `query ($bbox: BBox, $where: FeatureFilter, $typed: KindsFilter, $having: [GroupCondition!]) {
    a: features(layer: "kinds", where: { bbox: $bbox }) { count }
    b: features(layer: "kinds", where: $where) { count }
    c: kinds(where: $typed) { count }
    d: aggregate(layer: "kinds", having: $having) { count } }`
  expect(counted(await ask(server, query))).toEqual([3, 3, 3, 1])
  expect(counted(await ask(server, query, { where: null, typed: null, having: null }))).toEqual([3, 3, 3, 1])
  expect(counted(await ask(server, query, { bbox: [0, 0, 1, 1] }))).toEqual([2, 3, 3, 1])
  expect(counted(await ask(server, query, { bbox: null }))).toBe('`bbox` is null: give it a value, or leave it out.')
  expect(counted(await ask(server, '{ kinds(where: { not: { whole: { eq: null } } }) { count } }'))).toMatch(/^`eq` of property/)
})

describe('a box beyond 180 degrees', () => {
  const expected = (west: number, east: number) =>
    LONGITUDES.filter((x) => [-720, -360, 0, 360, 720].some((turn) => x + turn >= west && x + turn <= east))

  it.each([
    [170, 190],
    [-190, -170],
    [350, 370],
    [530, 540],
    [-540, -530],
    [180, 190.1],
    [-190.1, -180],
    [-300, 300],
    [-190, 170],
  ])('%d to %d is the same to every root field and to a download', async (west, east) => {
    const bbox = [west, -100, east, 100]
    // Distances are measured from small boxes only.
    const isSmall = east - west <= 21
    const low = [west, 4, east, 6]
    const query = `query ($bbox: BBox!, $low: BBox!, $isSmall: Boolean!) {
      generic: features(layer: "dots", where: { bbox: $bbox }) { features { properties } }
      geometry: features(layer: "dots", where: { intersects: { bbox: $bbox } }) { features { properties } }
      typed: dots(where: { geometry: { bbox: $bbox } }) { features { properties } }
      near: nearest(layer: "dots", to: { bbox: $low }, maxDistance: 0) @include(if: $isSmall) { features { properties } }
      distance: features(layer: "dots", where: { dWithin: { geometry: { bbox: $low }, distance: 0 } }) @include(if: $isSmall) {
        features { properties }
      }
      counts: aggregate(layer: "dots", where: { bbox: $bbox }) { rows { count } } }`
    const { data, errors } = await ask<
      Record<string, { features?: { properties: { x: number } }[]; rows?: { count: string }[] }>
    >(server, query, { bbox, low, isSmall })
    expect(errors).toBeUndefined()
    const { counts, ...pages } = data!
    const wanted = expected(west, east)
    for (const [name, { features }] of Object.entries(pages)) {
      const found = features!.map(({ properties }) => Number(properties.x)).sort((a, b) => a - b)
      expect([name, found]).toEqual([name, wanted])
    }
    expect(counts!.rows).toEqual([{ count: String(wanted.length) }])
    const download = await fetch(`${server.url}/download/dots.geojsonl?where=${JSON.stringify({ bbox })}`)
    const lines = (await download.text()).split('\n').filter((line) => line.includes('"Feature"'))
    expect(lines.length).toBe(wanted.length)
  })
})

it('`collate` means the same to generic and typed filters, groups and downloads', async () => {
  const found = async (collate: readonly string[]) => {
    const query = `query ($collate: [Collation!], $name: String = "z\u00fcrich", $json: JSON = "z\u00fcrich") {
      generic: features(layer: "cities", where: { property: { name: "name", eq: $json, collate: $collate } }) { count }
      typed: cities(where: { name: { in: [$name], collate: $collate } }) { count }
      keys: aggregate(layer: "cities", groupBy: { column: "name" }, having: { of: KEY, column: "name", eq: $json, collate: $collate }) { count }
      typedKeys: citiesAggregate(groupBy: NAME, having: { of: KEY, column: NAME, eq: $json, collate: $collate }) { count } }`
    const where = JSON.stringify({ property: { name: 'name', eq: 'z\u00fcrich', collate } })
    const download = await fetch(`${server.url}/download/cities.geojsonl?where=${encodeURIComponent(where)}`)
    const lines = (await download.text()).split('\n').filter((line) => line.includes('"Feature"'))
    return [...(counted(await ask(server, query, { collate })) as number[]), lines.length]
  }
  expect(await found(['NOCASE'])).toEqual([2, 2, 2, 2, 2])
  expect(await found(['NOCASE', 'NOACCENT'])).toEqual([3, 3, 3, 3, 3])
  expect(await found(['NFC'])).toEqual([0, 0, 0, 0, 0])
  const { errors } = await ask(server, '{ aggregate(layer: "cities", having: { of: COUNT, eq: 1, collate: NFC }) { count } }')
  expect(errors![0]!.message).toContain('`collate` of property COUNT (BIGINT) is for comparisons of text')
})
