/** Columns that the configuration wants as enums: after the check, their types in GraphQL have exactly the values of the column. */
import { mkdtemp, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildSchema, isEnumType, validateSchema } from 'graphql'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { printedSchema } from '../../../src/commands/schema.ts'
import { resolveConfig } from '../../../src/config/resolve.ts'
import { inEngine } from '../../support/engine.ts'
import { ask } from '../../support/graphql.ts'
import { serve, type TestServer } from '../../support/server.ts'
import { SPATIAL_EXTENSION } from '../../support/spatial-extension.ts'

/** Workers are replaced when a file changes, which takes long where many processes wait for few processors. */
const CHANGE_MS = 110_000
vi.setConfig({ testTimeout: 2 * CHANGE_MS, hookTimeout: CHANGE_MS })

/** Names, texts that are none, and texts that would be equal as names. */
const CLASSES = ['Bird', 'bird of prey', 'bird-of-prey', '1st', 'true', '', 'ä', '鳥', '__x', `"'\\\n`, 'bird_of_prey']
const ROWS = 2_002

let folder: string
let server: TestServer
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'geoduck-enums-'))
  await write('watched', CLASSES, true)
  await write('plain', CLASSES, false)
  server = await serve([], { watch: true, layers: layers() })
  await settled()
})
afterAll(async () => {
  await server?.close()
  await rm(folder, { recursive: true })
})

function layers() {
  const fields = Object.fromEntries(['class', 'few', 'many', 'long', 'n', 'absent'].map((name) => [name, { enum: true }]))
  return [
    { name: 'watched', path: join(folder, 'watched.parquet'), fields },
    { name: 'plain', path: join(folder, 'plain.parquet'), fields: { class: { graphqlName: 'kind', enum: true } } },
    { name: 'without', path: join(folder, 'plain.parquet'), fields: { class: { enum: false } } },
  ]
}

/** Writes a layer, or a table without a geometry. */
async function write(name: string, classes: readonly string[], hasGeometry: boolean): Promise<void> {
  const texts = classes.map((text) => `'${text.replaceAll("'", "''")}'`)
  const file = join(folder, `${name}.new`)
  await inEngine(':memory:', (connection) =>
    connection.run(`COPY (
      SELECT ${hasGeometry ? 'ST_Point(n % 90, 1) AS geometry,' : ''} n::INTEGER AS n,
        CASE WHEN n % 7 > 0 THEN [${texts.join(', ')}][1 + n % ${texts.length}] END AS class,
        'v' || (n % 1000) AS few, 'v' || (n % 1001) AS many, repeat('ä', 99 + n % 3) AS long
      FROM range(${ROWS}) t(n)
    ) TO '${file}' (FORMAT parquet)`),
  )
  await rename(file, join(folder, `${name}.parquet`))
}

async function data<Data>(query: string, variables?: Record<string, unknown>): Promise<Data> {
  const answer = await ask<Data>(server, query, variables)
  expect(answer.errors).toBeUndefined()
  return answer.data!
}

async function settled(): Promise<void> {
  await vi.waitFor(
    async () => {
      const { layers } = await data<{ layers: { state: string }[] }>('{ layers { state } }')
      expect(layers.map(({ state }) => state)).toEqual(['READY', 'READY', 'READY'])
    },
    { timeout: CHANGE_MS, interval: 100 },
  )
}

interface EnumValue {
  readonly name: string
  readonly description: string | null
}

/** Returns the enum value of each text. */
async function labels(type: string): Promise<Record<string, string>> {
  const { __type } = await data<{ __type: { enumValues: EnumValue[] } | null }>(
    `{ __type(name: "${type}") { enumValues { name description } } }`,
  )
  const pairs = (__type?.enumValues ?? []).map(({ name, description }) => [
    description === null ? name : (JSON.parse(/^The value (.*)\.$/s.exec(description)![1]!) as string),
    name,
  ])
  return Object.fromEntries(pairs)
}

