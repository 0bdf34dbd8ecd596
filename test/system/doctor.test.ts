/** `geoduck doctor`, run as a user runs it, on machines that are well and on some that are not. */
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, expect, test } from 'vitest'
import { checkNode } from '../../src/commands/doctor/machine.ts'
import { fixture } from '../fixtures/index.ts'
import { ROOT } from '../support/environment.ts'
import { runProgram } from '../support/program.ts'
import { SPATIAL_EXTENSION } from '../support/spatial-extension.ts'

const parcels = await fixture('configured/parcels.parquet')
let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'geoduck-doctor-'))
  return () => rm(folder, { recursive: true })
})

async function doctor(args: readonly string[], environment: NodeJS.ProcessEnv = {}) {
  const { code, stdout, stderr } = await runProgram(process.execPath, [join(ROOT, 'src/main.ts'), 'doctor', ...args], {
    environment: { XDG_CACHE_HOME: join(folder, 'cache'), GEODUCK_SPATIAL_EXTENSION: SPATIAL_EXTENSION, ...environment },
    cwd: folder,
  })
  const lines = stdout.split('\n')
  /** The line of that, and those that say what to do. */
  const told = (what: string) => {
    const at = lines.findIndex((line) => line.slice(7).startsWith(what))
    const end = lines.findIndex((line, n) => n > at && !line.startsWith('       '))
    return lines.slice(at, end < 0 ? undefined : end).map((line) => line.replace(/ {2,}/g, ' ').trim())
  }
  return { code, stdout, stderr, told }
}

test('where all is well every line is ok and it ends with 0', async () => {
  const { code, stdout, stderr, told } = await doctor([parcels, '--port', '0', '--workers', '1', '--temp-limit', '1MB'])
  expect([code, stderr]).toEqual([0, ''])
  expect(stdout).toMatch(/\nAll is well\.\n$/)
  const states = stdout
    .split('\n\n')[0]!
    .split('\n')
    .map((line) => line.slice(0, 5).trim())
  expect(states).toEqual(Array(10).fill('ok'))
  expect(told('Node')[0]).toBe(`ok Node ${process.versions.node} (24.9 or newer is required)`)
  expect(told('DuckDB')[0]).toBe('ok DuckDB 1.5.5')
  expect(told('spatial extension')[0]).toContain(`configured: ${SPATIAL_EXTENSION}; a process that loads it took`)
  expect(told('memory')[0]).toMatch(/^ok memory [\d.]+ GB, .*control group; .* a worker, .* for all engines$/)
  expect(told('port')[0]).toBe('ok port any free one on 127.0.0.1')
  expect(told('source')[0]).toBe(`ok source ${parcels}: 1 Parquet`)
})

test('it shows values that differ from their default, with their origin, and no secret', async () => {
  await writeFile(
    join(folder, 'geoduck.yaml'),
    `cursorSecret: correct horse battery\nlayers: [{ name: land, path: ${parcels} }]\n`,
  )
  const { code, stdout, told } = await doctor(['--port', '0'], { GEODUCK_LOG_LEVEL: 'warn' })
  expect(code).toBe(0)
  expect(told('configuration')[0]).toBe(`ok configuration ${join(folder, 'geoduck.yaml')}`)
  expect(told('layer land')[0]).toBe(`ok layer land ${parcels}: 1 Parquet`)
  const rows = stdout
    .slice(stdout.indexOf('Settings that'))
    .split('\n')
    .slice(1, -3)
    .map((line) => line.trim().split(/ {2,}/))
  expect(rows).toEqual([
    ['port', '0', 'command line'],
    ['logLevel', 'warn', 'environment'],
    ['spatialExtension', SPATIAL_EXTENSION.length > 60 ? expect.stringMatching(/…$/) : SPATIAL_EXTENSION, 'environment'],
    ['cursorSecret', '****************', join(folder, 'geoduck.yaml')],
    ['layers', 'land', join(folder, 'geoduck.yaml')],
  ])
  expect(stdout).not.toContain('horse')
})

test('a cursor secret that other servers of the same proxy do not have is a note, here and in the log', async () => {
  const proxied = ['--port', '0', '--trust-proxy', '1']
  const { code, told } = await doctor([parcels, ...proxied])
  expect(code).toBe(0)
  expect(told('cursor secret')[0]).toMatch(/^note cursor secret The cursor secret is of this machine only/)
  expect(told('cursor secret')[1]).toContain('the same --cursor-secret')
  expect((await doctor([parcels, ...proxied, '--cursor-secret', 'correct horse battery'])).told('cursor secret')).toEqual([])
  expect((await doctor([parcels, '--port', '0'])).told('cursor secret')).toEqual([])
  // The log has it before the server looks for its layers.
  const environment = { XDG_CACHE_HOME: join(folder, 'cache') }
  const serve = (...args: string[]) =>
    runProgram(process.execPath, [join(ROOT, 'src/main.ts'), join(folder, 'absent.parquet'), ...proxied, ...args], {
      environment,
    })
  expect((await serve()).stderr).toContain('The cursor secret is of this machine only')
  expect((await serve('--cursor-secret', 'correct horse battery')).stderr).not.toContain('of this machine only')
})

