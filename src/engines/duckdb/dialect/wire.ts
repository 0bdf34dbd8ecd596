/** What leaves the engine for a column: its SQL, and how the bytes are to be read. */

import type { WireType } from '../../../encode/batch.ts'
import type { DuckType } from '../../../model/layer.ts'
import { intervalText } from './interval-text.ts'
import { jsonText } from './json-value.ts'

export interface Wire {
  readonly wire: WireType
  /** SQL of the value from that of the column. */
  sql(column: string): string
}

/** Decimal digits that a double holds without loss. */
const EXACT_DIGITS = 15

const asIs = (wire: WireType): Wire => ({ wire, sql: (column) => column })
const TEXT: Wire = { wire: { kind: 'utf8' }, sql: (column) => `CAST(${column} AS VARCHAR)` }
const integer = (bits: 8 | 16 | 32 | 64, signed: boolean) => asIs({ kind: 'int', bits, signed })
const moment = (unit: 's' | 'ms' | 'us' | 'ns', utc: boolean) => asIs({ kind: 'timestamp', unit, utc })

const WIRES: Readonly<Record<string, Wire>> = {
  BOOLEAN: asIs({ kind: 'bool' }),
  TINYINT: integer(8, true),
  SMALLINT: integer(16, true),
  INTEGER: integer(32, true),
  BIGINT: integer(64, true),
  UTINYINT: integer(8, false),
  USMALLINT: integer(16, false),
  UINTEGER: integer(32, false),
  UBIGINT: integer(64, false),
  FLOAT: asIs({ kind: 'float', bits: 32 }),
  DOUBLE: asIs({ kind: 'float', bits: 64 }),
  VARCHAR: asIs({ kind: 'utf8' }),
  BLOB: asIs({ kind: 'binary' }),
  DATE: asIs({ kind: 'date' }),
  TIMESTAMP: moment('us', false),
  TIMESTAMP_S: moment('s', false),
  TIMESTAMP_MS: moment('ms', false),
  TIMESTAMP_NS: moment('ns', false),
  'TIMESTAMP WITH TIME ZONE': moment('us', true),
  INTERVAL: { wire: { kind: 'utf8' }, sql: intervalText },
  GEOMETRY: { wire: { kind: 'wkb' }, sql: (column) => `ST_AsWKB(${column})` },
}

const NESTED = new Set(['LIST', 'ARRAY', 'STRUCT', 'MAP', 'UNION', 'VARIANT'])

/** Types that are not listed leave as DuckDB's text: wide integers, UUID, ENUM, BIT, times of day, and those yet to come. */
export function wireOf(type: DuckType): Wire {
  if (type.alias === 'JSON' || NESTED.has(type.id)) return { wire: { kind: 'json' }, sql: (column) => jsonText(type, column) }
  if (type.id === 'DECIMAL') return decimal(type.width ?? 18, type.scale ?? 3)
  return WIRES[type.id] ?? TEXT
}

function decimal(precision: number, scale: number): Wire {
  return { ...TEXT, wire: { kind: 'decimal', precision, scale, quoted: precision > EXACT_DIGITS } }
}
