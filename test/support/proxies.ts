/** Real proxies in front of a server, with the configuration of a page of the documentation. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { blocksOf } from './blocks.ts'

/** The address in the documentation. */
const UPSTREAM = '127.0.0.1:4000'

export interface RunningProxy {
  /** `http://HOST:PORT` */
  readonly url: string
  /** The messages of the proxy. */
  readonly log: () => string
  close(): Promise<void>
}

/** Starts the proxy that the page configures in that language. @param upstream `HOST:PORT` of the server */
export function startProxy(language: 'nginx' | 'caddy', upstream: string): Promise<RunningProxy> {
  const { text } = blocksOf('docs/proxies.md').find((block) => block.language === language)!
  return runProxy(language, text.replaceAll(UPSTREAM, upstream))
}

/** @param text the configuration of a site */
export async function runProxy(language: 'nginx' | 'caddy', text: string): Promise<RunningProxy> {
  const folder = await mkdtemp(path.join(tmpdir(), `geoduck-${language}-`))
  const port = await freePort()
  const file = path.join(folder, 'config')
  const [config, program, args] = PROGRAMS[language](text, port, folder)
  await writeFile(file, config)
  const child = spawn(program, [...args, file], {
    env: { HOME: folder, PATH: process.env['PATH'] },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk
  })
  const url = `http://127.0.0.1:${port}`
  while (!(await fetch(url).catch(() => null))) {
    if (child.exitCode !== null) throw new Error(stderr)
    await setTimeout(50)
  }
  return { url, log: () => stderr, close: () => ended(child, folder) }
}

/** The configuration as a whole, the program, and its arguments before the name of the file. */
const PROGRAMS = {
  nginx: (text: string, port: number, folder: string) => {
    const folders = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder}/${name};`)
    const http = `http { access_log off; ${folders.join(' ')}\n${text.replace('listen 80;', `listen 127.0.0.1:${port};`)}}\n`
    // One process, so that no other user has to read the folder.
    const config = `daemon off; master_process off; pid ${folder}/pid; error_log stderr;\nevents {}\n${http}`
    return [config, '/usr/sbin/nginx', ['-e', 'stderr', '-p', folder, '-c']] as const
  },
  caddy: (text: string, port: number) =>
    [
      `{\n\tadmin off\n\tdefault_bind 127.0.0.1\n}\n${text.replace(/^\S+(?= \{)/, `http://:${port}`)}`,
      '/usr/bin/caddy',
      ['run', '--adapter', 'caddyfile', '--config'],
    ] as const,
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

async function ended(child: ChildProcess, folder: string): Promise<void> {
  const over = once(child, 'close')
  child.kill('SIGTERM')
  await over
  await rm(folder, { recursive: true })
}
