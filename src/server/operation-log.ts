import type { Log } from '../config/logging.ts'
import type { Operation } from '../delivery/operation.ts'
import type { Engine, Explanation } from '../engines/engine.ts'
import type { FeatureQuery } from '../model/query.ts'

export type Explain = Engine['explain']

/**
 * One line an operation, when it is over: a sentence for the eye, the same in fields for machines. Where the client had to wait for the server
 * longer than `slowMs` it is a warning, and tells the plans: SQL without values.
 */
export function logOperation(log: Log, operation: Operation, slowMs: number, explain: Explain): void {
  const { id, client, kind, name, layers, rows, bytes, batches, lane, degraded, outcome } = operation
  const ms = Math.round(performance.now() - operation.startedAt)
  const waitMs = Math.round(operation.waitMs)
  const slow = waitMs > slowMs
  const layer = [...layers].join(',') || null
  const operationName = name
  const what = [kind ?? 'request', name, layer].filter((word) => word !== null).join(' ')
  const delivered = batches > 0 ? `${rows} rows in ${batches}` : null
  const how = [
    delivered,
    `${bytes} bytes`,
    `${ms} ms`,
    lane,
    degraded ? 'degraded' : null,
    slow ? `slow: waited ${waitMs} ms` : null,
  ]
  const sentence = `${what}: ${outcome}, ${how.filter((word) => word !== null).join(', ')} [${id} ${client}]`
  const fields = { id, client, kind, operationName, layer, rows, bytes, batches, ms, waitMs, lane, degraded, outcome }
  if (slow)
    log.warn({ operation: { ...fields, plans: operation.questions.flatMap((query) => planned(query, explain)) } }, sentence)
  else log.info({ operation: fields }, sentence)
}

/** A question that was refused has no plan; why, the client was told, or the log was as a defect. */
function planned(query: FeatureQuery, explain: Explain): Explanation[] {
  try {
    return [explain(query)]
  } catch {
    return []
  }
}
