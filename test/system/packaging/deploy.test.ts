/** The Dockerfile and the systemd unit, as far as they can be checked without a container engine or a service manager. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { machineDefaults } from '../../../src/config/defaults.ts'
import { duckdbPlatform, duckdbVersion } from '../../../src/config/duckdb.ts'
import { settings } from '../../../src/config/settings.ts'
import { ROOT } from '../../support/environment.ts'
import { launch } from '../../support/launched.ts'
import { runProgram } from '../../support/program.ts'
import { PLACES, startListening } from '../../support/server.ts'
import { SPATIAL_EXTENSION } from '../../support/spatial-extension.ts'
import { outer } from './npm.ts'

const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')
const DOCKERFILE = read('Dockerfile').replaceAll(/\\\n\s*/g, '')
const UNIT = read('deploy/geoduck.service')

test('the image is built from what is there, and from no more than .dockerignore lets in', () => {
  const copied = [...DOCKERFILE.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, sources]) => sources!.split(' '))
  const letIn = read('.dockerignore')
    .split('\n')
    .filter((line) => line.startsWith('!'))
    .map((line) => line.slice(1))
  expect(copied.length).toBeGreaterThan(5)
  expect(copied.filter((source) => !existsSync(join(ROOT, source)))).toEqual([])
  expect(letIn.toSorted()).toEqual(copied.map((source) => source.replace('./', '')).toSorted())
})

test('the image’s health check passes also while the server is not ready, and fails when nobody answers', async () => {
  const command = JSON.parse(/^HEALTHCHECK .*CMD (\[.*\])$/m.exec(DOCKERFILE)![1]!) as string[]
  // Its workers die whenever they start.
  const server = await startListening([PLACES], { token: 'a-token-for-tests-only' }, ['--require', '/nothing'])
  const environment = { GEODUCK_PORT: new URL(server.url).port }
  const check = () => runProgram(process.execPath, command.slice(1), { environment })
  expect((await fetch(`${server.url}/ready`)).status).toBe(503)
  expect((await check()).code).toBe(0)
  await server.close()
  expect((await check()).code).toBe(1)
})

/** Runs the steps of the Dockerfile in order, each stage in a folder that stands for its root. Returns the folder of the last stage, and its settings. */
async function build(folder: string) {
  const stages: { name: string; root: string; workdir: string; env: Record<string, string>; last: Record<string, string> }[] = []
  const { PATH } = process.env
  // The image has Node 24 as `node`.
  const environment = { PATH: [dirname(process.execPath), PATH].join(delimiter) }
  for (const line of DOCKERFILE.split('\n')) {
    const [, step, rest] = /^([A-Z]+) (.*)$/.exec(line) ?? []
    if (step === 'FROM') {
      const root = join(folder, `stage-${stages.length}`)
      mkdirSync(root)
      stages.push({ name: / AS (\w+)$/.exec(rest!)?.[1] ?? '', root, workdir: root, env: {}, last: {} })
    }
    const stage = stages.at(-1)
    if (!stage || !step || !rest) continue
    const inside = (path: string) => (path.startsWith('/') ? join(stage.root, path) : join(stage.workdir, path))
    if (step === 'WORKDIR') {
      stage.workdir = inside(rest)
      mkdirSync(stage.workdir, { recursive: true })
    } else if (step === 'ENV') for (const [, name, value] of rest.matchAll(/(\w+)=(\S+)/g)) stage.env[name!] = value!
    else if (step === 'RUN') {
      // DuckDB's repository may be out of reach: the extensions that set-up has brought are there already.
      const command = rest.replaceAll(/(?<==)\/(?=\w)/g, `${stage.root}/`).replace(/(?=HOME=(\S+))/, (_, home: string) => {
        const extensions = join(home, '.duckdb/extensions', `v${duckdbVersion()}`, duckdbPlatform())
        return `mkdir -p ${extensions} && cp ${dirname(SPATIAL_EXTENSION)}/*.duckdb_extension ${extensions} && `
      })
      const { code, stderr } = await runProgram('sh', ['-ec', command], {
        cwd: stage.workdir,
        environment: { ...outer(), ...environment },
      })
      expect(code, `${command}\n${stderr}`).toBe(0)
    } else if (step === 'COPY') {
      const from = stages.find(({ name }) => name === /--from=(\w+)/.exec(rest)?.[1])
      const [target, ...sources] = rest
        .split(' ')
        .filter((word) => !word.startsWith('--'))
        .toReversed()
      for (const source of sources) {
        const to = target!.endsWith('/') ? join(inside(target!), source.split('/').at(-1)!) : inside(target!)
        await cp(join(from?.root ?? ROOT, source), to, { recursive: true, verbatimSymlinks: true })
      }
    } else stage.last[step] = rest
  }
  return stages.at(-1)!
}

