import { type FieldType, isExact, isNested } from './field-type.ts'
import type { JsonType } from './layer.ts'

/** The JSON type of values of an engine type. `engines/duckdb/dialect/columns.ts` makes the plan write them in this way. */
export function jsonTypeOf(type: FieldType): JsonType {
  switch (type.kind) {
    case 'json':
    case 'variant':
      return 'ANY'
    case 'bool':
      return 'BOOLEAN'
    case 'float':
      return 'NUMBER'
    case 'int':
      return type.bits !== null && type.bits <= 32 ? 'NUMBER' : 'STRING'
    case 'decimal':
      return isExact(type) ? 'NUMBER' : 'STRING'
    case 'list':
      return 'ARRAY'
    // Keys of this map have a text form, so they can be names in an object. Other maps are lists of keys and values.
    case 'map':
      return isNested(type.key) ? 'ARRAY' : 'OBJECT'
    case 'struct':
    case 'union':
    case 'geometry':
      return 'OBJECT'
    default:
      return 'STRING'
  }
}
