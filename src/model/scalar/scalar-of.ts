import type { DuckType } from '../layer.ts'
import { INTERVAL } from './interval.ts'
import { DOUBLE, decimal, FLOAT, integer, unboundedInteger } from './number.ts'
import type { Scalar } from './scalar.ts'
import { DATE, TIMESTAMP_TZ, time, timestamp } from './temporal.ts'
import { BIT, BLOB, BOOLEAN, enumeration, UUID, VARCHAR } from './text.ts'

const SCALARS: Readonly<Record<string, Scalar>> = {
  BOOLEAN,
  TINYINT: integer('TINYINT', 8, true),
  SMALLINT: integer('SMALLINT', 16, true),
  INTEGER: integer('INTEGER', 32, true),
  BIGINT: integer('BIGINT', 64, true),
  HUGEINT: integer('HUGEINT', 128, true),
  UTINYINT: integer('UTINYINT', 8, false),
  USMALLINT: integer('USMALLINT', 16, false),
  UINTEGER: integer('UINTEGER', 32, false),
  UBIGINT: integer('UBIGINT', 64, false),
  UHUGEINT: integer('UHUGEINT', 128, false),
  BIGNUM: unboundedInteger('BIGNUM'),
  FLOAT,
  DOUBLE,
  VARCHAR,
  UUID,
  BIT,
  BLOB,
  DATE,
  TIME: time('TIME', 6, false),
  TIME_NS: time('TIME_NS', 9, false),
  'TIME WITH TIME ZONE': time('TIME WITH TIME ZONE', 6, true),
  TIMESTAMP: timestamp('TIMESTAMP', 6),
  TIMESTAMP_S: timestamp('TIMESTAMP_S', 0),
  TIMESTAMP_MS: timestamp('TIMESTAMP_MS', 3),
  TIMESTAMP_NS: timestamp('TIMESTAMP_NS', 9),
  'TIMESTAMP WITH TIME ZONE': TIMESTAMP_TZ,
  INTERVAL,
}

/** How values of the type are compared and sorted by; null for those that have no order: JSON, nested, VARIANT and GEOMETRY. */
export function scalarOf(type: DuckType): Scalar | null {
  const known = made.get(type)
  if (known !== undefined) return known
  const scalar = make(type)
  made.set(type, scalar)
  return scalar
}

/** An ENUM of 10,000 labels takes a millisecond to make. */
const made = new WeakMap<DuckType, Scalar | null>()

function make(type: DuckType): Scalar | null {
  if (type.alias === 'JSON') return null
  if (type.id === 'DECIMAL') return decimal(type.width ?? 18, type.scale ?? 3)
  if (type.id === 'ENUM') return enumeration(type.values ?? [])
  return SCALARS[type.id] ?? null
}