test.each([
  ['watched', 'class', 'Watched_Class', 'WatchedFilter_Class'],
  ['plain', 'kind', 'Plain_Kind', 'PlainFilter_Kind'],
])('a column of %s has an enum value for each of its values, and all wires agree', async (layer, field, type, filter) => {
  const of = await labels(type)
  expect(Object.keys(of).sort()).toEqual([...CLASSES].sort())
  expect(new Set(Object.values(of)).size).toBe(CLASSES.length)
  expect([of['Bird'], of['bird_of_prey'], of['1st']]).toEqual(['Bird', 'bird_of_prey', '_1st'])
  type Row = { readonly properties: { readonly class: string | null } } & Readonly<Record<string, string | null>>
  const page = await data<Record<string, { features: Row[] }>>(`{ ${layer}(first: 5000) { features { ${field} properties } } }`)
  const rows = page[layer]!.features
  expect(rows).toHaveLength(ROWS)
  for (const row of rows) expect(row[field]).toBe(row.properties.class === null ? null : of[row.properties.class])
  const numberOf = (isIn: (text: string) => boolean) =>
    String(rows.filter(({ properties }) => properties.class !== null && isIn(properties.class)).length)
  for (const [text, name] of Object.entries(of)) {
    const counts = await data(
      `query ($filter: ${filter}) {
        eq: ${layer}(where: { ${field}: { eq: ${name} } }, first: 1) { totalCount }
        ne: ${layer}(where: { ${field}: $filter }, first: 1) { totalCount }
        in: ${layer}(where: { ${field}: { in: [${name}, ${of['Bird']}] } }, first: 1) { totalCount }
      }`,
      { filter: { ne: name } },
    )
    expect(counts, text).toEqual({
      eq: { totalCount: numberOf((other) => other === text) },
      ne: { totalCount: numberOf((other) => other !== text) },
      in: { totalCount: numberOf((other) => other === text || other === 'Bird') },
    })
  }
})

test('1,000 values are an enum; more, a long value and other types are problems, and the column keeps its type', async () => {
  expect(Object.keys(await labels('Watched_Few'))).toHaveLength(1_000)
  expect(
    await data('{ watched(where: { many: { eq: "v1000" }, long: { startsWith: "ä" } }, first: 1) { features { n many } } }'),
  ).toEqual({ watched: { features: [{ n: 1_000, many: 'v1000' }] } })
  const { health } = await data<{ health: { problems: { reason: string }[] } }>('{ health { problems { reason } } }')
  expect(health.problems.map(({ reason }) => reason).sort()).toEqual(
    [
      'layer watched: its `fields` name `absent`, which is none of its properties',
      'layer watched: its column long has a value of more than 100 characters, so it stays a String: leave out `enum` of it',
      'layer watched: its column many has more than 1,000 values, so it stays a String: leave out `enum` of it',
      'layer watched: its column n is INTEGER and cannot be an enum (a text can): leave out `enum` of it',
    ].sort(),
  )
})

test('a column without the option is a string, in another layer of the same file too', async () => {
  expect(await data('{ without(where: { class: { eq: "Bird" } }, first: 1) { features { class } } }')).toEqual({
    without: { features: [{ class: 'Bird' }] },
  })
})

test('the printed schema waits for the check and has the enums', async () => {
  const { config } = await resolveConfig(
    { paths: [join(folder, 'plain.parquet')], configFile: null, settings: {} },
    { mayBeEmpty: true },
  )
  const printed = await printedSchema({ ...config, sources: [], layers: layers() }, SPATIAL_EXTENSION, () => {})
  const schema = buildSchema(printed)
  expect(validateSchema(schema)).toEqual([])
  const type = schema.getType('Watched_Class')
  expect(isEnumType(type) && type.getValues().map(({ name }) => name)).toEqual(Object.values(await labels('Watched_Class')))
})

test('a changed file with another value changes the enum', async () => {
  const changed = [...CLASSES.slice(1), 'Owl']
  await write('watched', changed, true)
  await expect
    .poll(async () => Object.keys(await labels('Watched_Class')).sort(), { timeout: CHANGE_MS, interval: 100 })
    .toEqual([...changed].sort())
  expect(await data('{ watched(where: { class: { eq: Owl } }, first: 1) { features { class properties } } }')).toMatchObject({
    watched: { features: [{ class: 'Owl', properties: { class: 'Owl' } }] },
  })
  expect((await ask(server, '{ watched(where: { class: { eq: Bird } }) { count } }')).errors).toMatchObject([
    { message: expect.stringContaining('Value "Bird" does not exist in "Watched_Class" enum') },
  ])
})
