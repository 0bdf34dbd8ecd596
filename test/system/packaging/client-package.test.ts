/** The package geoduck-client as a front end has it: the tarball in an empty project, with an empty npm cache. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build } from 'vite'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ROOT, SHARED } from '../../support/environment.ts'
import { runProgram } from '../../support/program.ts'
import { python } from '../../support/python.ts'
import { serve, type TestServer } from '../../support/server.ts'
import { npm } from './npm.ts'

const PLACES = join(SHARED, 'data/places.parquet')

let folder: string
let packed: readonly string[]
let server: TestServer

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'geoduck-client-package-'))
  const built = await runProgram(process.execPath, ['scripts/build-client.mjs'], { cwd: ROOT })
  expect([built.code, built.stdout]).toEqual([0, ''])
  const pack = await npm(['pack', '--json', '--pack-destination', folder], join(ROOT, 'dist-client'))
  const [{ files, filename }] = JSON.parse(pack)
  packed = files.map(({ path }: { path: string }) => path)
  await writeFile(join(folder, 'package.json'), JSON.stringify({ private: true, type: 'module' }))
  await npm(
    ['install', '--cache', join(folder, 'cache'), '--no-audit', '--no-fund', '--loglevel=error', join(folder, filename)],
    folder,
  )
  server = await serve([PLACES])
}, 600_000)

afterAll(async () => {
  await server?.close()
  await rm(folder, { recursive: true })
})

test('the package holds the compiled client with its types, and nothing of the server', async () => {
  const names = packed.filter((path) => !path.startsWith('client/'))
  expect(names.toSorted()).toEqual(['CHANGELOG.md', 'LICENSE', 'README.md', 'model/errors.d.ts', 'package.json'])
  const modules = packed.filter((path) => path.startsWith('client/'))
  expect(modules.filter((path) => !/\.(js|d\.ts)$/.test(path))).toEqual([])
  const sources = await readdir(join(ROOT, 'src/client'))
  expect(modules).toHaveLength(2 * sources.filter((name) => name.endsWith('.ts')).length)
  const version = async (path: string) => JSON.parse(await readFile(path, 'utf8')).version
  expect(await version(join(ROOT, 'dist-client/package.json'))).toBe(await version(join(ROOT, 'package.json')))
})

test('an installation is the client, graphql-ws, graphql and the types of GeoJSON, without a native file', async () => {
  const all = (await readdir(join(folder, 'node_modules'), { recursive: true })).map((path) => path.replaceAll('\\', '/'))
  const packages = all.filter((path) => /^(@[^/.]+\/)?[^/.@]+\/package\.json$/.test(path))
  expect(packages.map((path) => path.replace('/package.json', '')).toSorted()).toEqual([
    '@types/geojson',
    'geoduck-client',
    'graphql',
    'graphql-ws',
  ])
  expect(all.filter((path) => /\.(node|so|dll|dylib|wasm)$|duckdb|binding\.gyp$/.test(path))).toEqual([])
})

test.each([
  ['nodenext', 'nodenext'],
  ['esnext', 'bundler'],
])(
  'its types are complete for modules of %s, resolved by %s, without the optional packages',
  { timeout: 180_000 },
  async (module, moduleResolution) => {
    await writeFile(join(folder, 'count.ts'), COUNT)
    const options = {
      module,
      moduleResolution,
      target: 'esnext',
      lib: 'esnext,dom,dom.asynciterable',
      skipLibCheck: 'false',
      types: '',
    }
    const flags = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value])
    const typed = await runProgram(join(ROOT, 'node_modules/.bin/tsc'), ['--noEmit', '--strict', ...flags, 'count.ts'], {
      cwd: folder,
    })
    expect(typed.stdout).toBe('')
  },
)

test('it streams every feature in Node, and says what `toTable` needs', async () => {
  await writeFile(join(folder, 'count.ts'), COUNT)
  const counted = await runProgram(process.execPath, ['count.ts', `${server.url}/graphql`], { cwd: folder })
  expect(counted.stderr).toBe('')
  const rows = await python<number>('import pyarrow.parquet, sys; print(pyarrow.parquet.read_metadata(sys.argv[1]).num_rows)', [
    PLACES,
  ])
  expect(counted.stdout).toBe(`${rows}\ntoTable needs the package apache-arrow: install it with \`npm install apache-arrow\`.\n`)
})

const COUNT = `import { streamFeatures, toTable } from 'geoduck-client'
declare const process: { argv: string[] }
declare const console: { log(value: unknown): void }
const url = process.argv[2]!
let count = 0
for await (const batch of streamFeatures({ url, layer: 'places' })) count += batch.geojson.features.length
console.log(count)
// @ts-expect-error another encoding was asked for
for await (const batch of streamFeatures({ url, layer: 'places', encoding: 'arrow', limit: 1 })) void batch.geojson
// @ts-expect-error there is no such filter
void streamFeatures({ url, layer: 'places', where: { near: [0, 0] } })
try {
  await toTable(streamFeatures({ url, layer: 'places', encoding: 'arrow' }))
} catch (error) {
  console.log((error as Error).message)
}
`

/** Bytes of JavaScript after compression. Measured: 7,200 with the stream, 5,300 with the configuration of Apollo's cache. */
const MOST_BYTES = 10_000

test.each([
  ['the stream', `export { streamFeatures, toTable } from 'geoduck-client'`],
  ['Graphcache', `export { cacheConfig } from 'geoduck-client/graphcache'`],
  ['Apollo', `export { cacheConfig } from 'geoduck-client/apollo'`],
])('a bundle for browsers with %s is small and needs no other package', async (_, source) => {
  await mkdir(join(folder, 'page'), { recursive: true })
  await writeFile(join(folder, 'page/main.js'), source)
  const lib = { entry: join(folder, 'page/main.js'), formats: ['es' as const], fileName: 'main' }
  const result = await build({ root: folder, configFile: false, logLevel: 'silent', build: { lib, write: false, minify: true } })
  const chunks = [result].flat().flatMap((one) => ('output' in one ? one.output : []))
  const code = chunks.map((chunk) => (chunk.type === 'chunk' ? chunk.code : '')).join('')
  const outside = chunks.flatMap((chunk) => (chunk.type === 'chunk' ? chunk.imports : []))
  expect(outside.filter((name) => !chunks.some(({ fileName }) => fileName === name))).toEqual([])
  expect(code).not.toMatch(/node:|require\(/)
  expect(gzipSync(code).length).toBeLessThan(MOST_BYTES)
})
