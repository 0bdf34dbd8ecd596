/** No file of any format makes a process that reads it ask the network for anything: links are refused, and no socket can be opened. */
import { spawn } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { workerEnvironment } from '../../../src/engines/duckdb/host/worker-environment.ts'
import { fixture } from '../../fixtures/index.ts'
import { ROOT } from '../../support/environment.ts'
import { ask } from '../../support/graphql.ts'
import { descendants, launch } from '../../support/launched.ts'
import { procFile } from '../../support/proc.ts'
import { runProgram } from '../../support/program.ts'
import { SPATIAL_EXTENSION } from '../../support/spatial-extension.ts'

const NODE = join(ROOT, 'node_modules/.bin/node')
const MAIN = join(ROOT, 'src/main.ts')
const STRACE = '/usr/bin/strace'
const hasStrace = existsSync(STRACE)
if (!hasStrace) console.warn('NOT TESTED: which sockets are opened, for there is no strace here')
test.runIf(process.env['CI'])('strace is there where it is judged', () => expect(hasStrace).toBe(true))

const requests: string[] = []
const listener = createServer((request, response) => {
  requests.push(request.url ?? '')
  response.end('GEOGCS["fetched",DATUM["d",SPHEROID["s",6378137,298]],PRIMEM["Greenwich",0],UNIT["Degree",0.0174532925199433]]')
})
const port = await new Promise<number>((resolve) => {
  listener.listen(0, '127.0.0.1', () => resolve((listener.address() as AddressInfo).port))
})
const root = await mkdtemp(join(tmpdir(), 'geoduck-network-'))
const folder = join(root, 'links')
await cp(await fixture('links'), folder, { recursive: true })
for (const name of await readdir(folder)) {
  const content = await readFile(join(folder, name), 'latin1')
  await writeFile(join(folder, name), content.replaceAll('127.0.0.1:65432', `127.0.0.1:${port}`), 'latin1')
}
afterAll(async () => {
  listener.close()
  await rm(root, { recursive: true })
})

const environment = { GEODUCK_CACHE_DIRECTORY: join(root, 'cache'), GEODUCK_SPATIAL_EXTENSION: SPATIAL_EXTENSION }
/** Links in other places are foreign members (RFC 7946, 6.1), which nothing reads. */
const FOREIGN = ['upper', 'escaped', 'inner', 'geometry', 'child']
const LINKS = readdirSync(folder).filter(
  (name) => /\.geojson/.test(name) && !/^(known|esri)/.test(name) && !FOREIGN.includes(name.split('.')[0]!),
)
const traced = (file: string) => ['-f', '-qq', '-e', 'trace=network', '-o', join(root, file)]

/** Lines of a trace that are about the network, not about this machine's own sockets. */
async function networkIn(file: string): Promise<string[]> {
  const lines = (await readFile(join(root, file), 'utf8')).split('\n')
  expect(lines.length, 'the trace is empty').toBeGreaterThan(1)
  return lines.filter((line) => /AF_(INET|INET6|NETLINK|PACKET|VSOCK)|io_uring/.test(line))
}

