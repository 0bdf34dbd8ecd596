/** Caddy with the configuration of deploy/scale, in front of servers of this machine. */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { ROOT } from './paths.ts'
import { freePort } from './postgres/cluster.ts'
import type { RunningProgram } from './server.ts'

/** Debian installs it here. */
const CADDY = '/usr/bin/caddy'

export const hasProxy = existsSync(CADDY)

/** @param servers addresses of the servers, which take the places of those in the file */
export async function startProxy(servers: readonly string[]): Promise<Omit<RunningProgram, 'readyMs'>> {
  const folder = await mkdtemp(join(tmpdir(), 'geoduck-bench-'))
  const port = await freePort()
  const site = (await readFile(join(ROOT, 'deploy', 'scale', 'Caddyfile'), 'utf8'))
    .replace(':80', `http://:${port}`)
    .replace(/geoduck-1.*(?= \{)/, servers.map((url) => new URL(url).host).join(' '))
  await writeFile(join(folder, 'Caddyfile'), `{\n\tadmin off\n\tdefault_bind 127.0.0.1\n}\n${site}`)
  const child = spawn(CADDY, ['run', '--adapter', 'caddyfile', '--config', join(folder, 'Caddyfile')], {
    env: { HOME: folder },
    stdio: 'ignore',
  })
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const url = `http://127.0.0.1:${port}`
  const stop = async () => {
    child.kill('SIGTERM')
    await ended
    await rm(folder, { recursive: true })
  }
  // It passes nothing on to a server that it has not asked yet.
  for (let n = 0; n < 200; n++) {
    const ready = await fetch(`${url}/ready`).catch(() => null)
    if (ready?.ok) return { url, pid: child.pid!, stop }
    await sleep(50)
  }
  await stop()
  throw new Error('Caddy passes no requests to the servers')
}
