/** What `/metrics` tells Prometheus: this process, its operations, its workers. Figures are read when they are asked for. */
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import { packageVersion } from '../../config/package-version.ts'
import type { EngineHealth } from '../../engines/engine.ts'
import type { Operations } from '../operations.ts'
import { engineMetrics } from './engine-metrics.ts'
import { operationMetrics } from './operation-metrics.ts'

export interface MetricsSources {
  readonly operations: Operations
  readonly engine: () => Promise<EngineHealth>
  /** WebSockets that are open. */
  readonly sockets: () => number
  /** Bytes of results that clients have not taken yet. */
  readonly unread: () => number
  readonly ready: () => boolean
}

export class Metrics {
  readonly #registry = new Registry()
  readonly contentType = this.#registry.contentType
  readonly #engine: MetricsSources['engine']
  readonly #tellEngine: (health: EngineHealth) => void

  constructor({ operations, engine, sockets, unread, ready }: MetricsSources) {
    const registers = [this.#registry]
    collectDefaultMetrics({ register: this.#registry })
    new Gauge({ name: 'geoduck_info', help: 'The version that runs', labelNames: ['version'], registers }).set(
      { version: packageVersion() },
      1,
    )
    gauge('geoduck_ready', 'Whether every layer can be asked', () => Number(ready()), this.#registry)
    gauge('geoduck_sockets', 'WebSockets that are open', sockets, this.#registry)
    gauge(
      'geoduck_unread_bytes',
      'Results and requests in memory that clients have not read, or not sent whole',
      unread,
      this.#registry,
    )
    operationMetrics(operations, this.#registry)
    this.#engine = engine
    this.#tellEngine = engineMetrics(this.#registry)
  }

  /** Costs each idle worker a query of about a millisecond. */
  async text(): Promise<string> {
    this.#tellEngine(await this.#engine())
    return await this.#registry.metrics()
  }
}

function gauge(name: string, help: string, read: () => number, registry: Registry): void {
  new Gauge({
    name,
    help,
    registers: [registry],
    collect() {
      this.set(read())
    },
  })
}
