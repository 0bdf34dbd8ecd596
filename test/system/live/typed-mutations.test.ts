/** Mutations that are named after a live layer, with its columns as typed fields. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Answer, ask } from '../../support/graphql.ts'
import { PLACES, serve, type TestServer } from '../../support/server.ts'
import { createLayer } from '../../support/upload.ts'

const COLUMNS = {
  bool: 'BOOLEAN',
  tiny: 'TINYINT',
  int: 'INTEGER',
  uint: 'UINTEGER',
  big: 'BIGINT',
  double: 'DOUBLE',
  small: 'DECIMAL(9,2)',
  wide: 'DECIMAL(38,10)',
  text: 'VARCHAR',
  uuid: 'UUID',
  date: 'DATE',
  time: 'TIME',
  local: 'TIMESTAMP',
  moment: 'TIMESTAMP WITH TIME ZONE',
  json: 'JSON',
  // Reserved or changed in GraphQL.
  key: 'INTEGER',
  'max speed': 'DOUBLE',
}

let folder: string
let server: TestServer
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'geoduck-test-'))
  const live = { live: join(folder, 'live'), writes: true }
  server = await serve([PLACES], live)
  await createLayer(server, 'city_vehicles', COLUMNS)
  await createLayer(server, 'features', { n: 'INTEGER' })
})
afterAll(async () => {
  await server.close()
  await rm(folder, { recursive: true })
})

async function mutations(of: TestServer = server): Promise<readonly string[]> {
  const { data } = await ask<{ __schema: { mutationType: { fields: { name: string }[] } } }>(
    of,
    '{ __schema { mutationType { fields { name } } } }',
  )
  return data!.__schema.mutationType.fields.map(({ name }) => name)
}

const FIELDS =
  'key bool tiny int uint big double small wide text uuid date time local moment json key_ maxSpeed geometry(as: WKT)'
const WRITTEN = { version: expect.any(String), errors: [] }

const UPSERT = `mutation ($features: [CityVehiclesFeatureInput!]!, $key: String) {
  upsertCityVehicles(features: $features, idempotencyKey: $key) { version written errors { index code message } }
}`

interface Result {
  readonly upsertCityVehicles: { readonly written: number; readonly errors: readonly object[] }
}

const upsert = (features: readonly object[], key?: string): Promise<Answer<Result>> => ask(server, UPSERT, { features, key })

const FULL = {
  bool: true,
  tiny: -128,
  int: 2_147_483_647,
  uint: 4_294_967_295,
  big: '9223372036854775807',
  double: 0.1,
  small: 1234.56,
  wide: '1234567890123456789012345678.0123456789',
  text: 'Zürich',
  uuid: '00112233-4455-6677-8899-aabbccddeeff',
  date: '2026-05-31',
  time: '12:30:00',
  local: '2026-05-31T12:00:00',
  moment: '2026-05-31T12:00:00Z',
  json: { a: [1, null] },
  key_: 7,
  maxSpeed: 31.5,
}

test('a layer that clients may write has three mutations, and no other layer has', async () => {
  const typed = async () => (await mutations()).filter((name) => !/Features$|^createLayer$|^moveViewport$/.test(name))
  // The names of new layers are read soon after.
  await expect.poll(typed).toEqual([
    'upsertCityVehicles',
    'updateCityVehicles',
    'deleteCityVehicles',
    // `features` is a name of the generic schema.
    ...['upsert', 'update', 'delete'].map((verb) => expect.stringMatching(`^${verb}Features_[0-9a-f]{6}$`)),
  ])
})

test('typed values of every type come back exactly', async () => {
  const features = [{ key: 'full', geometry: { wkt: 'POINT (8.5 47.25)' }, ...FULL }, { key: 'empty' }]
  expect((await upsert(features)).data).toEqual({ upsertCityVehicles: { ...WRITTEN, written: 2 } })
  const read = `{ full: cityVehiclesFeature(key: "full") { ${FIELDS} } empty: cityVehiclesFeature(key: "empty") { ${FIELDS} } }`
  expect((await ask(server, read)).data).toEqual({
    full: { key: 'full', geometry: 'POINT (8.5 47.25)', ...FULL },
    empty: { key: 'empty', geometry: null, ...Object.fromEntries(Object.keys(FULL).map((name) => [name, null])) },
  })
})

test('values may be literals in the document', async () => {
  const document = `mutation { upsertCityVehicles(features: [{ key: "literal", big: "9007199254740993", int: 3, json: { a: [true] }, date: "2026-01-02" }]) { written errors { message } } }`
  expect((await ask(server, document)).data).toEqual({ upsertCityVehicles: { written: 1, errors: [] } })
  expect((await ask(server, '{ cityVehiclesFeature(key: "literal") { big int json date } }')).data).toEqual({
    cityVehiclesFeature: { big: '9007199254740993', int: 3, json: { a: [true] }, date: '2026-01-02' },
  })
})

const WRONG: readonly (readonly [what: string, feature: object, message: RegExp])[] = [
  ['a text in an integer', { int: '3' }, /Int cannot represent non-integer value/],
  ['a fraction in an integer', { int: 1.5 }, /Int cannot represent non-integer value/],
  ['an unknown column', { colour: 'red' }, /CityVehiclesFeatureInput has no member "colour"/],
  ['a column by its name in the layer', { 'max speed': 3 }, /has no member "max speed"/],
  ['no key', { key: undefined }, /Field "key" of required type "ID!" was not provided/],
]

test.each(WRONG)('%s is BAD_INPUT before anything is written', async (_, feature, message) => {
  const { errors } = await upsert([{ key: 'wrong', ...feature }])
  expect(errors).toMatchObject([{ message: expect.stringMatching(message), extensions: { code: 'BAD_INPUT' } }])
})

test('a value that its column cannot hold is reported with the index of its feature', async () => {
  const features = [{ key: 'a' }, { key: 'b', tiny: 128 }, { key: 'c', uuid: 'x' }]
  expect((await upsert(features)).data!.upsertCityVehicles).toMatchObject({
    written: 0,
    errors: [
      { index: 1, code: 'BAD_INPUT', message: expect.stringContaining('"tiny" is TINYINT') },
      { index: 2, code: 'BAD_INPUT', message: expect.stringContaining('"uuid" is UUID') },
    ],
  })
})

test('features that match a typed filter are changed and removed, and a retry writes once', async () => {
  await upsert([1, 2, 3, 4].map((n) => ({ key: `n${n}`, int: n, text: 'group', maxSpeed: 10 })))
  const update = `mutation ($set: CityVehiclesFeatureSetInput!) {
    updateCityVehicles(where: { text: { eq: "group" }, int: { gt: 2 } }, set: $set, idempotencyKey: "once") { written errors { message } }
  }`
  const set = { maxSpeed: null, big: '12', geometry: { wkt: 'POINT (1 2)' } }
  for (let attempt = 0; attempt < 2; attempt++)
    expect((await ask(server, update, { set })).data).toEqual({ updateCityVehicles: { written: 2, errors: [] } })
  const read =
    '{ cityVehicles(where: { text: { eq: "group" } }, orderBy: [{ by: INT }]) { features { key big maxSpeed geometry(as: WKT) } } }'
  const rows = async () => (await ask<{ cityVehicles: { features: object[] } }>(server, read)).data!.cityVehicles.features
  const [unchanged, changed] = [
    { big: null, maxSpeed: 10, geometry: null },
    { big: '12', maxSpeed: null, geometry: 'POINT (1 2)' },
  ]
  expect(await rows()).toEqual([
    { key: 'n1', ...unchanged },
    { key: 'n2', ...unchanged },
    { key: 'n3', ...changed },
    { key: 'n4', ...changed },
  ])
  const remove = async (args: string) => (await ask(server, `mutation { deleteCityVehicles(${args}) { written } }`)).data
  expect(await remove('keys: ["n1", "n9"]')).toEqual({ deleteCityVehicles: { written: 1 } })
  expect(await remove('where: { int: { in: [2, 3] }, text: { eq: "group" } }')).toEqual({ deleteCityVehicles: { written: 2 } })
  expect(await rows()).toEqual([{ key: 'n4', ...changed }])
  expect((await ask(server, 'mutation { deleteCityVehicles { written } }')).errors?.[0]?.message).toContain('exactly one of')
  expect((await ask(server, 'mutation { updateCityVehicles(where: {}, set: {}) { written } }')).errors?.[0]?.message).toContain(
    '`set` has no member',
  )
})

test('without --writes there are only the generic mutations, which are refused', async () => {
  await server.close()
  server = await serve([PLACES], { live: join(folder, 'live') })
  expect((await mutations()).toSorted()).toEqual([
    'createLayer',
    'deleteFeatures',
    'moveViewport',
    'updateFeatures',
    'upsertFeatures',
  ])
  const { errors } = await upsert([{ key: 'a' }])
  expect(errors?.[0]).toMatchObject({ extensions: { code: 'BAD_INPUT' } })
})
