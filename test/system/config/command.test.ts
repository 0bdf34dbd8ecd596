import { readFileSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildSchema, type GraphQLInterfaceType } from 'graphql'
import { describe, expect, test } from 'vitest'
import { machineDefaults } from '../../../src/config/defaults.ts'
import { type Setting, settingGroups } from '../../../src/config/settings.ts'
import { ROOT } from '../../support/environment.ts'
import { runProgram } from '../../support/program.ts'
import { PLACES, serve } from '../../support/server.ts'
import { SPATIAL_EXTENSION } from '../../support/spatial-extension.ts'

const geoduck = (args: readonly string[], environment = {}) =>
  runProgram(process.execPath, [join(ROOT, 'src/main.ts'), ...args], { environment, cwd: ROOT })

async function configOf(args: readonly string[], environment = {}) {
  const { stdout, stderr } = await geoduck([...args, '--print-config'], environment)
  expect(stderr).toBe('')
  return JSON.parse(stdout)
}

test('a flag wins over the environment, and the environment over the default', async () => {
  expect(await configOf(['a.parquet'])).toMatchObject({ port: 4000, workers: expect.any(Number), pageBytes: 32_000_000 })
  expect(await configOf(['a.parquet'], { GEODUCK_PORT: '8080' })).toMatchObject({ port: 8080 })
  expect(await configOf(['a.parquet', '--port', '9'], { GEODUCK_PORT: '8080' })).toMatchObject({ port: 9 })
})

test('paths are made absolute, and the environment names them where the command line does not', async () => {
  const sources = [join(ROOT, 'a.parquet'), '/data/*.parquet']
  expect(await configOf(['a.parquet', '/data/*.parquet'])).toMatchObject({ sources })
  expect(await configOf([], { GEODUCK_SOURCES: 'a.parquet:/data/*.parquet' })).toMatchObject({ sources })
  expect(await configOf(['serve', 'a.parquet'])).toMatchObject({ sources: sources.slice(0, 1) })
})

test('sizes and lists are read as a person writes them', async () => {
  const args = ['a.parquet', '--memory-limit', '512MB', '--origins', 'https://a.example, http://b.example:8080']
  expect(await configOf(args)).toMatchObject({
    memoryLimitBytes: 512_000_000,
    origins: ['https://a.example', 'http://b.example:8080'],
  })
})

test('a printed configuration does not show the cursor secret', async () => {
  const { stdout } = await geoduck(['a.parquet', '--print-config', '--cursor-secret', 'correct horse battery'])
  expect(stdout).not.toContain('correct horse')
})

test('other machines are served with a token, or when a setting allows them without one', async () => {
  const refused = await geoduck(['a.parquet', '--host', '0.0.0.0', '--print-config'])
  expect([refused.code, refused.stdout]).toEqual([1, ''])
  expect(refused.stderr).toMatch(/every layer on 0\.0\.0\.0: set --token, or --allow-anonymous true\.\n$/)
  const token = { GEODUCK_TOKEN: 'correct-horse-battery' }
  expect(await configOf(['a.parquet', '--host', '0.0.0.0'], token)).toMatchObject({ host: '0.0.0.0', token: '****************' })
  expect(await configOf(['a.parquet', '--host', '::', '--allow-anonymous', 'true'])).toMatchObject({ host: '::', token: null })
  expect(await configOf(['a.parquet', '--host', '127.0.0.2'])).toMatchObject({ host: '127.0.0.2', token: null })
})

test('proxies are counted or named', async () => {
  expect(await configOf(['a.parquet', '--trust-proxy', '2'])).toMatchObject({ trustProxy: 2 })
  expect(await configOf(['a.parquet', '--trust-proxy', 'loopback, 10.0.0.0/8,::1'])).toMatchObject({
    trustProxy: ['loopback', '10.0.0.0/8', '::1'],
  })
})

