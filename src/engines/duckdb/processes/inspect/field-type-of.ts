/** Converts node-api's type objects to the types of the model. */
import {
  DuckDBArrayType,
  DuckDBDecimalType,
  DuckDBEnumType,
  DuckDBGeometryType,
  DuckDBListType,
  DuckDBMapType,
  DuckDBStructType,
  type DuckDBType,
  DuckDBUnionType,
} from '@duckdb/node-api'
import type { FieldMember, FieldType } from '../../../../model/field-type.ts'
import { identifier } from '../../dialect/quote.ts'

const PLAIN: Readonly<Record<string, FieldType>> = {
  BOOLEAN: { kind: 'bool' },
  TINYINT: { kind: 'int', bits: 8, signed: true },
  SMALLINT: { kind: 'int', bits: 16, signed: true },
  INTEGER: { kind: 'int', bits: 32, signed: true },
  BIGINT: { kind: 'int', bits: 64, signed: true },
  HUGEINT: { kind: 'int', bits: 128, signed: true },
  UTINYINT: { kind: 'int', bits: 8, signed: false },
  USMALLINT: { kind: 'int', bits: 16, signed: false },
  UINTEGER: { kind: 'int', bits: 32, signed: false },
  UBIGINT: { kind: 'int', bits: 64, signed: false },
  UHUGEINT: { kind: 'int', bits: 128, signed: false },
  BIGNUM: { kind: 'int', bits: null, signed: true },
  FLOAT: { kind: 'float', bits: 32 },
  DOUBLE: { kind: 'float', bits: 64 },
  VARCHAR: { kind: 'utf8' },
  BLOB: { kind: 'binary' },
  UUID: { kind: 'uuid' },
  BIT: { kind: 'bits' },
  DATE: { kind: 'date' },
  TIME: { kind: 'time', unit: 'us', offset: false },
  TIME_NS: { kind: 'time', unit: 'ns', offset: false },
  'TIME WITH TIME ZONE': { kind: 'time', unit: 'us', offset: true },
  TIMESTAMP_S: { kind: 'timestamp', unit: 's', utc: false },
  TIMESTAMP_MS: { kind: 'timestamp', unit: 'ms', utc: false },
  TIMESTAMP: { kind: 'timestamp', unit: 'us', utc: false },
  TIMESTAMP_NS: { kind: 'timestamp', unit: 'ns', utc: false },
  'TIMESTAMP WITH TIME ZONE': { kind: 'timestamp', unit: 'us', utc: true },
  INTERVAL: { kind: 'interval' },
  VARIANT: { kind: 'variant' },
}

export function fieldTypeOf(type: DuckDBType): FieldType {
  if (type.alias === 'JSON') return { kind: 'json' }
  if (type instanceof DuckDBDecimalType) return { kind: 'decimal', precision: type.width, scale: type.scale }
  if (type instanceof DuckDBEnumType) return { kind: 'dictionary', values: [...type.values] }
  if (type instanceof DuckDBListType || type instanceof DuckDBArrayType)
    return { kind: 'list', child: fieldTypeOf(type.valueType) }
  if (type instanceof DuckDBMapType) return { kind: 'map', key: fieldTypeOf(type.keyType), value: fieldTypeOf(type.valueType) }
  if (type instanceof DuckDBStructType) return { kind: 'struct', fields: members(namesOf(type), type.entryTypes) }
  if (type instanceof DuckDBUnionType) return { kind: 'union', fields: members(type.memberTags, type.memberTypes) }
  if (type instanceof DuckDBGeometryType) return { kind: 'geometry' }
  return PLAIN[String(type)] ?? { kind: 'other' }
}

function members(names: readonly string[], types: readonly DuckDBType[]): FieldMember[] {
  return types.map((type, index) => ({ name: names[index] ?? '', type: fieldTypeOf(type) }))
}

/** Names of a struct's members. A member without a name gets its number, from 1. */
function namesOf({ entryNames }: DuckDBStructType): readonly string[] {
  if (!isUnnamed(entryNames)) return entryNames
  const taken = new Set(entryNames)
  return entryNames.map((name, index) => {
    let own = name || String(index + 1)
    while (name === '' && taken.has(own)) own += '_'
    return own
  })
}

/** The engine takes a struct as unnamed if its first member has no name. So is a UNION that was written to Parquet. */
function isUnnamed([first]: readonly string[]): boolean {
  return first === ''
}

/**
 * Returns the type as SQL without the names of spatial's types (POINT_2D, BOX_2D) and with names for all members, because functions of
 * structs and lists do not bind otherwise. Null if the type needs neither.
 */
export function plainTypeOf(type: DuckDBType): string | null {
  return needsPlain(type) ? plain(type) : null
}

function needsPlain(type: DuckDBType): boolean {
  if (type instanceof DuckDBStructType)
    return type.alias !== undefined || isUnnamed(type.entryNames) || type.entryTypes.some(needsPlain)
  if (type instanceof DuckDBUnionType) return type.memberTypes.some(needsPlain)
  if (type instanceof DuckDBMapType) return needsPlain(type.keyType) || needsPlain(type.valueType)
  if (type instanceof DuckDBListType || type instanceof DuckDBArrayType)
    return type.alias !== undefined || needsPlain(type.valueType)
  return false
}

function plain(type: DuckDBType): string {
  if (type instanceof DuckDBStructType) {
    const members = membersOf(namesOf(type), type.entryTypes)
    // Named members are cast by name. In their own order, the binder would drop the cast, and keep the name of a type of lists.
    return `STRUCT(${(isUnnamed(type.entryNames) ? members : members.reverse()).join(', ')})`
  }
  if (type instanceof DuckDBUnionType) return `UNION(${membersOf(type.memberTags, type.memberTypes).join(', ')})`
  if (type instanceof DuckDBMapType) return `MAP(${plain(type.keyType)}, ${plain(type.valueType)})`
  if (type instanceof DuckDBListType) return `${plain(type.valueType)}[]`
  if (type instanceof DuckDBArrayType) return `${plain(type.valueType)}[${type.length}]`
  return type.alias === 'JSON' ? 'JSON' : String(type)
}

function membersOf(names: readonly string[], types: readonly DuckDBType[]): string[] {
  return types.map((type, index) => `${identifier(names[index] ?? '')} ${plain(type)}`)
}

/** True if values of the type contain geometry at any depth. */
export function holdsGeometry(type: FieldType): boolean {
  switch (type.kind) {
    case 'list':
      return holdsGeometry(type.child)
    case 'map':
      return holdsGeometry(type.key) || holdsGeometry(type.value)
    case 'struct':
    case 'union':
      return type.fields.some((field) => holdsGeometry(field.type))
    default:
      return type.kind === 'geometry'
  }
}
