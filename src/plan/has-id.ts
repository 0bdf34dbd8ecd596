import type { Layer } from '../catalog/layer.ts'
import type { Parameters } from './parameters.ts'
import { propertyOf } from './property-of.ts'
import { columnOf } from './quote.ts'
import { scalarOf } from './scalar/scalar-of.ts'
import { isRow, type Source } from './source.ts'
import { wireOf } from './wire.ts'

const INTEGER = /^(?:0|-?[1-9]\d{0,38})$/

/** The features whose `key` is exactly this text: one or none. A text that no key has matches nothing, it is not an error. */
export function hasId(layer: Layer, id: string, source: Source, parameters: Parameters): string {
  if (layer.key.kind === 'ROW_NUMBER') {
    return /^(?:0|[1-9]\d{0,17})$/.test(id) ? isRow(source, BigInt(id), parameters) : 'false'
  }
  const column = propertyOf(layer, layer.key.column)
  const sql = columnOf(column)
  const scalar = scalarOf(column.duckType)
  const { wire } = wireOf(column.duckType)
  if (scalar && (wire.kind === 'int' || column.duckType.id === 'VARCHAR')) {
    // In the column's own type, whose statistics prune.
    const place =
      wire.kind === 'int' ? (INTEGER.test(id) ? (scalar.place(id) ?? scalar.place(Number(id))) : null) : scalar.place(id)
    return typeof place === 'object' && place?.exact ? `${sql} = ${scalar.cast(parameters.text(place.at))}` : 'false'
  }
  return `CAST(${sql} AS VARCHAR) = ${parameters.text(id)}`
}