test.each([
  ['--port', '70000', 'a whole number from 0 to 65535'],
  ['--port', '4000x', 'a whole number from 0 to 65535'],
  ['--memory-limit', '3', 'a size of at least 64MB'],
  ['--log-level', 'loud', 'one of trace, debug'],
  ['--deadline', '-1', 'seconds'],
  ['--origins', 'https://a.example/map', 'origins such as'],
  ['--cursor-secret', 'short', 'at least 16 characters'],
  ['--log-pretty', 'maybe', 'true or false'],
  ['--token', 'too short', 'at least 16 characters'],
  ['--token', 'a token with blanks in it', 'no blanks'],
  ['--trust-proxy', 'everybody', 'how many proxies there are'],
  ['--trust-proxy', '10.0.0.0/33', 'how many proxies there are'],
  ['--max-tokens', '5000', 'a whole number from 100 to 4000'],
])('%s %s is refused with what the flag takes', async (flag, value, takes) => {
  const { code, stdout, stderr } = await geoduck(['a.parquet', `${flag}=${value}`])
  expect(code).toBe(1)
  expect(stdout).toBe('')
  expect(stderr).toContain(flag)
  expect(stderr).toContain(takes)
})

test.each([
  ['a token that is too short', ['--token', 'hunter2'], {}, '--token <text> or GEODUCK_TOKEN'],
  ['a token with a blank', ['--token=hunter2 0123456789'], {}, '--token <text> or GEODUCK_TOKEN'],
  ['a token in the environment', [], { GEODUCK_TOKEN: 'hunter2' }, '--token <text> or GEODUCK_TOKEN'],
  ['a cursor secret', ['--cursor-secret', 'hunter2'], {}, '--cursor-secret <text> or GEODUCK_CURSOR_SECRET'],
  ['a token after a mistyped flag', ['--tokn=hunter2-0123456789'], {}, "'--tokn'"],
  ['a token of two lines after a mistyped flag', ["--tokn=hunt'er2\nhunter2"], {}, "'--tokn'"],
  ['a token after a short flag', ['-thunter2'], {}, "'-t'"],
  ['a password in a source', ['postgres://reader:hunter2@example.org/city'], {}, 'postgres://example.org/city'],
  ['a signature in a source', ['ftp://example.org/a.parquet?sig=hunter2'], {}, 'ftp://example.org/a.parquet'],
  [
    'a password in GEODUCK_SOURCES',
    [],
    { GEODUCK_SOURCES: 'a.parquet:postgres://me:hunter2@example.org:5432/x' },
    'example.org:5432/x',
  ],
])('%s is refused without being shown', async (_what, args, environment, shown) => {
  for (const command of [[], ['doctor']]) {
    const { code, stdout, stderr } = await geoduck([...command, ...args, '--port', '0'], {
      ...environment,
      XDG_CACHE_HOME: tmpdir(),
    })
    expect(code).toBe(1)
    expect(stdout + stderr).toContain(shown)
    expect(stdout + stderr).not.toContain('hunter2')
  }
})

test("a wrong value in the environment is refused with the variable's name", async () => {
  const { code, stderr } = await geoduck(['a.parquet'], { GEODUCK_WORKERS: 'many' })
  expect(code).toBe(1)
  expect(stderr).toContain('GEODUCK_WORKERS')
})

test('without anything to serve it says how to name something', async () => {
  const { code, stderr } = await geoduck([])
  expect(code).toBe(1)
  expect(stderr).toContain('name files, folders or globs')
})

test.each([
  [['prepar', 'data'], '`prepar` is neither a command nor a file or folder. Near: geoduck prepare.'],
  [['prepar', 'data', '--prune'], 'Near: geoduck prepare.'],
  [['sever', 'a.parquet'], 'Near: geoduck serve.'],
  [['Doctor'], 'Near: geoduck doctor.'],
  [['--port', '0', 'shema'], 'Near: geoduck schema.'],
  [['--port', '0', 'explian', 'places', '--port', '1'], 'Near: geoduck explain.'],
  [['start', 'a.parquet'], 'Commands: serve, prepare, import, export, live, explain, doctor, schema, config-schema.'],
])('a mistyped command is no path: %j', async (args, message) => {
  const { code, stdout, stderr } = await geoduck(args)
  expect([code, stdout]).toEqual([1, ''])
  expect(stderr).toContain(message)
})

