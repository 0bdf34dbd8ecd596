import { propertyOf } from '../../../ask/property-of.ts'
import { valuesOf } from '../../../ask/values/values-of.ts'
import type { Layer } from '../../../model/layer.ts'
import { comparisonOf } from './comparison.ts'
import type { Parameters } from './parameters.ts'
import { columnOf } from './quote.ts'
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
  const [values, comparison] = [valuesOf(column.type), comparisonOf(column.type)]
  const { wire } = wireOf(column.type)
  if (values && comparison && (wire.kind === 'int' || column.type.kind === 'utf8')) {
    // In the column's own type, whose statistics prune.
    const place =
      wire.kind === 'int' ? (INTEGER.test(id) ? (values.place(id) ?? values.place(Number(id))) : null) : values.place(id)
    return typeof place === 'object' && place?.exact ? `${sql} = ${comparison.cast(parameters.text(place.at))}` : 'false'
  }
  return `CAST(${sql} AS VARCHAR) = ${parameters.text(id)}`
}