describe.skipIf(!hasStrace)('under strace', () => {
  test('a served folder of files with links opens only the socket that it listens on, and queries of its layers open none', async () => {
    const server = launch(STRACE, [...traced('serve'), NODE, MAIN, folder, '--port', '0', '--workers', '1'], {
      cwd: ROOT,
      environment,
    })
    const url = (await server.line(/ready (http\S+)/))[1]!
    const { data } = await ask<{ layers: { name: string }[]; health: { problems: { source: string; reason: string }[] } }>(
      { url },
      '{ layers { name } health { problems { source reason } } }',
    )
    const names = data!.layers.map(({ name }) => name)
    expect(names).toEqual(
      expect.arrayContaining([...FOREIGN, 'known-urn', 'known-ogc', 'known-code', 'known-null', 'known-property', 'links']),
    )
    expect(names).toEqual(expect.arrayContaining(['projection', 'grids', 'reference', 'header', 'projjson']))
    for (const source of LINKS) {
      const reason = data!.health.problems.find((problem) => problem.source === source)?.reason
      expect([source, reason]).toEqual([source, expect.stringContaining('its crs is a link')])
    }
    for (const layer of names) {
      const page = `features(layer: "${layer}", where: { bbox: [-180, -90, 180, 90] }) { geojson }`
      await ask({ url }, `{ own: ${page} other: ${page.replace('})', '}, crs: "EPSG:3857")')} }`)
    }
    // The barrier is on in every process that reads files, and not in the server.
    const readers = () =>
      descendants(server.pid).filter((pid) => /tinypool|duckdb\/processes/.test(procFile(`/proc/${pid}/cmdline`)))
    expect(readers().length).toBeGreaterThan(0)
    // One that is just being started is not yet.
    await expect.poll(() => readers().filter((pid) => !/^Seccomp:\t2$/m.test(procFile(`/proc/${pid}/status`)))).toEqual([])
    for (const pid of descendants(server.pid).slice(0, 1)) process.kill(pid, 'SIGTERM')
    await server.ended
    const lines = await networkIn('serve')
    expect(lines.filter((line) => /connect\(/.test(line))).toEqual([])
    expect(lines.filter((line) => /socket\(|io_uring/.test(line))).toHaveLength(1)
    expect(requests).toEqual([])
  }, 240_000)

  test.each(['link.geojson', 'projection.shp', 'reference.gpkg', 'header.fgb'])('an import of %s opens none', async (name) => {
    const args = ['import', join(folder, name), '--into', join(root, `${name}.duckdb`), '--layer', 'imported']
    const { code, stderr } = await runProgram(STRACE, [...traced(name), NODE, MAIN, ...args], { environment })
    if (name === 'link.geojson') expect(stderr).toContain(`its crs is a link to 127.0.0.1:${port}`)
    else expect([code, stderr]).toEqual([0, expect.anything()])
    expect(await networkIn(name)).toEqual([])
    expect(requests).toEqual([])
  })

  test('GDAL with only the environment of such a process fetches nothing', async () => {
    const program = join(root, 'gdal.mjs')
    const engine = import.meta.resolve('@duckdb/node-api')
    await writeFile(
      program,
      `import { DuckDBInstance } from ${JSON.stringify(engine)}
       const connection = await (await DuckDBInstance.create(':memory:')).connect()
       await connection.run("LOAD '${SPATIAL_EXTENSION}'")
       const read = "SELECT count(*) FROM ST_Read('${join(folder, 'link.geojson')}')"
       console.log(String((await connection.runAndReadAll(read)).getRows()))`,
    )
    const { stdout } = await runProgram(STRACE, [...traced('gdal'), NODE, program], { environment: workerEnvironment(1) })
    expect(stdout).toBe('1\n')
    expect(await networkIn('gdal')).toEqual([])
    expect(requests).toEqual([])
    // The same without it: the test can fail.
    await runProgram(NODE, [program])
    expect(requests).not.toEqual([])
    requests.length = 0
  })
})

test('a process with the barrier opens no socket of any kind in any thread, nor does a program that it starts', async () => {
  const program = join(root, 'barrier.mjs')
  await writeFile(
    program,
    `import { execFile } from 'node:child_process'
     import net from 'node:net'
     import { readFile } from 'node:fs/promises'
     import { readdirSync, readFileSync } from 'node:fs'
     // Threads that are there before.
     await Promise.all([1, 2, 3, 4].map(() => readFile(process.execPath)))
     const { refuseSockets } = await import(${JSON.stringify(join(ROOT, 'src/engines/duckdb/processes/query/no-network.ts'))})
     const tell = (key, value) => console.log(key + ' ' + value)
     tell('barrier', refuseSockets())
     net.connect(${port}, '127.0.0.1').on('error', ({ code }) => tell('tcp', code)).on('connect', () => tell('tcp', 'connected'))
     net.createServer().on('error', ({ code }) => tell('unix', code)).listen(${JSON.stringify(join(root, 'socket'))}, () => tell('unix', 'listens'))
     execFile('python3', ['-c', 'import socket; socket.socket()'], (error) => tell('program', /PermissionError/.test(error?.message)))
     const statusOf = (id) => { try { return [readFileSync('/proc/self/task/' + id + '/status', 'utf8')] } catch { return [] } }
     // One may end meanwhile.
     const threads = readdirSync('/proc/self/task').flatMap(statusOf)
     tell('threads', threads.length > 4 && threads.every((status) => /^Seccomp:\\t2$/m.test(status)))`,
  )
  const child = spawn(NODE, [program], { stdio: ['ignore', 'pipe', 'inherit'] })
  const lines: string[] = []
  for await (const line of child.stdout.setEncoding('utf8')) lines.push(...String(line).trim().split('\n'))
  expect(lines.sort()).toEqual(['barrier true', 'program true', 'tcp EACCES', 'threads true', 'unix EACCES'])
})
