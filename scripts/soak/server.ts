/** The server under test, as a user starts it, and what it is seen to use. */
import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'

const MAIN = path.join(import.meta.dirname, '../../src/main.ts')
const FLAGS = [
  '--port',
  '0',
  '--log-level',
  'error',
  '--workers',
  '2',
  '--memory-limit',
  '512MB',
  '--queue-length',
  '60',
  '--queue-timeout',
  '10',
]

export interface Worker {
  readonly pid: number | null
  readonly state: string
  readonly deaths: number
}

export interface Usage {
  readonly rss: number
  readonly fds: number
  readonly threads: number
  /** Milliseconds of its main thread since the start: on a processor, and ready to run while other processes had all processors. */
  readonly main: { readonly onMs: number; readonly waitedMs: number }
}

export class SoakServer {
  readonly url: string
  readonly pid: number
  readonly folder: string
  readonly ended: Promise<number | null>
  /** Lines of level error and above. */
  readonly errors: string[]

  private constructor(url: string, pid: number, folder: string, ended: Promise<number | null>, errors: string[]) {
    this.url = url
    this.pid = pid
    this.folder = folder
    this.ended = ended
    this.errors = errors
  }

  /** `flags` overrule its usual ones. */
  static async start(sources: readonly string[], flags: readonly string[] = []): Promise<SoakServer> {
    const folder = mkdtempSync(path.join(tmpdir(), 'geoduck-soak-'))
    const child = spawn(process.execPath, [MAIN, ...sources, ...FLAGS, ...flags, '--temp-directory', folder], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
    const errors: string[] = []
    createInterface({ input: child.stderr }).on('line', (line) => errors.push(line))
    for await (const line of createInterface({ input: child.stdout })) {
      const url = /^ready (http:\S+)$/.exec(line)?.[1]
      if (url) return new SoakServer(url, child.pid!, folder, ended, errors)
    }
    throw new Error(`the server ended before it was ready:\n${errors.join('\n')}`)
  }

  usage(): Usage {
    const status = readFileSync(`/proc/${this.pid}/status`, 'utf8')
    const field = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0)
    const [on = 0, waited = 0] = readFileSync(`/proc/${this.pid}/schedstat`, 'utf8').split(' ').map(Number)
    return {
      rss: field('VmRSS') * 1_024,
      threads: field('Threads'),
      fds: readdirSync(`/proc/${this.pid}/fd`).length,
      main: { onMs: on / 1e6, waitedMs: waited / 1e6 },
    }
  }

  /** Files that are left in its temporary folder. */
  left(): string[] {
    return readdirSync(this.folder)
  }
}
