/** The layout that docs/architecture.md describes: which room may import which, where a library may be named, how long a file may be. */
import { globSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { expect, test } from 'vitest'
import { ROOT } from './support/environment.ts'

const SOURCES = globSync('src/**/*.ts', { cwd: ROOT }).filter((path) => !path.startsWith('src/server/map/page/'))
const GENERATED = ['src/graphql/generated.ts', 'src/client/inputs.ts']

/** Files and rooms that every room may import. */
const SHARED = ['errors', 'geometry', 'near-names']

/** What each room may import beside itself and those; `types` is erased before the program runs. */
const ROOMS: Readonly<Record<string, { readonly values: readonly string[]; readonly types?: readonly string[] }>> = {
  catalog: { values: ['engines', 'plan', 'pool'] },
  client: { values: [] },
  config: { values: ['engines'] },
  doctor: { values: ['catalog', 'config', 'engines'] },
  engines: { values: ['plan'] },
  explain: { values: ['catalog', 'config', 'graphql', 'plan', 'pool'] },
  graphql: { values: ['catalog', 'plan', 'pool', 'results'] },
  main: { values: ['config', 'doctor', 'explain', 'server'] },
  plan: { values: [], types: ['catalog', 'results'] },
  pool: { values: ['engines', 'plan', 'results'] },
  results: { values: [] },
  server: { values: ['catalog', 'config', 'graphql', 'plan', 'pool', 'results'] },
}

/** Packages that only some files may name. */
const WORKER = /^src\/(\w+\/)+worker\//
const PLACES: Readonly<Record<string, { readonly folder: RegExp; readonly files?: number }>> = {
  '@duckdb/node-api': { folder: WORKER },
  koffi: { folder: WORKER },
  'apache-arrow': { folder: /^src\/(client|results)\//, files: 2 },
  wkx: { folder: /^src\//, files: 1 },
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

/** `main`, `errors` or the room's folder. */
function roomOf(path: string): string {
  return path.split('/')[1]!.replace(/\.ts$/, '')
}

function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}

test('a room imports only what the architecture lets it', () => {
  const wrong = IMPORTS.filter(({ file, specifier, typeOnly }) => {
    if (!specifier.startsWith('.')) return false
    const [from, to] = [roomOf(file), roomOf(join(dirname(file), specifier))]
    const { values, types = [] } = ROOMS[from] ?? { values: [] }
    return from !== to && !SHARED.includes(to) && !values.includes(to) && !(typeOnly && types.includes(to))
  })
  expect(wrong).toEqual([])
})

test('every folder of src is a room with a rule', () => {
  expect(new Set(SOURCES.map(roomOf))).toEqual(new Set([...Object.keys(ROOMS), ...SHARED]))
})

test.each(Object.entries(PLACES))('%s is named only where it belongs', (name, { folder, files = Number.POSITIVE_INFINITY }) => {
  const naming = new Set(IMPORTS.filter(({ specifier }) => packageOf(specifier) === name).map(({ file }) => file))
  expect([...naming].filter((file) => !folder.test(file))).toEqual([])
  expect(naming.size, [...naming].join(', ')).toBeLessThanOrEqual(files)
})

test.each([
  ['DuckDB is opened', /\bDuckDBInstance\.(create|fromCache)\(/, 'src/engines/duckdb/worker/open.ts'],
  ['names and texts are quoted for SQL', /replaceAll\((["'])["']\1, (["'])(""|'')\2\)/, 'src/plan/quote.ts'],
  ['WKB is read', /\.getFloat64\(/, 'src/geometry/wkb.ts'],
])('%s in one file', (_, pattern, file) => {
  expect(SOURCES.filter((path) => pattern.test(readFileSync(join(ROOT, path), 'utf8')))).toEqual([file])
})

test('files are small: none over 250 lines, and half of them at most 80', () => {
  const lengths = SOURCES.filter((file) => !GENERATED.includes(file)).map((file) => ({
    file,
    lines: readFileSync(join(ROOT, file), 'utf8').split('\n').length - 1,
  }))
  expect(lengths.filter(({ lines }) => lines > 250)).toEqual([])
  const sorted = lengths.map(({ lines }) => lines).sort((a, b) => a - b)
  expect(sorted[Math.floor(sorted.length / 2)]).toBeLessThanOrEqual(80)
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
