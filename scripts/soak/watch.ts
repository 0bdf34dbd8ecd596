/** Measures the server's resources over time, prints them, and decides whether they grow. */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { query } from './client.ts'
import type { SoakServer, Usage, Worker } from './server.ts'

interface Health {
  readonly eventLoopDelayMs: number
  readonly queued: number
  readonly streams: { readonly running: number; readonly waiting: number; readonly parked: number }
  readonly workers: readonly Worker[]
}

export interface Sample extends Usage, Health {
  /** Milliseconds of a `health` query. */
  readonly healthMs: number
  /** The delay of this process's event loop, on the same machine. */
  readonly ownDelayMs: number
  /** In use, with what is not collected yet. */
  readonly heapBytes: number
}

const HEALTH = '{ health { eventLoopDelayMs queued streams { running waiting parked } workers { pid state deaths } } }'
const RESOLUTION_MS = 10

/**
 * The growth between the first third of a run and the last. V8 lets its heap grow before it collects: 105 MB of 226 MB were in use after each
 * minute. So the limit of the resident size has room for that. For the heap, the minimum in each third counts, which a collection left.
 */
const MOST_GROWTH = { rss: 1.3, rssBytes: 128e6, heap: 1.3, heapBytes: 48e6, fds: 30, threads: 4 }
/** The limits on an idle machine. The delay of the clients shows a busy one. */
const MOST_DELAY_MS = 50
const MOST_HEALTH_MS = 250

export class Watch {
  readonly samples: Sample[] = []
  readonly #server: SoakServer
  readonly #own = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  /** The time of the last look. */
  #at = performance.now()

  constructor(server: SoakServer) {
    this.#server = server
    this.#own.enable()
  }

  async look(seconds: number): Promise<Sample> {
    const began = performance.now()
    const { health } = await query<{ health: Health }>(this.#server.url, HEALTH)
    const healthMs = performance.now() - began
    const ownDelayMs = Math.max(0, this.#own.percentile(99) / 1e6 - RESOLUTION_MS)
    this.#own.reset()
    const heapBytes = await this.#heapBytes()
    const sample = { ...this.#server.usage(), ...health, healthMs, ownDelayMs, heapBytes }
    const busy = shares(this.samples.at(-1), this.#at, sample)
    this.#at = performance.now()
    this.samples.push(sample)
    const { running, waiting, parked } = health.streams
    const deaths = health.workers.reduce((sum, worker) => sum + worker.deaths, 0)
    console.log(
      [
        `${seconds.toFixed(0)} s`.padStart(6),
        `rss ${(sample.rss / 1e6).toFixed(0)} MB`,
        `heap ${(heapBytes / 1e6).toFixed(0)} MB`,
        `fds ${sample.fds}`,
        `threads ${sample.threads}`,
        `loop p99 ${health.eventLoopDelayMs.toFixed(1)} ms (clients' ${ownDelayMs.toFixed(1)} ms)`,
        `main thread ${busy}`,
        `health ${healthMs.toFixed(0)} ms`,
        `streams ${running}/${waiting}/${parked}`,
        `queued ${health.queued}`,
        `deaths ${deaths}`,
      ].join(', '),
    )
    return sample
  }

  async #heapBytes(): Promise<number> {
    const metrics = await (await fetch(new URL('/metrics', this.#server.url))).text()
    const bytes = Number(/^nodejs_heap_size_used_bytes (\d+)/m.exec(metrics)?.[1])
    if (!(bytes > 0)) throw new Error('the metrics do not say how much of the heap is in use')
    return bytes
  }

  /** The delay of the server's event loop, and the time of `health`. */
  summary(): string {
    const told = (name: string, read: (sample: Sample) => number) => {
      const sorted = this.samples.map(read).sort((a, b) => a - b)
      const at = (share: number) => (sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0).toFixed(1)
      return `${name} ${at(0.5)} ms in the median, ${at(0.95)} ms at the 95th percentile`
    }
    const { onMs = 0, waitedMs = 0 } = this.samples.at(-1)?.main ?? {}
    return [
      told('loop p99', (sample) => sample.eventLoopDelayMs),
      told("the clients'", (sample) => sample.ownDelayMs),
      told('health', (sample) => sample.healthMs),
      `the main thread ran for ${(onMs / 1e3).toFixed(0)} s and waited for a processor for ${(waitedMs / 1e3).toFixed(0)} s`,
    ].join('; ')
  }

  /** In words, what was not as it should be. */
  verdict(): string[] {
    const third = Math.max(1, Math.floor(this.samples.length / 3))
    const [first, last] = [this.samples.slice(0, third), this.samples.slice(-third)]
    const of = (samples: readonly Sample[], read: (sample: Sample) => number) => median(samples.map(read))
    const grown: string[] = []
    const [rss, rssNow] = [of(first, (s) => s.rss), of(last, (s) => s.rss)]
    if (rssNow > MOST_GROWTH.rss * rss + MOST_GROWTH.rssBytes) grown.push(`rss grew from ${mb(rss)} to ${mb(rssNow)} MB`)
    const [heap, heapNow] = [first, last].map((samples) => Math.min(...samples.map((s) => s.heapBytes))) as [number, number]
    if (heapNow > MOST_GROWTH.heap * heap + MOST_GROWTH.heapBytes)
      grown.push(`the heap grew from ${mb(heap)} to ${mb(heapNow)} MB`)
    for (const name of ['fds', 'threads'] as const) {
      const [was, is] = [of(first, (s) => s[name]), of(last, (s) => s[name])]
      if (is > was + MOST_GROWTH[name]) grown.push(`${name} grew from ${was} to ${is}`)
    }
    const lateness = of(this.samples, (s) => s.ownDelayMs)
    const delay = of(this.samples, (s) => s.eventLoopDelayMs)
    if (delay > Math.max(MOST_DELAY_MS, 3 * lateness)) grown.push(`the event loop was ${delay.toFixed(0)} ms late`)
    const health = of(this.samples, (s) => s.healthMs)
    if (health > Math.max(MOST_HEALTH_MS, 10 * lateness)) grown.push(`health took ${health.toFixed(0)} ms`)
    return grown
  }
}

/** The share of the time between two looks. No code of the server can change the wait for a processor. */
function shares(before: Sample | undefined, at: number, { main }: Usage): string {
  const ms = performance.now() - at
  const percent = (part: number) => `${((100 * part) / ms).toFixed(0)} %`
  const { onMs, waitedMs } = before?.main ?? main
  return `${percent(main.onMs - onMs)} on, ${percent(main.waitedMs - waitedMs)} kept waiting`
}

const mb = (bytes: number) => Math.round(bytes / 1e6)

export function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0
}
