/** The configuration file: its location, its precedence, and the messages for faults. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, expect, test, vi } from 'vitest'
import { stringify } from 'yaml'
import { printableConfig } from '../../../src/config/resolve.ts'
import { environmentName, type Setting, type SettingName } from '../../../src/config/settings.ts'
import { resolved, TABLE } from './given.ts'
import { samplesOf } from './samples.ts'

let folder: string
const home = process.cwd()
// The secret that is made once must not be the user's.
const cache = await mkdtemp(join(tmpdir(), 'geoduck-cache-'))
vi.stubEnv('XDG_CACHE_HOME', cache)
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'geoduck-config-'))
  return () => rm(folder, { recursive: true })
})
afterAll(async () => {
  vi.unstubAllEnvs()
  await rm(cache, { recursive: true })
})

async function put(text: string, name = 'geoduck.yaml'): Promise<string> {
  await mkdir(join(folder, name, '..'), { recursive: true })
  await writeFile(join(folder, name), text)
  return join(folder, name)
}

const SETTINGS = Object.entries<Setting>(TABLE) as [SettingName, Setting][]

test.each(SETTINGS)('%s: a flag wins over the environment, that over the file, that over the default', async (name, setting) => {
  const [inFile, inEnvironment, onCommandLine] = samplesOf(setting)
  // Another host than this one is only served on request, and writes need a folder.
  const file = await put(stringify({ allowAnonymous: true, live: 'live', [name]: inFile.json }))
  const variable = { [environmentName(setting.flag)]: inEnvironment.text }
  const [word, ...takes] = setting.flag.split(' ')
  const flag = takes.length === 0 ? setting.flag : `${word}=${onCommandLine.text}`

  const none = await resolved(['./data'])
  expect(none.origins[name]).toBe('default')
  // One that follows the machine moves with it.
  if (!setting.isSecret && setting.rule === undefined) expect(none.config[name]).toEqual(setting.fallback)
  const of = async (args: string[], environment = {}) => {
    const { config, origins } = await resolved(['./data', '--config', file, ...args], environment)
    return [config[name], origins[name]]
  }
  expect(await of([])).toEqual([inFile.value, 'file'])
  expect(await of([], variable)).toEqual([inEnvironment.value, 'environment'])
  expect(await of([flag], variable)).toEqual([onCommandLine.value, 'flag'])
})

test('sources: arguments win over the environment, that over the file; in a file they are relative to its folder', async () => {
  const file = await put('sources: [a.parquet, "b/*.parquet", /c]', 'below/geoduck.yml')
  const of = async (paths: string[], environment = {}) => {
    const { config, origins } = await resolved([...paths, '--config', file], environment)
    return [config.sources, origins.sources]
  }
  expect(await of([])).toEqual([[join(folder, 'below/a.parquet'), join(folder, 'below/b/*.parquet'), '/c'], 'file'])
  expect(await of([], { GEODUCK_SOURCES: '/d:/e' })).toEqual([['/d', '/e'], 'environment'])
  expect(await of(['/f'], { GEODUCK_SOURCES: '/d' })).toEqual([['/f'], 'flag'])
})

test('the demo of a checkout is there only for those who name nothing', async () => {
  const demo = { GEODUCK_DEMO: '/demo' }
  expect((await resolved([], demo)).config.sources).toEqual(['/demo'])
  expect((await resolved(['/a'], demo)).config.sources).toEqual(['/a'])
  expect((await resolved(['--config', await put('sources: [/b]')], demo)).config.sources).toEqual(['/b'])
  expect((await resolved(['--config', await put('layers: [{ name: a, path: /c }]')], demo)).config.sources).toEqual([])
})

test('a file with layers needs no sources', async () => {
  const { config } = await resolved(['--config', await put('layers: [{ name: a, path: a.parquet }]')])
  expect([config.sources, config.layers]).toEqual([[], [{ name: 'a', path: join(folder, 'a.parquet') }]])
})

test('paths in a file are relative to its folder, those of flags to the working directory', async () => {
  const file = await put('tempDirectory: spill\nspatialExtension: lib/spatial')
  const { config } = await resolved(['./data', '--config', file])
  expect([config.tempDirectory, config.spatialExtension]).toEqual([join(folder, 'spill'), join(folder, 'lib/spatial')])
  expect((await resolved(['./data', '--config', file, '--temp-directory', 'spill'])).config.tempDirectory).toBe(
    join(home, 'spill'),
  )
})

test('every setting, sources and layers go from a file to a printed configuration and back', async () => {
  const secrets = SETTINGS.filter(([, { isSecret }]) => isSecret)
  const environment = {
    ...Object.fromEntries(secrets.map(([, setting]) => [environmentName(setting.flag), samplesOf(setting)[0].text])),
    GEODUCK_WRITE_TOKEN: 'a-token-that-may-write-too',
  }
  const content = {
    ...Object.fromEntries(SETTINGS.map(([name, setting]) => [name, samplesOf(setting)[2].json])),
    sources: ['data', 'tiles/*.parquet', { path: 'https://example.org/a.parquet', mirror: true }, { path: 'b' }],
    layers: [
      { name: 'a', path: 'a.parquet', key: 'id', columns: { include: ['id', 'name'] }, crs: 'EPSG:25832', onInvalid: 'repair' },
      { name: 'b', path: 'b.duckdb', table: 'other.b', columns: { exclude: ['x'] }, title: 'B', description: 'All b' },
    ],
  }
  const first = await resolved(['--config', await put(stringify(content))], environment)
  const printed = printableConfig(first.config)
  for (const text of Object.values(environment)) expect(printed).not.toContain(text)
  const second = await resolved(['--config', await put(printed, 'printed/geoduck.json')], environment)
  expect(second.config).toEqual(first.config)
  expect(printableConfig(second.config)).toBe(printed)
  expect(first.config.mirrors).toEqual(['https://example.org/a.parquet'])
  expect(first.config.layers).toEqual(content.layers.map((layer) => ({ ...layer, path: join(folder, layer.path) })))
})

test.each([
  ['without a folder', ['./data', '--writes'], /--writes needs --live/],
  ['by a reading token', ['--live', 'live', '--writes', '--token', 'a-token-for-tests'], /needs --write-token/],
  [
    'from other machines without a token',
    ['--live', 'live', '--writes', '--host', '0.0.0.0', '--allow-anonymous', 'true'],
    /needs --write-token/,
  ],
  [
    'by the same token',
    ['--live', 'live', '--writes', '--token', 'a-token-for-tests', '--write-token', 'a-token-for-tests'],
    /are the same/,
  ],
])('a configuration with writes %s is refused', async (_what, args, message) => {
  await expect(resolved(args)).rejects.toThrow(message)
})

test('GEODUCK_WRITES is true or false', async () => {
  const of = async (word: string) => (await resolved(['--live', 'live'], { GEODUCK_WRITES: word })).config.writes
  expect([await of('true'), await of('false')]).toEqual([true, false])
  expect((await resolved(['--live', 'live', '--writes'])).config.sources).toEqual([])
})

test('a mask in a file is no secret', async () => {
  const printed = printableConfig((await resolved(['./data', '--cursor-secret', 'correct horse battery'])).config)
  const { config, origins } = await resolved(['./data', '--config', await put(printed, 'geoduck.json')])
  expect(config.cursorSecret).toMatch(/^[\w-]{43}$/)
  expect(origins.cursorSecret).toBe('default')
})

test.each(['geoduck.json', 'geoduck.yaml', 'geoduck.yml'])('%s in the working directory is taken', async (name) => {
  await put('{\n\t"port": 8123\n}\n', name)
  process.chdir(folder)
  try {
    expect(await resolved(['./data'])).toMatchObject({ file: join(folder, name), config: { port: 8123 } })
    await put('port: 1', 'other.yaml')
    expect((await resolved(['./data', '--config', join(folder, 'other.yaml')])).config.port).toBe(1)
    expect((await resolved(['./data'], { GEODUCK_CONFIG: join(folder, 'other.yaml') })).config.port).toBe(1)
  } finally {
    process.chdir(home)
  }
})

const CASES: readonly (readonly [what: string, text: string, told: readonly string[]])[] = [
  ['a wrong number', '# ports\n\nport: many', ['line 3: `port` takes a whole number from 0 to 65535, not "many"']],
  ['a number of a text', 'host: 7', ['line 1: `host` takes an address or a host name, not 7']],
  [
    'a size',
    'port: 1\nmemoryLimitBytes: 3',
    ['line 2: `memoryLimitBytes` takes a size of at least 64MB, such as 512MB or 4GB, not 3'],
  ],
  ['a key near another', 'prot: 1', ['line 1: `prot` is not known; near: `port`']],
  ['the name of a flag', 'stall-timeout: 3', ['line 1: `stall-timeout` is not known; near: `stallSeconds`']],
  ['a key near none', 'host: a\nquux123: 1', ['line 2: `quux123` is not known; known: sources, layers, stores, engines, host,']],
  ['a wrong secret, which is not shown', 'cursorSecret: geheim', ['line 1: `cursorSecret` takes at least 16 characters$']],
  [
    'a secret of digits, which YAML reads as a number',
    'cursorSecret: 1234567890123456',
    ['line 1: `cursorSecret` takes at least 16 characters: write a number in quotes$'],
  ],
  [
    'an item of a list',
    'origins:\n  - https://a.example\n  - https://b.example/map',
    ['line 3: `origins` takes one or more origins'],
  ],
  [
    'a layer without a path',
    'layers:\n  - name: a\n',
    ['line 2: `layers[0].path` is missing: it takes a file, a folder, a glob pattern or the address of a GeoParquet object'],
  ],
  [
    'a key of a layer',
    'layers:\n  - name: a\n    path: b\n    colums: {}',
    ['line 4: `layers[0].colums` is not known; near: `columns`'],
  ],
  [
    'columns both ways',
    'layers: [{name: a, path: b, columns: {include: [c], exclude: [d]}}]',
    ['line 1: `layers[0].columns` takes either include'],
  ],
  [
    'columns of no way',
    'layers: [{name: a, path: b, columns: {}}]',
    ['line 1: `layers[0].columns` takes either include or exclude'],
  ],
  [
    'a name of two layers',
    'layers:\n- {name: a, path: b}\n- {name: a, path: c}',
    ['line 3: `layers[1].name` takes letters, digits, _ and -, and a name'],
  ],
  [
    'a name in GraphQL of two layers',
    'layers:\n- {name: a, path: b, graphqlName: roads}\n- {name: c, path: d, graphqlName: roads}',
    ['line 3: `layers[1].graphqlName` takes a name for layer c that layer a does not have, not "roads"'],
  ],
  [
    'an impossible name in GraphQL',
    'layers: [{name: a, path: b, graphqlName: __a}]',
    ['line 1: `layers[0].graphqlName` takes a name in camelCase'],
  ],
  [
    'a name in GraphQL of two columns, equal but for capitals',
    'layers: [{name: a, path: b, fields: {x y: {graphqlName: xY}, z: {graphqlName: x_y}}}]',
    ['line 1: `layers[0].fields` takes names for columns x y and z of layer a that differ in more than capitals and _'],
  ],
  [
    'a reserved name of a column',
    'layers: [{name: a, path: b, fields: {x: {graphqlName: geometry}}}]',
    ['line 1: `layers[0].fields` takes for column x of layer a another graphqlName than the reserved `geometry`'],
  ],
  [
    'an unknown member of a field',
    'layers: [{name: a, path: b, fields: {x: {graphqlNam: y}}}]',
    ['line 1: `layers[0].fields.x.graphqlNam` is not known; near: `graphqlName`'],
  ],
  ['a name with a space', 'layers: [{name: a b, path: b}]', ['line 1: `layers[0].name` takes letters, digits']],
  [
    'a key that is hidden',
    'layers: [{name: a, path: b, key: k, columns: {exclude: [k]}}]',
    ['line 1: `layers[0].key` takes the name of a column that is shown'],
  ],
  [
    'a key that is not included',
    'layers: [{name: a, path: b, key: k, columns: {include: [c]}}]',
    ['line 1: `layers[0].key` takes'],
  ],
  [
    'a CRS',
    'layers: [{name: a, path: b, crs: WGS84}]',
    ['line 1: `layers[0].crs` takes an authority and a code, such as EPSG:25832, not "WGS84"'],
  ],
  [
    'what is done',
    'layers: [{name: a, path: b, onInvalid: fix}]',
    ['line 1: `layers[0].onInvalid` takes one of flag, repair, drop, not "fix"'],
  ],
  [
    'a mirror of a file',
    'sources:\n  - a.parquet\n  - { path: b.parquet, mirror: true }',
    ['line 3: `sources` takes a list of files, folders, glob patterns and addresses, or { path: ADDRESS, mirror: true }'],
  ],
  ['a source with more', 'sources: [{ path: a, mirrors: true }]', ['line 1: `sources[0].mirrors` is not known; near: `mirror`']],
  ['a list', '- a', ['line 1: it takes settings by name, `sources`, `layers`, `stores` and `engines`']],
  ['a key twice', 'port: 1\nport: 2', ['line 2: Map keys must be unique']],
  ['what is no YAML', 'port: [1\nhost: a', ['line 2: ']],
  ['an alias of nothing', 'port: *a', ['Unresolved alias']],
  [
    'several at once',
    'port: -1\nworkers: 0\nhots: a',
    ['line 1: `port`', 'line 2: `workers`', 'line 3: `hots` is not known; near: `hosts`, `host`'],
  ],
]

test.each(CASES)('%s is refused with the line and what it takes', async (_what, text, told) => {
  const file = await put(text)
  const error: Error = await resolved(['./data', '--config', file]).then(
    () => Promise.reject(new Error('taken')),
    (reason: Error) => reason,
  )
  const [first, ...lines] = error.message.split('\n')
  expect(error.name).toBe('ConfigurationError')
  expect(first).toBe(`The configuration file ${file} is wrong:`)
  expect(lines).toHaveLength(told.length)
  for (const [n, line] of lines.entries()) {
    const wanted = told[n]!
    if (wanted.endsWith('$')) expect(line).toBe(`  ${wanted.slice(0, -1)}`)
    else expect(line).toContain(wanted)
  }
})

test('a file that is not there, and two side by side, are refused with what to do', async () => {
  await expect(resolved(['./data', '--config', join(folder, 'none.yaml')])).rejects.toThrow('it is not there. Correct --config')
  await put('port: 1', 'geoduck.json')
  await put('port: 1')
  process.chdir(folder)
  try {
    await expect(resolved(['./data'])).rejects.toThrow(
      'geoduck.json and geoduck.yaml are both here: keep one, or name one with --config',
    )
  } finally {
    process.chdir(home)
  }
})

test.each([
  '*secret-0123456789',
  '|secret-0123456789',
  '>secret-0123456789',
  '!secret-0123456789',
  '!e!secret-0123456789 x',
  '@secret-0123456789',
  '"secret-0123456789',
  "'secret'-0123456789",
  '{secret-0123456789',
  'secret: 0123456789',
  'secret',
  '[secret-0123456789]',
])('a token that cannot be read is not shown: %s', async (token) => {
  const file = await put(`port: 4001\ntoken: ${token}\n`)
  const message = await resolved(['a.parquet', '--config', file]).then(() => '', String)
  expect(message).toMatch(/^ConfigurationError: The configuration file .* is wrong:\n/)
  expect(message.replace(file, '')).not.toMatch(/secret|0123/)
})

test.each([
  'secret-0123456789',
  'token:secret-0123456789',
  '{token:secret-0123456789}',
  '- token: secret-0123456789',
  'sources:\n  token: secret-0123456789',
  'sources: [{ path: /data, password: secret-0123456789 }]',
  'host:\n  token: secret-0123456789',
  'layers: [{ name: a, path: { token: secret-0123456789 } }]',
])('a secret in the wrong place of a file is not shown: %s', async (text) => {
  const file = await put(`${text}\n`)
  const message = await resolved(['--config', file]).then(() => '', String)
  expect(message).toMatch(/^ConfigurationError: The configuration file .* is wrong:\n/)
  expect(message.replace(file, '')).not.toMatch(/secret|0123/)
})

test('an address as a source keeps its form in a file and in a printed configuration, without its password', async () => {
  const file = await put(stringify({ sources: ['postgres://reader:secret@example.org/city', 'a.parquet'] }))
  const { config } = await resolved(['--config', file])
  expect(JSON.parse(printableConfig(config))).toMatchObject({
    sources: ['postgres://example.org/city', join(folder, 'a.parquet')],
  })
})

test('an address in GEODUCK_SOURCES is one source, although it holds colons', async () => {
  const { config } = await resolved([], { GEODUCK_SOURCES: '/data/a.parquet:/data/b.parquet:https://example.org:8080/c.parquet' })
  expect(config.sources).toEqual(['/data/a.parquet', '/data/b.parquet', 'https://example.org:8080/c.parquet'])
  for (const address of ['https://reader:secret@example.org', '"https://reader:secret@example.org"', 'https://a/b:https://c/d'])
    expect((await resolved([], { GEODUCK_SOURCES: address })).config.sources).toEqual([address])
})
