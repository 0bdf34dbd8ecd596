import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ROOT, SHARED } from '../../support/environment.ts'
import { alive, descendants, elapsed, type Launched, launch } from '../../support/launched.ts'

const PLACES = join(SHARED, 'data/places.parquet')
const READY = /^ready (http:\/\/127\.0\.0\.1:\d+)$/

/** To be ended if a test fails: those that outlive their parents are not found below them. */
const started: number[] = []

afterAll(() => {
  for (const pid of alive(started)) process.kill(pid, 'SIGKILL')
})

function start(args: readonly string[], environment = {}): Launched {
  const launched = launch('npm', ['start', '--', ...args], { cwd: ROOT, environment })
  started.push(launched.pid)
  return launched
}

async function gone(pids: readonly number[], ms: number): Promise<number[]> {
  const until = performance.now() + ms
  while (alive(pids).length > 0 && performance.now() < until) await delay(50)
  return alive(pids)
}

/** 3 s, or on a starved machine as long as a start took, in part. */
const patience = (began: number) => Math.max(3_000, (performance.now() - began) / 2)

/** npm, the launcher, the server, its workers: outermost first. */
async function ready(launched: Launched): Promise<number[]> {
  await launched.line(READY)
  const processes = [launched.pid, ...descendants(launched.pid)]
  started.push(...processes)
  return processes
}

describe('npm start', () => {
  let server: Launched
  let url: string

  beforeAll(async () => {
    const args = ['start', '--prefix', ROOT, '--', 'places.parquet', '--port', '0']
    server = launch('npm', args, { cwd: join(SHARED, 'data') })
    url = (await server.line(READY))[1]!
  })

  afterAll(async () => {
    process.kill(server.pid, 'SIGTERM')
    await server.ended
  })

  test('says what it serves and where before it says ready, alone on a line', async () => {
    const said = server.lines.slice(0, server.lines.indexOf(`ready ${url}`)).join('\n')
    for (const path of ['/graphql', '/graphiql', '/map', '/health']) {
      expect(said).toContain(`${url}${path}`)
      expect((await fetch(`${url}${path}`, { headers: { accept: 'text/html' } })).status, path).toBeLessThan(400)
    }
  })

  test('takes a relative path from where the command was given', () => {
    expect(server.lines.join('\n')).toContain(PLACES)
  })

  test('ends with 1 and what to do when the port is taken', async () => {
    const second = start([PLACES, '--port', new URL(url).port])
    expect(await second.ended).toBe(1)
    expect(second.stderr()).toContain('--port')
    expect(second.stderr()).not.toContain('    at ')
  })

  test('ends with 1 and the reason when nothing can be served', async () => {
    const nothing = start([join(SHARED, 'data/README.md'), '--port', '0'])
    expect(await nothing.ended).toBe(1)
    expect(nothing.stderr()).toContain('README.md')
  })

  test('the server listens within 3 s when set-up is complete', async () => {
    const ratios: number[] = []
    // npm alone takes 0.3 s on an idle machine. The best of three runs counts: a busy machine slows single runs down.
    for (let run = 0; run < 3 && !ratios.some((ratio) => ratio < 1); run++) {
      const npmAlone = await elapsed(launch('npm', ['--version'], { cwd: ROOT }).ended)
      const listens = await elapsed(start([PLACES, '--port', '0']).line(/GraphQL/))
      ratios.push(listens / Math.max(3_000, 8 * npmAlone))
    }
    expect(Math.min(...ratios)).toBeLessThan(1)
  })
})

describe.concurrent('the end', () => {
  test('SIGTERM to npm closes in order: every process ends, exit code 0', async ({ expect }) => {
    const server = start([PLACES, '--port', '0'])
    const processes = await ready(server)
    process.kill(server.pid, 'SIGTERM')
    expect(await server.ended).toBe(0)
    expect(server.stderr()).toContain('Stopped')
    expect(await gone(processes, 1_000)).toEqual([])
  })

  test('Ctrl-C, which reaches the whole process group and comes again from npm, is one signal', async ({ expect }) => {
    const server = start([PLACES, '--port', '0'])
    const processes = await ready(server)
    process.kill(-server.pid, 'SIGINT')
    expect(await server.ended).toBe(0)
    expect(server.stderr()).toContain('Stopped')
    expect(await gone(processes, 1_000)).toEqual([])
  })

  test.each(['npm', 'launcher', 'server'])('kill -9 of the %s leaves no process and no file', async (which) => {
    const folder = mkdtempSync(join(tmpdir(), 'geoduck-start-'))
    const began = performance.now()
    const server = start([PLACES, '--port', '0', '--temp-directory', folder])
    const processes = await ready(server)
    expect(readdirSync(folder)).not.toEqual([])
    process.kill(processes[['npm', 'launcher', 'server'].indexOf(which)]!, 'SIGKILL')
    expect(await gone(processes, patience(began))).toEqual([])
    expect(readdirSync(folder)).toEqual([])
    rmSync(folder, { recursive: true })
  })

  test('Ctrl-C on a terminal leaves no process and no file', async ({ expect }) => {
    const folder = mkdtempSync(join(tmpdir(), 'geoduck-start-'))
    const command = `npm start -- ${PLACES} --port 0 --temp-directory ${folder}`
    const terminal = spawn('script', ['--quiet', '--command', command, '/dev/null'], { cwd: ROOT })
    started.push(terminal.pid!)
    let shown = ''
    terminal.stdout.on('data', (chunk: Buffer) => (shown += chunk.toString()))
    await expect.poll(() => shown, { timeout: 120_000 }).toMatch(/^ready http/m)
    const processes = [terminal.pid!, ...descendants(terminal.pid!)]
    started.push(...processes)
    terminal.stdin.write('\x03')
    expect(await gone(processes, 15_000)).toEqual([])
    expect(shown).toContain('Stopped')
    expect(readdirSync(folder)).toEqual([])
    rmSync(folder, { recursive: true })
  })

  test('a second SIGTERM ends at once', async ({ expect }) => {
    const server = start([PLACES, '--port', '0'])
    const processes = await ready(server)
    const main = processes[2]!
    process.kill(main, 'SIGTERM')
    process.kill(main, 'SIGTERM')
    expect([0, 1]).toContain(await server.ended)
    expect(await gone(processes, 3_000)).toEqual([])
  })
})
