/** Scans of layers, one after the other, while they are served already. */

import type { CheckResult, Description } from '../engines/duckdb/host/inspection.ts'
import type { Inspector } from '../engines/duckdb/host/inspector.ts'
import { SourceError } from '../engines/duckdb/host/source-error.ts'
import type { Layer } from '../model/layer.ts'
import type { CatalogLog } from './catalog.ts'
import { proven, reservations } from './prove.ts'
import type { ServedSource } from './served-source.ts'

/** A served layer and where it comes from. Replaced, never changed, when its data does. */
export interface Subject {
  readonly source: ServedSource
  readonly description: Description
  readonly layer: Layer
}

/** A scan takes a second for some ten megabytes on a busy machine; what takes ten times that hangs. */
const CHECK_MS = 60_000
const CHECK_MS_PER_BYTE = 1e-3

export class CheckQueue {
  /** Settles when nothing is waiting; never rejects. */
  done: Promise<void> = Promise.resolve()
  readonly #inspector: Inspector
  readonly #log: CatalogLog
  readonly #subjects: Map<string, Subject>

  /** `subjects` by layer name: a proven layer takes the place of its subject, one that must not be served is taken out. */
  constructor(inspector: Inspector, log: CatalogLog, subjects: Map<string, Subject>) {
    this.#inspector = inspector
    this.#log = log
    this.#subjects = subjects
  }

  add(name: string): void {
    const subject = this.#subjects.get(name)
    if (subject) this.done = this.done.then(() => this.#check(name, subject))
  }

  async #check(name: string, subject: Subject): Promise<void> {
    const { source, description } = subject
    const began = performance.now()
    const database = source.source.kind === 'database' ? source.source.file : null
    let result: CheckResult | SourceError
    try {
      result = await source.check({ description, database }, CHECK_MS + Math.round(source.bytes * CHECK_MS_PER_BYTE))
    } catch (error) {
      if (this.#inspector.closed) return
      if (!(error instanceof SourceError)) {
        this.#log.warn({ err: error, layer: name }, `layer ${name} could not be scanned and stays as its source claims it to be`)
        return
      }
      result = error
    }
    // What was scanned is not what is served any more: the next question about it starts over. Asked last: it may be renewed during the look.
    if (!(await source.isCurrent()) || this.#subjects.get(name) !== subject) return
    this.#conclude(name, subject, result, Math.round(performance.now() - began))
  }

  #conclude(name: string, subject: Subject, result: CheckResult | SourceError, ms: number): void {
    const { description, layer } = subject
    if (!(result instanceof SourceError) && result.outcome === 'PROVEN') {
      this.#subjects.set(name, { ...subject, layer: proven(layer, description, result) })
      this.#log.info(
        { layer: name, features: result.featureCount, invalid: result.report.invalid, ms },
        `layer ${name} is scanned`,
      )
      for (const reason of reservations(description, result)) this.#find(subject, name, reason)
      return
    }
    this.#subjects.delete(name)
    this.#find(subject, name, result instanceof SourceError ? `its scan failed: ${result.message}` : unsafe(result))
  }

  #find({ source, description }: Subject, name: string, reason: string): void {
    const told = source.described.layers.length > 1 || description.tailoring ? `layer ${name}: ${reason}` : reason
    source.findings.push(told)
    this.#log.warn({ source: source.source.label, layer: name }, `${source.source.label}: ${told}`)
  }
}

function unsafe({ column, count, rows }: Exclude<CheckResult, { outcome: 'PROVEN' }>): string {
  const some = `${rows.join(', ')}${count > rows.length ? ', ...' : ''}, counted from 0`
  return `it is not served: ${count === 1 ? 'a value' : `${count} values`} of its column ${column} cannot be read safely (${some})`
}