test('the steps of the Dockerfile make a server that prepares into its volume, and continues there in the next container', {
  timeout: 600_000,
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'geoduck-image-'))
  try {
    const { root, workdir, env, last } = await build(folder)
    expect(last['VOLUME']).toBe(env['XDG_CACHE_HOME'])
    const data = join(root, JSON.parse(last['CMD']!)[0])
    mkdirSync(data)
    const feature = { type: 'Feature', properties: { name: 'here' }, geometry: { type: 'Point', coordinates: [7, 47] } }
    writeFileSync(join(data, 'stops.geojson'), JSON.stringify({ type: 'FeatureCollection', features: [feature] }))
    const [program, ...args] = JSON.parse(last['ENTRYPOINT']!) as string[]
    const environment = {
      ...env,
      PATH: dirname(process.execPath),
      HOME: join(root, 'home/node'),
      XDG_CACHE_HOME: join(root, env['XDG_CACHE_HOME']!),
      GEODUCK_HOST: '127.0.0.1',
      GEODUCK_PORT: '0',
      GEODUCK_TOKEN: 'a-token-for-tests-only',
    }
    const run = async (query: string) => {
      const server = launch(program!, [...args, data], { cwd: workdir, environment })
      try {
        const [, url] = await server.line(/^ready (.+)$/)
        const headers = { authorization: 'Bearer a-token-for-tests-only', 'content-type': 'application/json' }
        const response = await fetch(`${url}/graphql`, { method: 'POST', headers, body: JSON.stringify({ query }) })
        return (await response.json()).data
      } finally {
        process.kill(server.pid, 'SIGTERM')
        expect(await server.ended).toBe(0)
      }
    }
    const first = await run('{ health { spatialExtension } features(layer: "stops") { count pageInfo { endCursor } } }')
    expect(first).toMatchObject({ health: { spatialExtension: 'installed' }, features: { count: 1 } })
    const copies = () =>
      readdirSync(environment.XDG_CACHE_HOME, { recursive: true }).filter((path) => String(path).endsWith('.parquet'))
    const made = copies()
    expect(made).toHaveLength(1)
    const cursor = JSON.stringify(first.features.pageInfo.endCursor)
    expect(await run(`{ features(layer: "stops", after: ${cursor}) { count } }`)).toEqual({ features: { count: 0 } })
    expect(copies()).toEqual(made)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('the compose file mounts the volume of the image, and asks for a token', () => {
  const { services, volumes } = parse(read('deploy/compose.yaml'))
  const { geoduck } = services
  expect(existsSync(join(ROOT, 'deploy', geoduck.build, 'Dockerfile'))).toBe(true)
  const cache = geoduck.volumes.map((mount: string) => mount.split(':')).find(([name]: string[]) => name! in volumes)
  expect(cache?.[1]).toBe(/^VOLUME (\S+)$/m.exec(DOCKERFILE)?.[1])
  const data = JSON.parse(/^CMD (.*)$/m.exec(DOCKERFILE)![1]!)[0]
  expect(geoduck.volumes.filter((mount: string) => mount.endsWith(`:${data}:ro`))).toHaveLength(1)
  expect(geoduck.environment.GEODUCK_TOKEN).toMatch(/^\$\{GEODUCK_TOKEN:\?/)
  expect(geoduck.ports).toEqual([`127.0.0.1:4000:${/^EXPOSE (\d+)$/m.exec(DOCKERFILE)?.[1]}`])
})

test('the compose file of three servers gives all the same secret and cache, and the proxy knows each', () => {
  const { services } = parse(read('deploy/scale/compose.yaml'), { merge: true })
  const { proxy, ...servers } = services
  const names = Object.keys(servers)
  expect(names).toHaveLength(3)
  for (const name of names) {
    const { environment, volumes, build } = servers[name]
    expect(existsSync(join(ROOT, 'deploy/scale', build, 'Dockerfile'))).toBe(true)
    expect(environment.GEODUCK_SERVER_NAME).toBe(name)
    expect({ ...environment, GEODUCK_SERVER_NAME: '' }).toEqual({ ...servers[names[0]!].environment, GEODUCK_SERVER_NAME: '' })
    expect(environment.GEODUCK_CURSOR_SECRET).toMatch(/^\$\{GEODUCK_CURSOR_SECRET:\?/)
    expect(volumes).toContain(`cache:${/^VOLUME (\S+)$/m.exec(DOCKERFILE)?.[1]}`)
  }
  const [own] = proxy.volumes[0].split(':')
  const caddyfile = read(join('deploy/scale', own))
  expect([...caddyfile.matchAll(/\S+(?=:4000)/g)].map(([name]) => name)).toEqual(names)
  expect(read('docs/scale.md')).toContain(`\`\`\`caddy\n${caddyfile}\`\`\``)
})

test('the compose file of an object store gives each of the three servers the store, and no other data', () => {
  const { services } = parse(read('deploy/scale/compose.yaml'), { merge: true })
  const override = { tag: '!override', collection: 'seq' } as const
  const { store, ...servers } = parse(read('deploy/scale/objects.yaml'), { merge: true, customTags: [override] }).services
  expect(['proxy', ...Object.keys(servers)].toSorted()).toEqual(Object.keys(services).toSorted())
  for (const { command, environment, volumes, depends_on } of Object.values<typeof store>(servers)) {
    expect(command).toEqual([expect.stringMatching(/^s3:\/\//)])
    expect(depends_on).toEqual(['store'])
    expect(new URL(environment.AWS_ENDPOINT_URL).hostname).toBe('store')
    expect(volumes).toEqual([expect.stringMatching(/^cache:/)])
    const names = [environment.AWS_ACCESS_KEY_ID, environment.AWS_SECRET_ACCESS_KEY].map((value) => /\w+/.exec(value)![0])
    expect([store.environment.ROOT_ACCESS_KEY, store.environment.ROOT_SECRET_KEY]).toEqual(names.map((name) => `\${${name}}`))
  }
})

test('every setting that the image, the unit and their comments name is one of the program', () => {
  const flags = Object.values(settings(machineDefaults({ processors: 2, memoryBytes: 1e9, openFiles: 20_000 }))).map(
    ({ flag }) => flag.slice(2).split(' ')[0]!,
  )
  const known = new Set([...flags, 'sources'].map((name) => `GEODUCK_${name.toUpperCase().replaceAll('-', '_')}`))
  const named = [
    ...`${DOCKERFILE}${UNIT}${read('deploy/compose.yaml')}${read('deploy/scale/compose.yaml')}${read('deploy/scale/objects.yaml')}`.matchAll(
      /GEODUCK_[A-Z_]+/g,
    ),
  ].map(([name]) => name)
  expect(named.length).toBeGreaterThan(6)
  expect(named.filter((name) => !known.has(name))).toEqual([])
})

test('the image and the service run as nobody in particular', () => {
  expect(/^USER (\S+)$/m.exec(DOCKERFILE.slice(DOCKERFILE.lastIndexOf('\nFROM ')))?.[1]).toBe('1000:1000')
  expect(UNIT).toContain('DynamicUser=yes')
})

test('systemd accepts the unit, if systemd is installed', async () => {
  expect(UNIT.match(/^\[\w+\]$/gm)).toEqual(['[Unit]', '[Service]', '[Install]'])
  if (!existsSync('/usr/bin/systemd-analyze')) return
  const folder = mkdtempSync(join(tmpdir(), 'geoduck-unit-'))
  const unit = join(folder, 'geoduck.service')
  // Where the program is not installed, systemd would miss it.
  writeFileSync(unit, UNIT.replace(/^ExecStart=\S+/m, `ExecStart=${process.execPath}`))
  const { code, stderr } = await runProgram('systemd-analyze', ['verify', unit])
  rmSync(folder, { recursive: true })
  expect([code, stderr]).toEqual([0, ''])
})
