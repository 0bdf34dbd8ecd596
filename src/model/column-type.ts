/** The types that a column of a live layer may have, by DuckDB's names, which `Column.type` shows. */
import type { FieldType } from './field-type.ts'

const int = (bits: 8 | 16 | 32 | 64 | 128, signed: boolean): FieldType => ({ kind: 'int', bits, signed })

const TYPES: Readonly<Record<string, FieldType>> = {
  BOOLEAN: { kind: 'bool' },
  TINYINT: int(8, true),
  SMALLINT: int(16, true),
  INTEGER: int(32, true),
  BIGINT: int(64, true),
  UTINYINT: int(8, false),
  USMALLINT: int(16, false),
  UINTEGER: int(32, false),
  UBIGINT: int(64, false),
  FLOAT: { kind: 'float', bits: 32 },
  DOUBLE: { kind: 'float', bits: 64 },
  VARCHAR: { kind: 'utf8' },
  UUID: { kind: 'uuid' },
  DATE: { kind: 'date' },
  TIME: { kind: 'time', unit: 'us', offset: false },
  TIMESTAMP: { kind: 'timestamp', unit: 'us', utc: false },
  'TIMESTAMP WITH TIME ZONE': { kind: 'timestamp', unit: 'us', utc: true },
  JSON: { kind: 'json' },
}

export const COLUMN_TYPES: readonly string[] = [...Object.keys(TYPES), 'DECIMAL(precision,scale)']

const DECIMAL = /^DECIMAL\((\d{1,2}),(\d{1,2})\)$/

/** Returns null for another text. */
export function columnTypeOf(native: string): FieldType | null {
  const [, precision, scale] = DECIMAL.exec(native)?.map(Number) ?? []
  if (precision === undefined || scale === undefined) return Object.hasOwn(TYPES, native) ? TYPES[native]! : null
  return precision >= 1 && precision <= 38 && scale <= precision ? { kind: 'decimal', precision, scale } : null
}
