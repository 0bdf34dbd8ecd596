/** Set-up in a checkout that has nothing yet. */
import { spawn } from 'node:child_process'
import { cp, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ROOT } from '../../support/environment.ts'
import { alive, descendants, elapsed, launch } from '../../support/launched.ts'
import { runProgram } from '../../support/program.ts'

const FILES = ['package.json', 'package-lock.json', '.npmrc', 'schema.graphql', 'scripts', 'src']
/** npm sets these for the scripts that it runs. With them the inner npm would work on the outer package. */
const OUTER_RUN = /^(INIT_CWD|npm_(command|lifecycle_.*|package_.*|config_local_prefix))$/

const inherited = Object.entries(process.env).filter(([name]) => !OUTER_RUN.test(name))
const environment = Object.fromEntries(inherited) as Record<string, string>
const setUp = ['scripts/setup.mjs']
let checkout: string

beforeAll(async () => {
  checkout = await mkdtemp(join(tmpdir(), 'geoduck-setup-'))
  for (const file of FILES) await cp(join(ROOT, file), join(checkout, file), { recursive: true })
})

afterAll(async () => {
  await rm(checkout, { recursive: true })
})

test('set-up names the registry and what to do when it cannot be reached', async () => {
  const unreachable = { npm_config_registry: 'http://127.0.0.1:9/', npm_config_cache: join(checkout, '.geoduck/cache') }
  const { code, stderr } = await runProgram(process.execPath, setUp, {
    cwd: checkout,
    environment: { ...environment, ...unreachable },
  })
  expect(code).toBe(1)
  expect(stderr).toMatch(/^set-up: the first start brings what is missing, into node_modules\/ and \.geoduck\/\n/)
  expect(stderr).toMatch(/^The npm registry cannot be reached: ECONNREFUSED at http:\/\/127\.0\.0\.1:9\/.*Start again/m)
  expect(stderr).not.toContain('    at ')
})

test('set-up leaves no process and no stamp when it is stopped while npm installs', async () => {
  const stopped = launch(process.execPath, setUp, { cwd: checkout, environment })
  await expect.poll(() => readdir(join(checkout, 'node_modules')).catch(() => [])).not.toEqual([])
  const processes = descendants(stopped.pid)
  process.kill(stopped.pid, 'SIGTERM')
  expect(await stopped.ended).toBe(1)
  // An install that continues would take seconds.
  await expect.poll(() => alive(processes), { timeout: 500 }).toEqual([])
  expect(stopped.stderr()).toMatch(/^set-up: dependencies \.\.\.$/m)
  expect(await readdir(join(checkout, '.geoduck'))).not.toContain('stamps')
})

test('the next set-up mends that, and shows its progress in one line on a terminal', { timeout: 300_000 }, async () => {
  const terminal = spawn('script', ['--quiet', '--return', '--command', `${process.execPath} ${setUp}`, '/dev/null'], {
    cwd: checkout,
    env: environment,
  })
  let shown = ''
  terminal.stdout.on('data', (chunk: Buffer) => (shown += chunk.toString()))
  expect(await new Promise((resolve) => terminal.once('close', resolve)), shown).toBe(0)
  const text = shown.replaceAll('\u001b[K', '')
  expect(text).toMatch(/\rset-up: dependencies \[[# ]{24}\] \d+ of \d+ packages/)
  for (const step of ['dependencies', 'pinned Node', 'demo data'])
    expect(text).toMatch(new RegExp(`\rset-up: ${step} \\.\\.\\. done in \\d+\\.\\d s\r\n`))
  expect(await readdir(join(checkout, '.geoduck/demo'))).toEqual(['countries.parquet', 'observations.parquet'])
})

test('what serves needs no package for tests', async () => {
  expect(await readdir(join(checkout, 'node_modules'))).not.toContain('vitest')
  const node = join(checkout, 'node_modules/.bin/node')
  const args = [join(checkout, 'src/main.ts'), 'schema', join(checkout, '.geoduck/demo')]
  const { stdout, stderr } = await runProgram(node, args, { cwd: checkout, environment })
  expect(stdout, stderr).toContain('type ObservationsFeature')
})

test('a second set-up prints nothing and costs little more than a start of Node', async () => {
  const nodeAlone: number[] = []
  const withSetUp: number[] = []
  // The fastest of five interleaved runs: a busy machine slows single runs down.
  for (let run = 0; run < 5; run++) {
    nodeAlone.push(await elapsed(runProgram(process.execPath, ['--eval', '0'], { cwd: checkout })))
    const second = runProgram(process.execPath, setUp, { cwd: checkout, environment })
    withSetUp.push(await elapsed(second))
    expect(await second).toEqual({ code: 0, stdout: '', stderr: '' })
  }
  expect(Math.min(...withSetUp)).toBeLessThan(5 * Math.min(...nodeAlone))
})

test('set-up shows progress as plain lines when there is no terminal', async () => {
  const program = `
    const { showSteps } = await import(${JSON.stringify(join(ROOT, 'scripts/setup/progress.mjs'))})
    const show = showSteps()
    const run = () => new Promise((resolve) => setTimeout(resolve, 2_500))
    await show.run({ name: 'a step', run, progress: () => ({ done: 3, total: 7 }) })
    show.end()`
  const { stderr } = await runProgram(process.execPath, ['--input-type=module', '--eval', program])
  expect(stderr.split('\n')).toEqual([
    'set-up: a step ...',
    expect.stringMatching(/^set-up: a step 3 of 7 packages \.\.\. 2\.\d s$/),
    expect.stringMatching(/^set-up: a step \.\.\. done in 2\.\d s$/),
    '',
  ])
})
