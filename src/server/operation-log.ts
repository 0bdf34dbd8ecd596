import type { Operation } from '../graphql/operation.ts'
import type { Log } from './logging.ts'

/** One line an operation, when it is over: a sentence for the eye, the same in fields for machines. */
export function logOperation(log: Log, operation: Operation, startedAt: number): void {
  const { id, client, kind, name, layers, rows, bytes, batches, lane, degraded, error, signal } = operation
  const outcome = error ?? (signal.aborted ? 'cancelled' : 'complete')
  const ms = Math.round(performance.now() - startedAt)
  const layer = [...layers].join(',') || null
  const operationName = name
  const what = [kind ?? 'request', name, layer].filter((word) => word !== null).join(' ')
  const delivered = batches > 0 ? `${rows} rows in ${batches}` : null
  const how = [delivered, `${bytes} bytes`, `${ms} ms`, lane, degraded ? 'degraded' : null]
  const sentence = `${what}: ${outcome}, ${how.filter((word) => word !== null).join(', ')} [${id} ${client}]`
  const fields = { id, client, kind, operationName, layer, rows, bytes, batches, ms, lane, degraded, outcome }
  log.info({ operation: fields }, sentence)
}
