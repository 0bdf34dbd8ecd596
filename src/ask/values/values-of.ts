import type { FieldType } from '../../model/field-type.ts'
import type { JsonKind } from '../../model/predicate.ts'
import { DOUBLE, decimal, FLOAT, integer } from './number.ts'
import { DATE, INTERVAL, MOMENT, time, timestamp } from './temporal.ts'
import { BINARY, BITS, BOOLEAN, enumeration, TEXT, UUID } from './text.ts'
import type { ValueKind } from './value-kind.ts'

/** Returns how a client's values of the type are read. Null for types without an order: JSON, nested types and geometry. */
export function valuesOf(type: FieldType): ValueKind | null {
  const known = made.get(type)
  if (known !== undefined) return known
  const kind = make(type)
  made.set(type, kind)
  return kind
}

/** A dictionary of 10,000 labels takes a millisecond to make. */
const made = new WeakMap<FieldType, ValueKind | null>()

function make(type: FieldType): ValueKind | null {
  switch (type.kind) {
    case 'bool':
      return BOOLEAN
    case 'int':
      return integer(type.bits, type.signed)
    case 'float':
      return type.bits === 32 ? FLOAT : DOUBLE
    case 'decimal':
      return decimal(type.precision, type.scale)
    case 'utf8':
      return TEXT
    case 'dictionary':
      return enumeration(type.values)
    case 'uuid':
      return UUID
    case 'bits':
      return BITS
    case 'binary':
      return BINARY
    case 'date':
      return DATE
    case 'time':
      return time(type.unit === 'ns' ? 9 : 6, type.offset)
    case 'timestamp':
      return type.utc ? MOMENT : timestamp({ s: 0, ms: 3, us: 6, ns: 9 }[type.unit])
    case 'interval':
      return INTERVAL
    default:
      return null
  }
}

const IN_JSON: Readonly<Record<JsonKind, ValueKind>> = { string: TEXT, number: DOUBLE, boolean: BOOLEAN }

/**
 * Values inside JSON have no declared type. Each is compared with client values of the same JSON type, and is null for other
 * types.
 */
export function jsonValuesOf(kind: JsonKind): ValueKind {
  const { takes, place } = IN_JSON[kind]
  return { takes: `${takes}, as the others of its list`, place }
}

/** Returns the JSON type of a client's value. Null if it cannot be compared. */
export function jsonKindOf(value: unknown): JsonKind | null {
  const type = typeof value
  return type === 'string' || type === 'number' || type === 'boolean' ? type : null
}
