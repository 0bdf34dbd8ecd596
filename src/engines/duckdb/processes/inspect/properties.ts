import { type FieldType, isExact, isNested } from '../../../../model/field-type.ts'
import type { Field, JsonType } from '../../../../model/layer.ts'
import type { RelationColumn } from './columns.ts'

/** All columns but those `hidden`, in the source's order. */
export function propertiesOf(columns: readonly RelationColumn[], hidden: readonly (string | null | undefined)[]): Field[] {
  return columns
    .filter(({ name }) => !hidden.includes(name))
    .map(({ name, type, native, nullable }) => ({ name, type, native, jsonType: jsonTypeOf(type), nullable }))
}

/** How values of a type are written in JSON; `engines/duckdb/dialect/wire.ts` writes them so. */
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
    // A map whose keys have a text, and so can be names in an object; others are lists of keys and values.
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
