/** What of the server is up by now: it listens first, then describes its sources, then starts its workers. */

import type { FilterLimits } from '../ask/filter-limits.ts'
import type { Catalog } from '../catalog/catalog.ts'
import { CAPABILITIES } from '../engines/duckdb/capabilities.ts'
import type { Engine } from '../engines/engine.ts'
import type { Context, HealthModel } from '../graphql/context.ts'
import { HealthSubscribers } from '../graphql/health-events.ts'
import { GeoduckError } from '../model/errors.ts'
import type { Layer } from '../model/layer.ts'
import { HealthReport } from './health.ts'

type Services = Context['services']

export class ServerState implements Services {
  readonly can = CAPABILITIES
  readonly cursorSecret: string
  readonly filterLimits: FilterLimits
  readonly pageRows: number
  readonly deadlineSeconds: number
  readonly healthReport: HealthReport
  readonly healthSubscribers = new HealthSubscribers()
  readonly #stop = new AbortController()
  #catalog: Catalog | null = null
  #engine: Engine | null = null

  constructor(
    options: Pick<Services, 'cursorSecret' | 'filterLimits' | 'pageRows' | 'deadlineSeconds'> & {
      readonly spatialExtension: string
    },
  ) {
    this.cursorSecret = options.cursorSecret
    this.filterLimits = options.filterLimits
    this.pageRows = options.pageRows
    this.deadlineSeconds = options.deadlineSeconds
    this.healthReport = new HealthReport({
      spatialExtension: options.spatialExtension,
      problems: () => this.#catalog?.problems() ?? [],
      layers: () => this.layers(),
      ready: () => this.#engine?.ready === true && this.#isPrepared(),
      engine: () => this.#engine,
    })
  }

  get catalog(): Catalog {
    if (this.#catalog) return this.#catalog
    throw new GeoduckError('LAYER_NOT_READY', 'The sources are being read; ask again in a moment.')
  }

  get engine(): Engine {
    this.stopping.throwIfAborted()
    if (this.#engine) return this.#engine
    throw new GeoduckError('LAYER_NOT_READY', 'The workers are being started; ask again in a moment.')
  }

  /** None until the sources have been described. */
  layers(): readonly Layer[] {
    return this.#catalog?.layers() ?? []
  }

  get stopping(): AbortSignal {
    return this.#stop.signal
  }

  /** Rejects, and closes it again, when the server has been stopped meanwhile. */
  async describe(catalog: Catalog): Promise<void> {
    this.#catalog = catalog
    await this.#closeIfStopped(catalog)
  }

  /** Rejects, and closes it again, when the server has been stopped meanwhile. */
  async serve(engine: Engine): Promise<void> {
    this.#engine = engine
    await this.#closeIfStopped(engine)
  }

  health(freshMs?: number): Promise<HealthModel> {
    return this.healthReport.read(freshMs)
  }

  /** No new work. */
  stop(): void {
    this.#stop.abort(new GeoduckError('SHUTTING_DOWN', 'The server is stopping; ask again later, or elsewhere.'))
  }

  /** Streams end with SHUTTING_DOWN and their cursor; resolves when workers and catalogue are closed. */
  async close(): Promise<void> {
    this.healthReport.close()
    await Promise.all([this.#engine?.close(), this.#catalog?.close()])
  }

  #isPrepared(): boolean {
    return this.layers().every(({ state }) => state !== 'PREPARING')
  }

  async #closeIfStopped(part: { close(): Promise<void> }): Promise<void> {
    if (this.stopping.aborted) await part.close()
    this.stopping.throwIfAborted()
  }
}
