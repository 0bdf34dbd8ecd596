/** The members that a feature has in more than one encoding. */
import type { BatchLayout, WireColumn } from './batch.ts'
import { isSet } from './bitmap.ts'
import { CHAR } from './bytes.ts'
import { columnOf } from './column.ts'
import type { Member } from './object.ts'
import { jsonValue, type ValueWriter } from './value.ts'

export function wireColumn(layout: BatchLayout, index: number): WireColumn {
  const column = layout.columns[index]
  if (column === undefined) throw new TypeError(`the layout has no column ${index}`)
  return column
}

/** A feature's id is a JSON string whatever its column is, as GraphQL's ID is. A row without one cannot be told from others: it throws. */
export function jsonId(layout: BatchLayout, index: number): ValueWriter {
  const { wire } = wireColumn(layout, index)
  if (wire.kind !== 'utf8' && wire.kind !== 'int') throw new TypeError(`a feature's id cannot be made of ${wire.kind}`)
  const value = jsonValue(index, wire)
  const quote = wire.kind === 'int' && wire.bits < 64
  return (batch, out) => {
    const { validity } = columnOf(batch, index)
    const write = value(batch, out)
    return (row) => {
      if (validity !== null && !isSet(validity, row)) throw new TypeError('the id is null')
      if (quote) out.byte(CHAR.QUOTE)
      write(row)
      if (quote) out.byte(CHAR.QUOTE)
    }
  }
}

/** The members of `properties`: all, or those that `only` names, in the layout's order. */
export function propertyMembers(layout: BatchLayout, only: readonly string[] | null): Member[] {
  const columns = layout.properties.map((index) => ({ index, ...wireColumn(layout, index) }))
  const wanted = only === null ? columns : columns.filter(({ name }) => only.includes(name))
  return wanted.map(({ name, index, wire }) => [name, jsonValue(index, wire)])
}
