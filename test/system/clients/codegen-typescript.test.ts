/** The example of typed documents: graphql-codegen's client preset and `tsc --strict`, over its own layers and over hostile columns. */
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { buildSchema, type GraphQLObjectType, getNamedType, isLeafType } from 'graphql'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ROOT } from '../../support/environment.ts'
import { runProgram } from '../../support/program.ts'
import { python } from '../../support/python.ts'
import { serve } from '../../support/server.ts'
import { SPATIAL_EXTENSION } from '../../support/spatial-extension.ts'

const OBSERVATIONS = join(ROOT, '.geoduck/demo/observations.parquet')
const EXAMPLE = join(ROOT, 'examples/codegen-typescript')
/** A busy machine takes long for codegen and TypeScript. */
const LONG = { timeout: 240_000 }

let folder: string
beforeAll(async () => {
  // Within the checkout, where codegen and TypeScript find their packages.
  await mkdir(join(ROOT, '.geoduck/test'), { recursive: true })
  folder = await mkdtemp(join(ROOT, '.geoduck/test/codegen-typescript-'))
})
afterAll(() => rm(folder, { recursive: true }))

async function run(cwd: string, program: string, ...args: readonly string[]): Promise<string> {
  const environment = { GEODUCK_SPATIAL_EXTENSION: SPATIAL_EXTENSION }
  const { code, stdout, stderr } = await runProgram(process.execPath, [join(ROOT, program), ...args], { cwd, environment })
  expect(code, stdout + stderr).toBe(0)
  return stdout
}

/** A copy of the example with the schema of the file, and with these programs in place of the example's. */
async function project(name: string, file: string, programs: Readonly<Record<string, string>> = {}): Promise<string> {
  const copy = join(folder, name)
  await cp(EXAMPLE, copy, { recursive: true })
  await writeFile(join(copy, 'package.json'), '{ "type": "module" }')
  await writeFile(join(copy, 'schema.graphql'), await run(copy, 'src/main.ts', 'schema', file))
  for (const [path, text] of Object.entries(programs)) await writeFile(join(copy, 'src', path), text)
  return copy
}

async function compile(copy: string): Promise<void> {
  await run(copy, 'node_modules/@graphql-codegen/cli/esm/bin.js')
  await run(copy, 'node_modules/typescript/bin/tsc')
}

/** Returns the generated types of inputs and results. None of them is unknown. */
async function generated(copy: string): Promise<string> {
  const text = await readFile(join(copy, 'src/gql/graphql.ts'), 'utf8')
  const types = text.slice(text.indexOf('export type Incremental'), text.indexOf('export class TypedDocumentString'))
  expect(types.length).toBeGreaterThan(1_000)
  expect(types).not.toMatch(/: (unknown|any)\b/)
  return types
}

test('the example compiles without `unknown`, `any` and casts, and shows what the file holds', LONG, async () => {
  const copy = await project('example', OBSERVATIONS)
  for (const name of await readdir(join(copy, 'src'))) {
    const text = await readFile(join(copy, 'src', name), 'utf8')
    expect(text.replaceAll(/\/\*.*?\*\/|'.*?'/gs, ''), name).not.toMatch(/\b(unknown|any|as|ts-ignore|ts-expect-error)\b/)
  }
  await compile(copy)
  expect(await generated(copy)).toContain('species: string | null, individuals: number | null')
  const server = await serve([OBSERVATIONS])
  const output = await run(copy, join(copy, 'src/main.ts').slice(ROOT.length), `${server.url}/graphql`)
  await server.close()
  const [count, individuals] = await python<[number, number]>(
    `import geopandas, json, sys
f = geopandas.read_parquet(sys.argv[1])
f = f[f.species.str.startswith('B', na=False) & (f.individuals >= 3) & (f.geometry.x >= 5) & (f.geometry.x <= 15) & (f.geometry.y >= 47) & (f.geometry.y <= 55)]
print(json.dumps([len(f), int(f.individuals.sum())]))`,
    [OBSERVATIONS],
  )
  expect(count).toBeGreaterThan(6)
  expect(output).toMatch(
    new RegExp(`^${count} observations, the latest:\n(?:20\\S+ \\d+ B[A-Z ]+ at [\\d., -]+\n){3}The next page has 3`),
  )
  expect(output).toContain(`\n${individuals} individuals in all of them.`)
  const average = (individuals / count).toFixed(1)
  expect(output).toContain(`\nBARN SWALLOW: ${count} observations, ${average} individuals each, at most `)
})

test('each block of the documentation is a part of the example', async () => {
  const files = await Promise.all(['codegen.ts', 'src/main.ts'].map((name) => readFile(join(EXAMPLE, name), 'utf8')))
  const page = await readFile(join(ROOT, 'docs/clients/codegen.md'), 'utf8')
  const blocks = [...page.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, block]) => block!)
  expect(blocks).toHaveLength(7)
  for (const block of blocks)
    expect(
      files.some((text) => text.includes(block)),
      block,
    ).toBe(true)
})