test('a word is a path if there is such a folder, after serve, and with a dot or a slash', async () => {
  expect(await configOf(['test'])).toMatchObject({ sources: [join(ROOT, 'test')] })
  for (const args of [['serve', 'sever'], ['--port', '0', 'serve', 'sever'], ['./sever']])
    expect(await configOf(args)).toMatchObject({ sources: [join(ROOT, 'sever')] })
  expect(await configOf(['sever.parquet'])).toMatchObject({ sources: [join(ROOT, 'sever.parquet')] })
})

test('paths that are not there are named before anything else is printed', async () => {
  const { code, stdout, stderr } = await geoduck(['nowhere.parquet', 'gs://bucket/a.parquet', '--port', '0'])
  expect([code, stdout]).toEqual([1, ''])
  expect(stderr).toBe(
    [
      'No layer can be served.',
      '  nowhere.parquet: there is no such file or folder',
      '  gs://bucket/a.parquet: it is object storage, and only files of this machine are served: download it first, and name the file',
      '',
    ].join('\n'),
  )
})

test('--help shows examples and the ten flags that are used most, on one page', async () => {
  const { code, stdout } = await geoduck(['--help'])
  expect(code).toBe(0)
  expect(stdout).toContain('Examples:')
  expect(stdout.split('\n').length).toBeLessThanOrEqual(55)
  const flags = [...stdout.matchAll(/^ {2}(--\S+)/gm)].map(([, flag]) => flag)
  const own = ['--help', '--help-all', '--version']
  expect(flags.filter((flag) => !own.includes(flag!))).toEqual([
    '--config',
    '--host',
    '--port',
    '--origins',
    '--token',
    '--log-level',
    '--workers',
    '--memory-limit',
    '--deadline',
    '--cache-directory',
  ])
  expect(stdout).toMatch(/geoduck --help-all shows every flag\.\n$/)
})

test('--help-all shows every flag below the heading of its group, with its default and its variable', async () => {
  const { code, stdout, stderr } = await geoduck(['--help-all'])
  expect([code, stderr]).toEqual([0, ''])
  expect(stdout.replaceAll(/\s+/g, ' ')).toContain('(default: 4000, env: GEODUCK_PORT)')
  const shown = stdout.split(/^(?=\S.*:$)/m).map((part) => {
    const [heading] = part.split(':\n')
    return [heading, [...part.matchAll(/^ {2}(--\S+)/gm)].map(([, flag]) => flag)] as const
  })
  const groups = settingGroups(machineDefaults({ processors: 2, memoryBytes: 1e9, openFiles: 20_000 }))
  const expected = Object.entries(groups).map(([heading, group]) => [
    heading,
    Object.values<Setting>(group).map(({ flag }) => flag.split(' ')[0]),
  ])
  expect(shown.filter(([heading, flags]) => flags.length > 0 && heading !== 'Options')).toEqual(expected)
  const options = ['--version', '--help-all', '--config', '--print-config', '--help']
  expect(shown.find(([heading]) => heading === 'Options')?.[1]).toEqual(options)
})

