/** Commands with layers whose rows Spark gathers: what they support works, and the others say so. */
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { type AddressInfo, connect } from 'node:net'
import { join } from 'node:path'
import { pipeline } from 'node:stream'
import { createServer } from 'node:tls'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { stringify } from 'yaml'
import { authority } from '../../support/certificates.ts'
import { ROOT } from '../../support/environment.ts'
import { freePort } from '../../support/free-port.ts'
import { ask, post } from '../../support/graphql.ts'
import { launch } from '../../support/launched.ts'
import { runProgram } from '../../support/program.ts'
import { python } from '../../support/python.ts'
import { type SharedSpark, sharedSpark } from '../../support/shared-spark.ts'
import { SPATIAL_EXTENSION } from '../../support/spatial-extension.ts'

let spark: SharedSpark

beforeAll(async () => {
  spark = await sharedSpark()
  await python(
    `
import sys, json, geopandas as gpd, shapely
gpd.GeoDataFrame({"id": [1, 2, 3], "depth": [1.5, 2, 3]}, geometry=shapely.points([1, 2, 3], [4, 5, 6]), crs="EPSG:3857").to_parquet(sys.argv[1])
print(json.dumps(None))`,
    [join(spark.folder, 'sea.parquet')],
  )
  await configure(`sc://${spark.address}`)
})

afterAll(() => spark?.leave())

async function configure(url: string, resultSets = './results'): Promise<void> {
  const engines = [{ name: 'big', kind: 'spark-connect', url, token: '$BIG_TOKEN', resultSets }]
  const layers = [{ name: 'sea', path: './sea.parquet', engine: 'big', key: 'id' }]
  await writeFile(join(spark.folder, 'geoduck.yaml'), stringify({ engines, layers }))
}

const PROGRAM = join(ROOT, 'src/main.ts')

const environment = (token = spark.token) => ({
  BIG_TOKEN: token,
  XDG_CACHE_HOME: join(spark.folder, 'cache'),
  GEODUCK_SPATIAL_EXTENSION: SPATIAL_EXTENSION,
  GEODUCK_LOG_LEVEL: 'debug',
})

async function geoduck(args: readonly string[], more: Readonly<Record<string, string>> = {}) {
  const options = { environment: { ...environment(), ...more }, cwd: spark.folder }
  const { code, stdout, stderr } = await runProgram(process.execPath, [PROGRAM, ...args], options)
  expect(stdout + stderr).not.toContain(spark.token)
  return { code, stdout, stderr }
}

const HEALTH = '{ layers { state } health { problems { source reason } preparations { layer stage } workers { state } } }'

interface Health {
  readonly layers: readonly { readonly state: string }[]
  readonly health: { readonly problems: readonly { readonly reason: string }[] }
}

it('schema prints the types of the layer', async () => {
  const { code, stdout, stderr } = await geoduck(['schema'])
  expect([code, stderr]).toEqual([0, ''])
  expect(stdout).toMatch(/\ntype SeaFeature implements [^}]*\n {2}depth: Float\n/)
})

it('prepare checks the layer', async () => {
  const { code, stdout } = await geoduck(['prepare'])
  expect(stdout).toMatch(/^sea +3 +Point +EPSG:3857 +\?$/m)
  expect(code).toBe(0)
})

it.each([
  ['explain', ['explain', 'sea'], 'select `explain` in a query of a server'],
  ['export', ['export', '--layer', 'sea', '--out', 'sea.csv'], 'download it from a server'],
])('%s names the layer and the engine that it does not support', async (command, args, instead) => {
  const { code, stderr } = await geoduck(args)
  expect(stderr).toContain(
    `UNSUPPORTED: \`geoduck ${command}\` does not support layer sea, whose rows are gathered by engine big; ${instead}.`,
  )
  expect(code).toBe(1)
})

