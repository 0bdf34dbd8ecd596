/** The layout that docs/architecture.md describes: which room may import which, and where a library or a word may be named. */
import { globSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { expect, test } from 'vitest'
import { ROOT } from '../support/environment.ts'

const SOURCES = globSync('src/**/*.ts', { cwd: ROOT }).filter((path) => !path.startsWith('src/web/'))

/** The rooms that each room may import. `types` are erased before the program runs. */
const ROOMS: Readonly<Record<string, { readonly values: readonly string[]; readonly types?: readonly string[] }>> = {
  model: { values: [], types: ['encode', 'geometry'] },
  geometry: { values: ['model'] },
  encode: { values: ['geometry', 'model'] },
  ask: { values: ['geometry', 'model'], types: ['delivery', 'encode', 'engines', 'graphql'] },
  engines: { values: ['model'] },
  'engines/duckdb': { values: ['encode', 'engines', 'geometry', 'model'] },
  // Spark gathers rows, and DuckDB asks the whole query again of them.
  'engines/spark': { values: ['engines', 'engines/duckdb', 'geometry', 'model'] },
  // An engine that gathers rows describes and proves its layers.
  catalog: { values: ['engines/duckdb', 'engines/spark', 'geometry', 'model'], types: ['engines'] },
  config: { values: ['engines/duckdb', 'model'] },
  delivery: { values: ['ask', 'encode', 'engines', 'model'], types: ['config', 'graphql'] },
  graphql: { values: ['ask', 'delivery', 'encode', 'engines', 'model'] },
  commands: { values: ['ask', 'catalog', 'config', 'delivery', 'engines', 'engines/duckdb', 'graphql', 'model'] },
  server: {
    values: [
      ...['ask', 'catalog', 'config', 'delivery', 'encode', 'engines', 'engines/duckdb', 'engines/spark', 'geometry'],
      ...['graphql', 'model'],
    ],
  },
  main: { values: ['config', 'program'] },
  program: { values: ['catalog', 'commands', 'config', 'engines/duckdb', 'model', 'server'] },
  client: { values: [], types: ['model'] },
}

/** Packages that only some files may name. */
const INSIDE = /^src\/engines\/duckdb\/(processes\/|open\.ts)/
const PLACES: Readonly<Record<string, { readonly folder: RegExp; readonly files?: number }>> = {
  '@duckdb/node-api': { folder: INSIDE },
  koffi: { folder: INSIDE },
  '@grpc/grpc-js': { folder: /^src\/engines\/spark\/processes\// },
  '@grpc/proto-loader': { folder: /^src\/engines\/spark\/processes\// },
  tinypool: { folder: /^src\/engines\/duckdb\/(host|pool)\// },
  'apache-arrow': { folder: /^src\/(client|encode)\//, files: 3 },
  wkx: { folder: /^src\/geometry\//, files: 1 },
  'graphql-yoga': { folder: /^src\/server\// },
  'graphql-ws': { folder: /^src\/(client|server)\// },
  ws: { folder: /^src\/server\// },
}

interface Import {
  readonly file: string
  readonly specifier: string
  readonly typeOnly: boolean
}

const IMPORT = /^\s*(?:import|export)\s+(type\s)?[^'"]*?from\s+'([^']+)'|^\s*import\s+'([^']+)'|\bimport\(\s*'([^']+)'/gm

const IMPORTS: readonly Import[] = SOURCES.flatMap((file) =>
  [...readFileSync(join(ROOT, file), 'utf8').matchAll(IMPORT)].map(([, type, from, bare, dynamic]) => ({
    file,
    specifier: (from ?? bare ?? dynamic)!,
    typeOnly: type !== undefined,
  })),
)

/** `main`, the room's folder, or the folder of one engine. */
function roomOf(path: string): string {
  const [, room = '', engine = ''] = path.split('/')
  return room === 'engines' && !engine.endsWith('.ts') ? `engines/${engine}` : room.replace(/\.ts$/, '')
}

/** Between rooms. */
const CROSSING = IMPORTS.filter(({ specifier }) => specifier.startsWith('.'))
  .map((one) => ({ ...one, from: roomOf(one.file), to: roomOf(join(dirname(one.file), one.specifier)) }))
  .filter(({ from, to }) => from !== to)

function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}

function naming(pattern: RegExp, folder: RegExp): string[] {
  return SOURCES.filter((file) => folder.test(file) && pattern.test(readFileSync(join(ROOT, file), 'utf8')))
}

test('a room imports only what the architecture lets it', () => {
  const wrong = CROSSING.filter(({ from, to, typeOnly }) => {
    const { values, types = [] } = ROOMS[from] ?? { values: [] }
    return !values.includes(to) && !(typeOnly && types.includes(to))
  })
  expect(wrong.map(({ file, specifier }) => `${file} imports ${specifier}`)).toEqual([])
})

test('no rooms import each other in a circle', () => {
  const reach = (room: string, seen = new Set<string>()): Set<string> => {
    for (const { from, to, typeOnly } of CROSSING) {
      if (from !== room || typeOnly || seen.has(to)) continue
      seen.add(to)
      reach(to, seen)
    }
    return seen
  }
  expect(Object.keys(ROOMS).filter((room) => reach(room).has(room))).toEqual([])
})

test.each(['docs/architecture.md', 'CONTRIBUTING.md'])('every file that %s names is there', (page) => {
  const named = [...readFileSync(join(ROOT, page), 'utf8').matchAll(/`((?:[\w.-]+\/)*[\w.-]+\.(?:ts|graphql))`/g)].map(
    ([, file]) => file!,
  )
  expect(named.length).toBeGreaterThan(5)
  const there = globSync('{src,test}/**/*.ts', { cwd: ROOT }).concat('schema.graphql')
  expect(named.filter((file) => !there.some((path) => path === file || path.endsWith(`/${file}`)))).toEqual([])
})

test('every folder of src is a room with a rule', () => {
  expect(new Set(SOURCES.map(roomOf))).toEqual(new Set(Object.keys(ROOMS)))
})

test.each(Object.entries(PLACES))('%s is named only where it belongs', (name, { folder, files = Number.POSITIVE_INFINITY }) => {
  const named = new Set(IMPORTS.filter(({ specifier }) => packageOf(specifier) === name).map(({ file }) => file))
  expect([...named].filter((file) => !folder.test(file))).toEqual([])
  expect(named.size, [...named].join(', ')).toBeLessThanOrEqual(files)
})

test('DuckDB is opened in one file, and the SQL of each engine is quoted in one', () => {
  expect(naming(/DuckDBInstance\.create/, /./)).toEqual(['src/engines/duckdb/open.ts'])
  expect(naming(/replaceAll\((['"`])["']\1, /, /^src\/engines\//)).toEqual(['src/engines/duckdb/dialect/quote.ts'])
  expect(naming(/replaceAll\('`', /, /^src\/engines\//)).toEqual(['src/engines/spark/dialect/condition.ts'])
})

test('no engine and no delivery sees an argument as a client wrote it, or refuses one', () => {
  const past = /^src\/(engines|delivery)\//
  expect(naming(/BAD_INPUT/, past)).toEqual([])
  expect(naming(/\b(FeatureFilter|PropertyFilter|GeometryInput|DistanceFilter|FeatureOrder)\b/, past)).toEqual([])
})

test('nothing in the sources is named after what it is not: no utils, helpers or common', () => {
  expect(SOURCES.filter((file) => /(^|\/)(utils?|helpers?|common|misc)(\.ts|\/)/.test(relative('src', file)))).toEqual([])
})

test('the lock file holds what package.json asks for', () => {
  const [manifest, lock] = ['package.json', 'package-lock.json'].map((file) => JSON.parse(readFileSync(join(ROOT, file), 'utf8')))
  const { dependencies, devDependencies } = lock.packages['']
  expect({ dependencies, devDependencies }).toEqual({
    dependencies: manifest.dependencies,
    devDependencies: manifest.devDependencies,
  })
})
