import type { DuckType, JsonType } from '../model/layer.ts'

const NUMBERS = new Set(['TINYINT', 'SMALLINT', 'INTEGER', 'UTINYINT', 'USMALLINT', 'UINTEGER', 'FLOAT', 'DOUBLE'])
const OBJECTS = new Set(['STRUCT', 'MAP', 'UNION', 'GEOMETRY'])
const ARRAYS = new Set(['LIST', 'ARRAY'])
/** Decimal digits that a double holds without loss. */
const EXACT_DIGITS = 15

/** How values of a type are written in JSON; `engines/duckdb/dialect/wire.ts` writes them so. */
export function jsonTypeOf(type: DuckType): JsonType {
  if (type.alias === 'JSON' || type.id === 'VARIANT') return 'ANY'
  if (type.id === 'BOOLEAN') return 'BOOLEAN'
  if (type.id === 'DECIMAL') return (type.width ?? 18) <= EXACT_DIGITS ? 'NUMBER' : 'STRING'
  if (NUMBERS.has(type.id)) return 'NUMBER'
  if (ARRAYS.has(type.id) || (type.id === 'MAP' && !hasTextKeys(type))) return 'ARRAY'
  return OBJECTS.has(type.id) ? 'OBJECT' : 'STRING'
}

/** A map whose keys have a text, and so can be names in an object; others are lists of keys and values. */
function hasTextKeys({ key }: DuckType): boolean {
  return key !== undefined && !['STRUCT', 'MAP', 'UNION', 'LIST', 'ARRAY', 'VARIANT', 'GEOMETRY'].includes(key.id)
}
