/** How much of its source an operation has read in all, over as many executions as it took. */

import type { Layer } from '../../../model/layer.ts'
import type { ScanReport } from '../../engine.ts'
import type { Scan } from '../messages.ts'
import type { TurnEnd } from './turn.ts'

export class ScanTally {
  /** Of the layer's files; null: of a table, whose number the engine tells. */
  readonly #rowGroups: number | null
  readonly #isTable: boolean
  #sum: Scan = { rowGroupsRead: 0, rowGroups: 0, rowsScanned: 0 }
  #ended = 0
  #known = true

  constructor({ relation }: Layer) {
    this.#isTable = relation.kind === 'table'
    const rowGroups = relation.kind === 'parquet' ? relation.fileSummaries?.map((summary) => summary.rowGroups) : undefined
    this.#rowGroups = rowGroups?.reduce((sum, count) => sum + count, 0) ?? null
  }

  /** An execution has ended; one that has not begun has read nothing. */
  add(end: TurnEnd): void {
    if (end.outcome === 'UNUSED') return
    this.#ended++
    const scan = 'scan' in end ? end.scan : null
    if (scan) this.#sum = sum(this.#sum, scan)
    else this.#known = false
  }

  /** `last`: of an execution that is at its end, but has not been added yet. Without it, and before `add`, nothing is known. */
  told(last: Scan | null): ScanReport {
    const whole = last ? sum(this.#sum, last) : this.#sum
    const rowGroups = this.#rowGroups ?? (whole.rowGroups || null)
    if (!this.#known || (this.#ended === 0 && last === null)) return { rowGroupsRead: null, rowGroups, rowsScanned: null }
    return { rowGroupsRead: whole.rowGroupsRead, rowGroups, rowsScanned: this.#isTable ? whole.rowsScanned : null }
  }
}

/** Each looks into the same source: of its row groups there are no more for that. */
function sum(a: Scan, b: Scan): Scan {
  return {
    rowGroupsRead: a.rowGroupsRead + b.rowGroupsRead,
    rowGroups: Math.max(a.rowGroups, b.rowGroups),
    rowsScanned: a.rowsScanned + b.rowsScanned,
  }
}
