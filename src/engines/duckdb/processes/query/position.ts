import type { ColumnBatch, ColumnData, CursorText } from '../../../../encode/batch.ts'
import { CursorSeal } from '../../../../model/cursor-seal.ts'
import type { Position } from '../../../../model/query.ts'
import type { Plan } from '../../dialect/plan.ts'

const decoder = new TextDecoder()

/** The key values of one row as text: what the plan casts back when it goes on behind this row. */
export function positionAt(batch: ColumnBatch, row: number, plan: Plan): Position {
  return { keys: plan.keys.map((index) => textAt(batch.columns[index], row)) }
}

/** How the plan's outputs write the cursor of a row; undefined: they hold none. */
export function cursorsOf(plan: Plan): CursorText | undefined {
  if (!plan.cursorKey) return undefined
  const seal = new CursorSeal(plan.cursorKey)
  return (batch, row) => seal.textOf(positionAt(batch, row, plan))
}

function textAt(column: ColumnData | undefined, row: number): string | null {
  if (!column) throw new RangeError('a key lies outside the result')
  if (column.validity && !((column.validity[row >> 3] ?? 0) & (1 << (row & 7)))) return null
  if ('values' in column) return String(column.values[row])
  return decoder.decode(column.bytes.subarray(column.offsets[row], column.offsets[row + 1]))
}
