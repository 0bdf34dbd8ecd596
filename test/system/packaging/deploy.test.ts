/** The Dockerfile and the systemd unit, as far as they can be checked without a container engine or a service manager. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { machineDefaults } from '../../../src/config/defaults.ts'
import { settings } from '../../../src/config/settings.ts'
import { ROOT } from '../../support/environment.ts'
import { runProgram } from '../../support/program.ts'
import { PLACES, startListening } from '../../support/server.ts'

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

test('every setting that the image, the unit and their comments name is one of the program', () => {
  const flags = Object.values(settings(machineDefaults({ processors: 2, memoryBytes: 1e9, openFiles: 20_000 }))).map(
    ({ flag }) => flag.slice(2).split(' ')[0]!,
  )
  const known = new Set([...flags, 'sources'].map((name) => `GEODUCK_${name.toUpperCase().replaceAll('-', '_')}`))
  const named = [...`${DOCKERFILE}${UNIT}`.matchAll(/GEODUCK_[A-Z_]+/g)].map(([name]) => name)
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
