import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { createClient } from 'graphql-ws'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ROOT, SHARED } from '../../support/environment.ts'
import { type Launched, launch } from '../../support/launched.ts'
import { runProgram } from '../../support/program.ts'
import { python } from '../../support/python.ts'
import { npm } from './npm.ts'

const PLACES = join(SHARED, 'data/places.parquet')

let folder: string
let packed: string[]
let server: Launched | undefined

/** As a user has it: an empty folder, the tarball, nothing for developers. The checkout's own packages are out of reach. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'geoduck-package-'))
  const pack = await npm(['pack', '--json', '--pack-destination', folder], await checkout())
  const [{ files, filename }] = JSON.parse(pack.slice(pack.indexOf('[')))
  packed = files.map(({ path }: { path: string }) => path)
  await npm(
    ['install', '--omit=dev', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error', join(folder, filename)],
    folder,
  )
}, 600_000)

afterAll(async () => {
  if (server) {
    process.kill(server.pid, 'SIGTERM')
    expect(await server.ended).toBe(0)
  }
  await rm(folder, { recursive: true })
})

/** A copy of this checkout, because README.md changes while npm packs, and other tests read it. */
async function checkout(): Promise<string> {
  const copy = join(folder, 'checkout')
  const apart = new Set(['node_modules', '.geoduck', '.git', 'dist', 'dist-client', 'test', 'bench'])
  await mkdir(copy)
  for (const name of await readdir(ROOT)) if (!apart.has(name)) await cp(join(ROOT, name), join(copy, name), { recursive: true })
  for (const name of ['node_modules', '.geoduck']) await symlink(join(ROOT, name), join(copy, name))
  return copy
}

