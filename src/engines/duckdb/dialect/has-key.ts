import type { FeatureKey } from '../../../model/query.ts'
import { comparisonOf } from './comparison.ts'
import type { Parameters } from './parameters.ts'
import { columnOf } from './quote.ts'
import { isRow, type Source } from './source.ts'

/** The features of the key: one or none. */
export function hasKey(key: FeatureKey, source: Source, parameters: Parameters): string {
  switch (key.kind) {
    case 'none':
      return 'false'
    case 'row':
      return isRow(source, key.row, parameters)
    case 'value':
      return `${columnOf(key.field)} = ${comparisonOf(key.field.type)!.cast(parameters.text(key.text))}`
    case 'text':
      return `CAST(${columnOf(key.field)} AS VARCHAR) = ${parameters.text(key.text)}`
  }
}
