import { monitorEventLoopDelay } from 'node:perf_hooks'
import { packageVersion } from '../config/package-version.ts'
import type { Engine, EngineHealth } from '../engines/engine.ts'
import type { HealthModel } from '../graphql/context.ts'
import type { Problem } from '../model/layer.ts'

const VERSION = packageVersion()

const NANOSECONDS = 1e6
/** Milliseconds between samples. Each sample includes them. */
const RESOLUTION_MS = 10

/** Milliseconds for which figures are used again. */
const FRESH_MS = 50

/** The engine's health before there is an engine. */
const NO_ENGINE: EngineHealth = {
  workers: [],
  queued: 0,
  streams: { running: 0, waiting: 0, parked: 0 },
  fallbacks: { count: 0, lastReason: null, lastReasons: [] },
  memory: { share: 0, limit: null },
}

export interface HealthSources {
  readonly serverName: string
  readonly spatialExtension: string
  readonly problems: () => readonly Problem[]
  readonly preparations: () => HealthModel['preparations']
  readonly exports: () => HealthModel['exports']
  readonly ready: () => boolean
  readonly engine: () => Engine | null
}

/** Reports the health of this server. */
export class HealthReport {
  /** The name that distinguishes this server from others of the same proxy. */
  readonly server: string
  readonly #sources: HealthSources
  readonly #delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS })

  #reading: Promise<HealthModel> | null = null
  #readAt = 0
  #isReading = false
  #draining = false

  constructor(sources: HealthSources) {
    this.server = sources.serverName
    this.#sources = sources
    this.#delay.enable()
  }

  get ready(): boolean {
    return !this.#draining && this.#sources.ready()
  }

  /** Reports from now on that the server is not ready, so that load balancers send requests elsewhere. */
  drain(): void {
    this.#draining = true
  }

  get problems(): readonly Problem[] {
    return this.#sources.problems()
  }

  get preparations(): HealthModel['preparations'] {
    return this.#sources.preparations()
  }

  /** Reports that the process is alive, and nothing else. */
  alive(): { readonly status: 'alive'; readonly server: string; readonly version: string; readonly uptimeSeconds: number } {
    return { status: 'alive', server: this.server, version: VERSION, uptimeSeconds: process.uptime() }
  }

  /** Returns figures whose reading began at most `freshMs` ago, or reads new ones, which costs each idle worker a query. */
  read(freshMs = FRESH_MS): Promise<HealthModel> {
    if (this.#reading && (this.#isReading || performance.now() - this.#readAt < freshMs)) return this.#reading
    this.#readAt = performance.now()
    this.#isReading = true
    this.#reading = this.#read().finally(() => {
      this.#isReading = false
    })
    return this.#reading
  }

  async engine(): Promise<EngineHealth> {
    return (await this.#sources.engine()?.health()) ?? NO_ENGINE
  }

  async #read(): Promise<HealthModel> {
    const engine = await this.engine()
    return {
      engines: [],
      ...engine,
      ready: this.ready,
      server: this.server,
      version: VERSION,
      uptimeSeconds: process.uptime(),
      rssBytes: process.memoryUsage.rss(),
      eventLoopDelayMs: this.#readDelay(),
      spatialExtension: this.#sources.spatialExtension,
      problems: this.problems,
      preparations: this.preparations,
      exports: this.#sources.exports(),
    }
  }

  close(): void {
    this.#delay.disable()
  }

  #readDelay(): number {
    const late = this.#delay.percentile(99) / NANOSECONDS - RESOLUTION_MS
    this.#delay.reset()
    return Math.max(0, late)
  }
}