describe('schema', () => {
  const generic = readFileSync(join(ROOT, 'schema.graphql'), 'utf8')
  const environment = { GEODUCK_SPATIAL_EXTENSION: SPATIAL_EXTENSION, XDG_CACHE_HOME: tmpdir() }

  test('prints the part of the schema that is the same for all, and with a path also the types of each layer there', async () => {
    expect((await geoduck(['schema'])).stdout).toBe(generic)
    const schema = buildSchema((await geoduck(['schema', PLACES], environment)).stdout)
    for (const type of Object.keys(buildSchema(generic).getTypeMap())) expect(schema.getType(type), type).toBeDefined()
    expect(schema.getPossibleTypes(schema.getType('Feature') as GraphQLInterfaceType).map(String)).toEqual(['PlacesFeature'])
    expect(schema.getQueryType()!.getFields()['places']?.type.toString()).toBe('PlacesConnection!')
  })

  test('refuses paths of which none exists, instead of printing a schema without their layers', async () => {
    expect(await geoduck(['schema', 'nowhere', 'gs://bucket/roads.parquet'], environment)).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/^No layer can be served\.\n {2}nowhere: there is no such file or folder\n {2}gs:/),
    })
  })

  test('prints the same of a running server with --url, and says why it cannot', async () => {
    const server = await serve([PLACES], { token: '0123456789abcdef' })
    const { stdout } = await geoduck(['schema', PLACES], environment)
    for (const url of [server.url, `${server.url}/graphql`])
      expect((await geoduck(['schema', '--url', url, '--token', '0123456789abcdef'])).stdout).toBe(stdout)
    const refused = await geoduck(['schema', '--url', server.url])
    expect([refused.code, refused.stderr]).toEqual([
      1,
      expect.stringMatching(/^The server at \S+ does not show its schema: .*token/i),
    ])
    await server.close()
    const gone = await geoduck(['schema', '--url', server.url])
    expect([gone.code, gone.stderr]).toEqual([
      1,
      `No server answers at ${server.url}/graphql; correct --url, or start the server.\n`,
    ])
    expect((await geoduck(['schema', PLACES, '--url', server.url])).stderr).toMatch(/^Name either PATH or --url/)
    for (const url of ['nonsense', 'user:secret@example.org', '//user:secret@example.org', 'ftp://user:secret@example.org'])
      expect((await geoduck(['schema', '--url', url])).stderr).toMatch(/^--url is not the URL of a server; name one such as http/)
    for (const url of [`${server.url}/graphql?token=secret#secret`, `${server.url.replace('//', '//user:secret@')}/graphql`])
      expect((await geoduck(['schema', '--url', url])).stderr).not.toContain('secret')
    expect((await geoduck(['schema', '--help'])).stdout).toContain('geoduck schema --url http://127.0.0.1:4000/graphql')
  })
})

test('config-schema prints the JSON schema that is shipped', async () => {
  const { stdout } = await geoduck(['config-schema'])
  expect(stdout).toBe(await readFile(join(ROOT, 'geoduck.schema.json'), 'utf8'))
})

test('the documentation has every setting with its current value', async () => {
  const { code, stdout } = await runProgram(process.execPath, [join(ROOT, 'scripts/reference.ts'), '--check'], { cwd: ROOT })
  expect([stdout, code]).toEqual(['', 0])
})

test('a file is read by the program, which says so, and a printed configuration starts it as well', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'geoduck-command-'))
  try {
    const file = join(folder, 'geoduck.yaml')
    await writeFile(file, 'port: 4321\nsources: [nowhere.parquet]\n')
    const first = await geoduck(['--print-config', '--config', file])
    expect(JSON.parse(first.stdout)).toMatchObject({ port: 4321, sources: [join(folder, 'nowhere.parquet')] })
    await writeFile(join(folder, 'printed.json'), first.stdout)
    expect(await geoduck(['--print-config', '--config', join(folder, 'printed.json')])).toEqual(first)
    const { code, stderr } = await geoduck(['--port', '0'], { GEODUCK_CONFIG: file })
    expect(code).toBe(1)
    expect(stderr).toContain(`Configured by ${file}`)
    expect(stderr).toContain('nowhere.parquet: there is no such file or folder')
  } finally {
    await rm(folder, { recursive: true })
  }
})

test("--version is the package's", async () => {
  const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'))
  expect((await geoduck(['--version'])).stdout).toBe(`${version}\n`)
})
