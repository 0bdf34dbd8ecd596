/** What leaves the engine for a column: its SQL, and how the bytes are to be read. */

import type { WireType } from '../../../encode/batch.ts'
import type { FieldType } from '../../../model/field-type.ts'
import { intervalText } from './interval-text.ts'
import { jsonText } from './json-value.ts'

export interface Wire {
  readonly wire: WireType
  /** SQL of the value from that of the column. */
  sql(column: string): string
}

/** Decimal digits that a double holds without loss. */
const EXACT_DIGITS = 15

const TEXT: Wire = { wire: { kind: 'utf8' }, sql: (column) => `CAST(${column} AS VARCHAR)` }

/** Types that are not listed leave as DuckDB's text: wide integers, UUID, ENUM, BIT, times of day, and those yet to come. */
export function wireOf(type: FieldType): Wire {
  switch (type.kind) {
    case 'bool':
    case 'float':
    case 'utf8':
    case 'binary':
    case 'date':
    case 'timestamp':
      return { wire: type as WireType, sql: (column) => column }
    case 'int':
      return type.bits === null || type.bits > 64 ? TEXT : { wire: type as WireType, sql: (column) => column }
    case 'decimal':
      return { ...TEXT, wire: { ...type, quoted: type.precision > EXACT_DIGITS } }
    case 'interval':
      return { wire: { kind: 'utf8' }, sql: intervalText }
    case 'geometry':
      return { wire: { kind: 'wkb' }, sql: (column) => `ST_AsWKB(${column})` }
    case 'json':
    case 'variant':
    case 'list':
    case 'map':
    case 'struct':
    case 'union':
      return { wire: { kind: 'json' }, sql: (column) => jsonText(type, column) }
    default:
      return TEXT
  }
}
