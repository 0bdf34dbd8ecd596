/** The GraphQL types of columns: which scalar a value is, and which input compares it. */
import { type FieldType, isExact } from '../../model/field-type.ts'

/** Names of types of the generic schema. */
interface ScalarType {
  readonly output: string
  readonly filter: string
}

const scalar = (output: string, filter = `${output}Filter`): ScalarType => ({ output, filter })

const TEXT = scalar('String')
/** Values without an order. */
const OPAQUE = scalar('JSON', 'NullFilter')
/** Strings that are compared as values of the column's type. */
const VALUE = scalar('String', 'ValueFilter')
/** An unsigned integer of 32 bits exceeds `Int`, and is a number in JSON. */
const NUMBER = scalar('Float')

/** Returns the types of a value that is neither a list nor a struct. Its value in JSON is the one in `properties`. */
export function scalarOf(type: FieldType): ScalarType {
  switch (type.kind) {
    case 'bool':
      return scalar('Boolean')
    case 'int':
      if (type.bits === null || type.bits > 32) return scalar('BigInt')
      return type.bits === 32 && !type.signed ? NUMBER : scalar('Int')
    case 'float':
      return NUMBER
    case 'decimal':
      return isExact(type) ? NUMBER : VALUE
    case 'utf8':
    case 'dictionary':
      return TEXT
    case 'date':
      return scalar('Date')
    case 'timestamp':
      return scalar(type.utc ? 'DateTime' : 'LocalDateTime')
    case 'json':
    case 'variant':
      return scalar('JSON')
    case 'map':
      return type.key.kind === 'utf8' ? scalar('JSON') : OPAQUE
    case 'uuid':
    case 'binary':
    case 'bits':
    case 'time':
    case 'interval':
      return VALUE
    case 'other':
      return scalar('String', 'NullFilter')
    default:
      return OPAQUE
  }
}

/** Scalars whose lists have a filter. */
const LISTED = new Set(['Boolean', 'Int', 'BigInt', 'Float', 'String', 'Date', 'DateTime', 'LocalDateTime'])

/** Returns the filter of lists with elements of the type. */
export function listFilterOf(child: FieldType): string {
  if (child.kind === 'list' || child.kind === 'struct') return 'NullFilter'
  const { output, filter } = scalarOf(child)
  return LISTED.has(output) && filter !== 'NullFilter' ? `${output}ListFilter` : 'NullFilter'
}

/** True if a value that is there is never null in JSON. A number may be NaN, and a time may be infinite. */
export function isNeverNull({ kind }: FieldType): boolean {
  return ['bool', 'int', 'decimal', 'utf8', 'dictionary', 'uuid', 'binary', 'bits'].includes(kind)
}
