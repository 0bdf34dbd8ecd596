/** The files that an operation enters, in the server and in its worker. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { ROOT } from '../../support/environment.ts'
import { descendants, launch } from '../../support/launched.ts'

export interface Covered {
  readonly url: string
  /** The files that `operation` enters, and that neither the start nor an idle server enters. */
  entered(operation: () => Promise<unknown>): Promise<ReadonlySet<string>>
  close(): Promise<void>
}

/** An idle server's own timers run within this. */
const IDLE_MS = 1_500

export async function serveCovered(sources: readonly string[]): Promise<Covered> {
  const folder = mkdtempSync(join(tmpdir(), 'geoduck-coverage-'))
  const inside = `${pathToFileURL(join(import.meta.dirname, 'inside.ts')).href}?folder=${encodeURIComponent(folder)}`
  const program = ['--import', inside, join(import.meta.dirname, 'serve.ts'), folder, ...sources]
  const process_ = launch(process.execPath, program, { cwd: ROOT })
  const [, url] = await process_.line(/^ready (\S+)$/)
  // Processes that read the sources are gone by then; they would not survive the signal.
  await sleep(IDLE_MS)
  const pids = [process_.pid, ...descendants(process_.pid)]

  async function take(): Promise<Set<string>> {
    const reports = pids.map((pid) => join(folder, `${pid}.json`))
    for (const report of reports) rmSync(report, { force: true })
    for (const pid of pids) process.kill(pid, 'SIGUSR2')
    return new Set((await Promise.all(reports.map(read))).flat())
  }

  await take()
  await sleep(IDLE_MS)
  const idle = await take()
  return {
    url: url!,
    async entered(operation) {
      await take()
      await operation()
      const all = await take()
      return new Set([...all].filter((file) => !idle.has(file)))
    },
    async close() {
      process.kill(process_.pid, 'SIGTERM')
      await process_.ended
      rmSync(folder, { recursive: true })
    },
  }
}

/** Paths below `src`. A process that is not the product's writes no report. */
async function read(report: string): Promise<string[]> {
  for (let tries = 0; tries < 100; tries++) {
    try {
      const urls = JSON.parse(readFileSync(report, 'utf8')) as string[]
      return urls.map((file) => relative(join(ROOT, 'src'), fileURLToPath(file))).filter((file) => !file.startsWith('..'))
    } catch {
      await sleep(50)
    }
  }
  throw new Error(`${report} was not written`)
}