test('a port that is in use, paths that hold nothing and a temp directory that takes no files are wrong: 1, and what to do', async () => {
  const other = createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  const { port } = other.address() as AddressInfo
  await mkdir(join(folder, 'empty'))
  await writeFile(join(folder, 'text.parquet'), 'This is no Parquet.\n')
  const paths = ['absent.parquet', 'empty', 'text.parquet'].map((name) => join(folder, name))
  const { code, stdout, told } = await doctor([...paths, parcels, '--port', String(port), '--temp-directory', '/dev/null/spill'])
  other.close()
  expect(code).toBe(1)
  expect(stdout).toMatch(/\n5 of 13 are wrong\.\n$/)
  expect(told('port')).toEqual([
    `wrong port ${port} on 127.0.0.1 is in use`,
    'end the program that listens there, or choose another --port (0 takes any free one)',
  ])
  expect(told('temp directory')).toEqual([
    'wrong temp directory /dev/null/spill: it cannot be written (ENOTDIR)',
    'name one that can be written: --temp-directory',
  ])
  for (const [path, reason] of [
    [paths[0], 'there is no such file or folder'],
    [paths[1], 'it holds no file that can be served'],
    [paths[2], 'it is not Parquet, although its name says so: write it again, or rename it'],
  ])
    expect(stdout.replace(/ {2,}/g, ' ')).toContain(`wrong source ${path}\n ${reason}`)
})

test('an address that is not of this machine is wrong', async () => {
  const { code, told } = await doctor([parcels, '--host', '192.0.2.1', '--port', '0', '--allow-anonymous', 'true'])
  expect([code, told('port')]).toEqual([1, ['wrong port 0 on 192.0.2.1 is not an address of this machine', 'correct --host']])
})

test('an extension that is not there, and one that does not load, are wrong', async () => {
  const absent = await doctor([parcels, '--port', '0', '--spatial-extension', '/nowhere/spatial.duckdb_extension'])
  expect([absent.code, absent.told('spatial extension')]).toEqual([
    1,
    ['wrong spatial extension it is not available', expect.stringContaining('correct --spatial-extension or leave it out')],
  ])
  const text = join(folder, 'spatial.duckdb_extension')
  await writeFile(text, 'This is no extension.\n')
  const { code, told } = await doctor([parcels, '--port', '0', '--spatial-extension', text])
  const [line, remedy] = told('spatial extension')
  expect(code).toBe(1)
  expect(line).toMatch(/^wrong spatial extension .*spatial\.duckdb_extension does not load: /)
  expect(remedy).toBe('name the extension of DuckDB 1.5.5 for this platform, or leave --spatial-extension out')
})

test('an extension that would have to be fetched is a note, and nothing is fetched', async () => {
  const { code, told } = await doctor([parcels, '--port', '0'], { GEODUCK_SPATIAL_EXTENSION: undefined, HOME: folder })
  expect([code, told('spatial extension')[0]]).toEqual([0, 'note spatial extension it is not on this machine yet'])
})

test('a wrong configuration is reported with its lines, and everything else is still checked', async () => {
  await writeFile(join(folder, 'geoduck.yaml'), 'port: 1\nprot: many\n')
  const { code, told } = await doctor([parcels])
  expect([code, told('configuration')]).toEqual([
    1,
    [
      'wrong configuration it cannot be used',
      `The configuration file ${join(folder, 'geoduck.yaml')} is wrong:`,
      'line 2: `prot` is not known; near: `port`',
    ],
  ])
  expect(told('DuckDB')[0]).toMatch(/^ok/)
})

test('without a path it says how to name one, and without colours it is plain text', async () => {
  const { code, stdout, told } = await doctor(['--port', '0'])
  expect([code, told('source')]).toEqual([
    0,
    ['note source none is named', 'name files, folders or globs: geoduck doctor PATH...'],
  ])
  expect(stdout).not.toContain('\u001b')
})

test('memory that is not there, and a cache that cannot be written, are notes', async () => {
  const args = [parcels, '--port', '0', '--memory-limit', '900TB', '--workers', '200']
  const { code, told } = await doctor(args, { XDG_CACHE_HOME: '/dev/null' })
  expect(code).toBe(0)
  expect(told('memory')[1]).toBe('that is more than there is: lower --memory-limit or --workers')
  expect(told('processors')[0]).toMatch(/^note/)
  expect(told('cache directory')[0]).toMatch(/^note cache directory \/dev\/null\/geoduck: it cannot be written/)
})

test('a Node that is too old is wrong', () => {
  expect(checkNode('24.8.9')).toMatchObject({ state: 'wrong', remedy: 'install Node 24.9 or newer' })
  expect(checkNode('24.9.0').state).toBe('ok')
  expect(checkNode('25.0.0').state).toBe('ok')
})