test('the README of the package leads to the web or to files of the package, and that of the checkout is unchanged', async () => {
  const readme = await readFile(join(folder, 'node_modules/geoduck/README.md'), 'utf8')
  const links = linksOf(readme)
  expect(links.filter((link) => link.startsWith('![')).length).toBeGreaterThan(1)
  expect(links.length).toBeGreaterThan(30)
  const targets = links.map((link) => /\]\((.*)\)$/.exec(link)![1]!)
  expect(targets.filter((target) => !/^(https:|#)/.test(target) && !packed.includes(target))).toEqual([])

  // Every address of the repository is a file of it: pictures as the file, and pages as GitHub shows them.
  const { repository, homepage, bugs } = JSON.parse(await readFile(join(folder, 'node_modules/geoduck/package.json'), 'utf8'))
  const home = repository.url.replace(/^git\+|\.git$/g, '')
  expect([homepage, bugs.url]).toEqual([`${home}#readme`, `${home}/issues`])
  const raw = home.replace('github.com', 'raw.githubusercontent.com')
  for (const link of links) {
    const [, target] = /\]\((.*?)(?:#.*)?\)$/.exec(link)!
    const base = link.startsWith('![') ? `${raw}/HEAD/` : `${home}/blob/HEAD/`
    if (!target!.startsWith(home) && !target!.startsWith(raw)) continue
    expect(target!.startsWith(base), link).toBe(true)
    expect(existsSync(join(ROOT, target!.replace(base, ''))), link).toBe(true)
  }
  const [original, after] = [join(ROOT, 'README.md'), join(folder, 'checkout/README.md')]
  expect(await readFile(after, 'utf8')).toBe(await readFile(original, 'utf8'))
  expect(linksOf(await readFile(original, 'utf8'))).toHaveLength(links.length)
})

const linksOf = (text: string) => text.replaceAll(/^```.*?^```$/gms, '').match(/!?\[[^\]]*\]\([^)]+\)/g) ?? []

test('the package holds the program, the schema, the map and the client, no sources and no tests', () => {
  expect(packed).toEqual(
    expect.arrayContaining([
      'LICENSE',
      'dist/main.js',
      'schema.graphql',
      'geoduck.schema.json',
      'dist/web/index.html',
      'dist/client/client.js',
      'dist/client/client.d.ts',
    ]),
  )
  expect(packed.filter((path) => /(?<!\.d)\.ts$|^(src|test|bench|scripts|examples)\//.test(path))).toEqual([])
})

test('nothing for developers comes with it', async () => {
  const { devDependencies } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'))
  const { packages } = JSON.parse(await readFile(join(ROOT, 'package-lock.json'), 'utf8'))
  const installed = await readdir(join(folder, 'node_modules'))
  // Others are dependencies of what is installed, such as `pbf` of MapLibre.
  const forDevelopers = Object.keys(devDependencies).filter((name) => packages[`node_modules/${name}`].dev)
  expect(forDevelopers.length).toBeGreaterThan(20)
  expect(forDevelopers.filter((name) => installed.includes(name))).toEqual([])
})

/** Installs the oldest Node that the package supports. Returns the folder of the program. */
async function oldestNode(): Promise<string> {
  const { engines } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { engines: { node: string } }
  const version = `${/^>=(\d+\.\d+)$/.exec(engines.node)![1]}.0`
  const [own, name] = [join(folder, 'node'), `node-${process.platform}-${process.arch}`]
  await mkdir(own)
  await writeFile(join(own, 'package.json'), '{ "private": true }')
  await npm(
    ['install', '--ignore-scripts', '--no-package-lock', '--prefer-offline', '--no-audit', '--no-fund', `${name}@${version}`],
    own,
  )
  const bin = join(own, 'node_modules', name, 'bin')
  expect((await runProgram(join(bin, 'node'), ['--version'])).stdout).toBe(`v${version}\n`)
  return bin
}

test('the installed command serves a file on the oldest Node, and streams all of it through a worker', async () => {
  const bin = join(folder, 'node_modules/.bin/geoduck')
  expect((await stat(bin)).mode & 0o111).not.toBe(0)
  // The command's first line asks for `node`, which is searched in these folders.
  const PATH = [await oldestNode(), process.env['PATH']].join(delimiter)
  server = launch(bin, [PLACES, '--port', '0'], { cwd: folder, environment: { PATH } })
  const [, url] = await server.line(/^ready (.+)$/)
  const rows = await python<number>('import pyarrow.parquet, sys; print(pyarrow.parquet.read_metadata(sys.argv[1]).num_rows)', [
    PLACES,
  ])
  expect(await countStreamed(url!)).toBe(rows)

  // A request that offers HTTP/2, as Java and curl send it.
  const headers = {
    connection: 'Upgrade, HTTP2-Settings',
    upgrade: 'h2c',
    'http2-settings': '',
    'content-type': 'application/json',
  }
  const sent = request(`${url}/graphql`, { method: 'POST', headers })
  sent.end(JSON.stringify({ query: '{ __typename }' }))
  const [response] = await once(sent, 'response')
  const body = (await response.setEncoding('utf8').toArray()).join('')
  expect([response.statusCode, body]).toEqual([200, '{"data":{"__typename":"Query"}}'])
})

test.runIf(process.platform === 'linux')(
  'an old Node says in one line which Node it needs, also for doctor and npm start',
  {
    timeout: 300_000,
  },
  async () => {
    const versions = ['14.21.3', '16.20.2', '18.20.8', '20.20.2']
    const nodes = join(folder, 'nodes')
    await mkdir(nodes)
    await writeFile(join(nodes, 'package.json'), '{ "private": true }')
    const packages = versions.map((version) => `node-${version}@npm:node-linux-${process.arch}@${version}`)
    await npm(
      ['install', '--prefer-offline', '--no-audit', '--no-fund', '--no-package-lock', '--loglevel=error', ...packages],
      nodes,
    )
    const { engines } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'))
    const least = engines.node.replace('>=', '')
    for (const version of versions) {
      const node = join(nodes, `node_modules/node-${version}/bin/node`)
      const main = join(folder, 'node_modules/geoduck/dist/main.js')
      for (const args of [[], ['doctor'], [PLACES, '--port', '0'], ['--version']]) {
        const stderr = `Geoduck needs Node ${least} or newer. This is Node ${version}, ${node}.\n`
        expect(await runProgram(node, [main, ...args])).toEqual({ code: 1, stdout: '', stderr })
      }
      if (version.startsWith('20.')) continue
      expect(await runProgram(node, [join(ROOT, 'scripts/start.mjs')])).toEqual({
        code: 1,
        stdout: '',
        stderr: `The scripts of Geoduck need Node 20 or newer. This is Node ${version}, ${node}.\n`,
      })
    }
  },
)

/** As a front end uses it: its types by the package's declarations, its code by the package's modules, and by the server for the map. */
test('the installed client streams, and what it is given and gives is typed', async () => {
  const [, url] = await server!.line(/^ready (.+)$/)
  await writeFile(join(folder, 'package.json'), JSON.stringify({ type: 'module' }))
  await writeFile(join(folder, 'count.ts'), COUNT)
  const typed = await runProgram(
    join(ROOT, 'node_modules/.bin/tsc'),
    ['--noEmit', '--strict', '--module', 'nodenext', '--lib', 'esnext,dom,dom.asynciterable', '--types', '', 'count.ts'],
    { cwd: folder },
  )
  expect(typed.stdout).toBe('')
  const counted = await runProgram(process.execPath, ['count.ts', `${url}/graphql`], { cwd: folder })
  expect(counted.stderr).toBe('')
  expect(Number(counted.stdout)).toBe(await countStreamed(url!))
  for (const module of ['client/client.js', 'client/feature-stream.js', 'graphql-ws/client.js']) {
    const response = await fetch(`${url}/map/${module}`)
    expect([module, response.status, response.headers.get('content-type')]).toEqual([
      module,
      200,
      'text/javascript; charset=utf-8',
    ])
  }
})

const COUNT = `import { streamFeatures, toTable } from 'geoduck/client'
declare const process: { argv: string[] }
const url = process.argv[2]!
let count = 0
for await (const batch of streamFeatures({ url, layer: 'places' })) count += batch.geojson.features.length
// @ts-expect-error another encoding was asked for
for await (const batch of streamFeatures({ url, layer: 'places', encoding: 'arrow', limit: 1 })) void batch.geojson
// @ts-expect-error there is no such filter
const none = streamFeatures({ url, layer: 'places', where: { near: [0, 0] } })
const table = await toTable(streamFeatures({ url, layer: 'places', encoding: 'arrow' }))
if (table.numRows !== count) throw new Error('Another count in Arrow')
console.log(count)
`

async function countStreamed(url: string): Promise<number> {
  const client = createClient({ url: `${url.replace('http', 'ws')}/graphql`, retryAttempts: 0 })
  const query = 'subscription { featureBatches(layer: "places", batchSize: 100) { count geojson } }'
  let count = 0
  for await (const { data, errors } of client.iterate<{ featureBatches: { count: number; geojson: { features: unknown[] } } }>({
    query,
  })) {
    expect(errors).toBeUndefined()
    expect(data!.featureBatches.geojson.features).toHaveLength(data!.featureBatches.count)
    count += data!.featureBatches.count
  }
  await client.dispose()
  return count
}
