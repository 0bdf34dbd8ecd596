import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import type { Operation } from '../../delivery/operation.ts'
import type { Operations } from '../operations.ts'

const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300]

/** `request`: it was refused before it was known what it is. */
const kindOf = ({ kind }: Operation) => kind ?? 'request'

/** Rows and bytes of a stream count as they leave, not when it ends. */
export function operationMetrics(operations: Operations, registry: Registry): void {
  const registers = [registry]
  const ended = new Counter({
    name: 'geoduck_operations_total',
    help: 'Operations that have ended, by kind and outcome; code is that of the error, if it failed',
    labelNames: ['kind', 'outcome', 'code'],
    registers,
  })
  const took = new Histogram({
    name: 'geoduck_operation_seconds',
    help: 'From an operation’s beginning to its end; a stream lasts as long as its client reads',
    labelNames: ['kind'],
    buckets: SECONDS,
    registers,
  })
  const first = new Histogram({
    name: 'geoduck_first_batch_seconds',
    help: 'From an operation’s beginning to its first batch or page',
    labelNames: ['kind'],
    buckets: SECONDS,
    registers,
  })
  const totals = { rows: new Map<string, number>(), bytes: new Map<string, number>() }
  operations.onEnd((operation) => {
    const kind = kindOf(operation)
    const { outcome, error } = operation
    ended.inc({ kind, outcome: outcome === error ? 'failed' : outcome, code: error ?? '' })
    took.observe({ kind }, (performance.now() - operation.startedAt) / 1_000)
    if (operation.firstMs !== null) first.observe({ kind }, operation.firstMs / 1_000)
    for (const what of ['rows', 'bytes'] as const) add(totals[what], kind, operation[what])
  })
  for (const what of ['rows', 'bytes'] as const) {
    new Counter({
      name: `geoduck_${what}_total`,
      help: what === 'rows' ? 'Features that were delivered' : 'Bytes of results, without their framing',
      labelNames: ['kind'],
      registers,
      collect() {
        const now = new Map(totals[what])
        for (const operation of operations.open) add(now, kindOf(operation), operation[what])
        this.reset()
        for (const [kind, value] of now) this.inc({ kind }, value)
      },
    })
  }
  new Gauge({
    name: 'geoduck_operations_open',
    help: 'Operations under way',
    labelNames: ['kind'],
    registers,
    collect() {
      this.reset()
      for (const operation of operations.open) this.inc({ kind: kindOf(operation) })
    },
  })
}

function add(sums: Map<string, number>, kind: string, value: number): void {
  sums.set(kind, (sums.get(kind) ?? 0) + value)
}