test('a wrong column, value or argument in the example does not compile', LONG, async () => {
  const main = await readFile(join(EXAMPLE, 'src/main.ts'), 'utf8')
  const wrong = main
    .replace(
      'const where:',
      '// @ts-expect-error the comparison is of another type\nvoid ({ individuals: { gte: "3" } } satisfies ObservationsFilter)\nconst where:',
    )
    .replace(
      'const { observations: next',
      '// @ts-expect-error it was not selected\nvoid page.features[0]?.country\n// @ts-expect-error there is no such variable\nvoid server.query(PAGE, { filter: where })\nconst { observations: next',
    )
  expect(wrong.match(/@ts-expect-error/g)).toHaveLength(3)
  await compile(await project('wrong', OBSERVATIONS, { 'main.ts': wrong }))
})

/** Names that are reserved, impossible, equal except for case, or that a generator may mistake. */
const HOSTILE = [
  ...['id', 'key', 'layer', 'geojson', 'properties', 'and', 'or', 'not', '__typename', '__proto__', 'constructor', 'toString'],
  ...[
    'a b',
    'a-b',
    'aB',
    'a_b',
    '1st',
    'ä',
    'Ä',
    'NAME',
    'Name',
    'name',
    '道路',
    ' ',
    '"',
    '`$1`',
    '*/',
    "it's",
    'class',
    'default',
    'null',
  ],
  ...['where', 'orderBy', 'Query', 'Feature', 'HostileFeature', 'String', 'Maybe', 'Exact', 'isNull', 'type', 'x'.repeat(200)],
]

test('a layer with hostile columns compiles, with every column in a page, a stream, a filter and an order', LONG, async () => {
  const file = join(folder, 'hostile.parquet')
  await python(
    `import json, sys, geopandas, shapely, pyarrow as pa, pyarrow.parquet as pq
table = geopandas.GeoDataFrame({'geometry': [shapely.Point(1, 2)]}, crs='EPSG:4326').to_arrow(geometry_encoding='WKB')
table = pa.table(table)
geo = geopandas.io.arrow._geopandas_to_arrow(geopandas.GeoDataFrame({'geometry': [shapely.Point(1, 2)]}, crs='EPSG:4326')).schema.metadata
arrays, names = [], []
for n, name in enumerate(json.loads(sys.argv[2])):
    arrays.append([pa.array(['text']), pa.array([1]), pa.array([1.5]), pa.array([True]), pa.array([{name or 'x': 1}])][n % 5])
    names.append(name)
arrays.append(table['geometry'].combine_chunks())
names.append('geometry')
pq.write_table(pa.Table.from_arrays(arrays, names=names).replace_schema_metadata({b'geo': geo[b'geo']}), sys.argv[1])
print('null')`,
    [file, JSON.stringify(HOSTILE)],
  )
  const copy = await project('hostile', file)
  const schema = buildSchema(await readFile(join(copy, 'schema.graphql'), 'utf8'))
  const feature = schema.getType('HostileFeature') as GraphQLObjectType
  const selected = Object.values(feature.getFields())
    .filter(({ args }) => args.length === 0)
    .map(({ name, type }) => (isLeafType(getNamedType(type)) ? name : `${name} { __typename }`))
  expect(selected.length).toBeGreaterThanOrEqual(HOSTILE.length)
  const order = schema.getType('HostileColumn')
  const values = order && 'getValues' in order ? order.getValues().map(({ name }) => name) : []
  const main = `import { graphql } from './gql/gql.ts'
import type { HostileFilter, PageQuery, StreamSubscription } from './gql/graphql.ts'
export const page = graphql(\`query Page($where: HostileFilter) { hostile(where: $where, orderBy: [${values.map((by) => `{ by: ${by} }`).join(' ')}]) { features { ${selected.join(' ')} } } }\`)
export const stream = graphql(\`subscription Stream($where: HostileFilter) { hostile(where: $where) { features { ${selected.join(' ')} } } }\`)
export const where: HostileFilter = { id_: { startsWith: 't' }, key_: { eq: '1' }, layer_: { gt: 1 }, and: [{ geojson_: { eq: true } }] }
type Feature = PageQuery['hostile']['features'][number]
export const both = ({ id_: text, layer_: number, geojson_: flag }: Feature): [string, number, boolean] => [text ?? '', number ?? 0, flag ?? false]
export const same: (feature: StreamSubscription['hostile']['features'][number]) => Feature = (feature) => feature
`
  await writeFile(join(copy, 'src/main.ts'), main)
  await compile(copy)
  await generated(copy)
})