it.each([
  ['right', () => spark.token, []],
  ['wrong', () => 'a-token-that-is-wrong-0123', [expect.stringContaining('its engine big refuses the server')]],
])('no answer and no log of a server shows the %s token of an engine', async (_, tokenOf, problems) => {
  const token = tokenOf()
  const server = launch(process.execPath, [PROGRAM, '--port', '0', '--log-pretty', 'false'], {
    cwd: spark.folder,
    environment: environment(token),
  })
  try {
    const [, url] = await server.line(/^ready (\S+)$/)
    const state = async () => (await ask<Health>({ url: url! }, HEALTH)).data!
    await expect.poll(async () => (await state()).health.problems.map(({ reason }) => reason)).toEqual(problems)
    if (problems.length === 0) await expect.poll(async () => (await state()).layers).toEqual([{ state: 'READY' }])
    const page = await post({ url: url! }, { query: '{ features(layer: "sea", first: 1) { count geojson execution { lane } } }' })
    const texts = [await page.text(), JSON.stringify(await state())]
    for (const path of ['/health', '/metrics', '/ready', '/']) texts.push(await (await fetch(`${url}${path}`)).text())
    process.kill(server.pid, 'SIGTERM')
    await server.ended
    expect([...texts, ...server.lines, server.stderr()].join('\n')).not.toContain(token)
  } finally {
    if (existsSync(`/proc/${server.pid}`)) process.kill(server.pid, 'SIGKILL')
  }
})

it('a server without engines loads nothing of Spark', async () => {
  const coverage = join(spark.folder, 'coverage')
  const server = launch(process.execPath, [PROGRAM, join(spark.folder, 'sea.parquet'), '--port', '0'], {
    cwd: ROOT,
    environment: { ...environment(), NODE_V8_COVERAGE: coverage },
  })
  try {
    const [, url] = await server.line(/^ready (\S+)$/)
    expect((await ask({ url: url! }, '{ sea(first: 1) { count } }')).data).toEqual({ sea: { count: 1 } })
    process.kill(server.pid, 'SIGTERM')
    await server.ended
    const texts = await Promise.all((await readdir(coverage)).map((name) => readFile(join(coverage, name), 'utf8')))
    const loaded = texts.flatMap((text) => (JSON.parse(text) as Coverage).result.map(({ url }) => url))
    expect(loaded.some((url) => url.endsWith('/src/catalog/catalog.ts'))).toBe(true)
    expect(loaded.filter((url) => /engines\/spark|sources\/spark|grpc/.test(url))).toEqual([])
  } finally {
    if (existsSync(`/proc/${server.pid}`)) process.kill(server.pid, 'SIGKILL')
  }
})

interface Coverage {
  readonly result: readonly { readonly url: string }[]
}

it('doctor says which Spark answers, and what is wrong otherwise', async () => {
  const engineIn = (stdout: string) =>
    stdout.split('\n').flatMap((line, n, lines) => (line.includes('engine big') ? [line, lines[n + 1]!.trim()] : []))
  const well = engineIn((await geoduck(['doctor', '--port', '0'])).stdout)
  expect(well[0]).toMatch(
    /^ok +engine big +Spark 4\.0\.\d+ at 127\.0\.0\.1:\d+, not encrypted; .*\/results, up to 2 GB per query$/,
  )

  // Spark itself has no TLS.
  const { file, certify } = authority(spark.folder)
  const proxy = createServer({ ...certify('DNS:localhost'), ALPNProtocols: ['h2'] }, (socket) => {
    const [host, port] = spark.address.split(':')
    pipeline(socket, connect(Number(port), host), socket, () => {})
  }).listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  const safe = `localhost:${(proxy.address() as AddressInfo).port}`
  await configure(`sc://${safe}/;use_ssl=true`)
  const known = await geoduck(['doctor', '--port', '0'], { NODE_EXTRA_CA_CERTS: file })
  expect(engineIn(known.stdout)[0]).toMatch(new RegExp(`^ok +engine big +Spark 4.0.\\d+ at ${safe}, by TLS; `))
  const unknown = await geoduck(['doctor', '--port', '0'])
  expect(engineIn(unknown.stdout)[0]).toMatch(new RegExp(`^wrong +engine big +${safe}: .*certificate`))
  proxy.close()

  const port = await freePort()
  await configure(`sc://127.0.0.1:${port}`)
  const away = await geoduck(['doctor', '--port', '0'])
  expect(engineIn(away.stdout)).toEqual([
    expect.stringMatching(new RegExp(`^wrong +engine big +127.0.0.1:${port}: .*ECONNREFUSED`)),
    'start its Connect server, or correct `url` and `token`',
  ])
  expect(away.code).toBe(1)

  await configure(`sc://${spark.address}`, './sea.parquet/results')
  expect(engineIn((await geoduck(['doctor', '--port', '0'])).stdout)).toEqual([
    expect.stringMatching(/^wrong +engine big +.*results: it cannot be written \(ENOTDIR\)$/),
    'correct `resultSets`, or its permissions',
  ])
})
