/**
 * The service for a polite client while another client abuses the server, compared with the same abuse of an idle server
 * that answers with nothing: the abuser's own use of the processors is in both.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { ROOT } from '../../support/environment.ts'
import { type Launched, launch } from '../../support/launched.ts'
import { attackedData } from './data.ts'
import { type Experience, PoliteClient } from './polite.ts'

export interface AttackOptions {
  /** The duration of the attack on each server. */
  readonly rounds: number
  /** Samples of the polite client in each. */
  readonly ms: number
}

export interface Outcome {
  readonly abuse: string
  /** Milliseconds: 95th percentiles of boxes and pages, and of streams; medians of the rounds. */
  readonly requests: Compared
  readonly streams: Compared
  readonly failures: readonly string[]
  /** Bytes, of the server process, at most. */
  readonly rss: number
}

interface Compared {
  readonly beside: number
  readonly under: number
  readonly ratio: number
}

/** The first questions of a server are slower, and so are those that an attack begins under: what is measured is one that is under way. */
const WARM_UP_MS = 1_000

export async function attack(abuse: string, { rounds, ms }: AttackOptions): Promise<Outcome> {
  const server = start('src/main.ts', ...(await attackedData()), '--port', '0', '--log-level', 'error')
  const echo = start('test/system/attacks/echo.ts')
  const rss = new PeakMemory(server.pid)
  try {
    const [, url = ''] = await server.line(/^ready (http:\S+)$/)
    const [, idle = ''] = await echo.line(/^ready (http:\S+)$/)
    const client = await PoliteClient.open(url)
    await client.use(WARM_UP_MS)
    const under: Experience[] = []
    const beside: Experience[] = []
    for (let round = 0; round < rounds; round++) {
      beside.push(await during(abuse, idle, client, ms))
      under.push(await during(abuse, url, client, ms))
    }
    client.close()
    const compared = (times: (of: Experience) => readonly number[]): Compared => {
      const [b, u] = [beside, under].map((all) => median(all.map((one) => p95(times(one))))) as [number, number]
      return { beside: b, under: u, ratio: u / b }
    }
    return {
      abuse,
      requests: compared(({ requests }) => requests),
      streams: compared(({ streams }) => streams),
      failures: [...beside, ...under].flatMap(({ failures }) => failures),
      rss: rss.end(),
    }
  } finally {
    rss.end()
    for (const { pid } of [server, echo]) kill(pid)
    await Promise.all([server.ended, echo.ended])
  }
}

async function during(abuse: string, url: string, client: PoliteClient, ms: number): Promise<Experience> {
  const abuser = start('test/system/attacks/abuser.ts', abuse, url)
  try {
    await abuser.line(/^attacking$/)
    const first = await client.use(WARM_UP_MS)
    const experience = await client.use(ms)
    return { ...experience, failures: [...first.failures, ...experience.failures] }
  } finally {
    kill(abuser.pid)
    await abuser.ended
    await sleep(500)
  }
}

function start(file: string, ...args: readonly string[]): Launched {
  return launch(process.execPath, [join(ROOT, file), ...args], { cwd: ROOT })
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended.
  }
}

class PeakMemory {
  #peak = 0
  readonly #timer: NodeJS.Timeout

  constructor(pid: number) {
    const status = `/proc/${pid}/status`
    this.#timer = setInterval(() => {
      try {
        this.#peak = Math.max(this.#peak, 1_024 * Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(status, 'utf8'))?.[1]))
      } catch {
        // The server has ended, which its client meets.
      }
    }, 50)
  }

  end(): number {
    clearInterval(this.#timer)
    return this.#peak
  }
}

function p95(times: readonly number[]): number {
  return [...times].sort((a, b) => a - b)[Math.floor(0.95 * times.length)] ?? Number.NaN
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}
