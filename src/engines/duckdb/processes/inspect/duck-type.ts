/** node-api's type objects as the plain tree that the rest of the product knows. */
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
import type { DuckType } from '../../../../model/layer.ts'

export function duckTypeOf(type: DuckDBType): DuckType {
  const tree = withoutAlias(type)
  return type.alias ? { ...tree, alias: type.alias } : tree
}

function withoutAlias(type: DuckDBType): DuckType {
  if (type instanceof DuckDBDecimalType) return { id: 'DECIMAL', width: type.width, scale: type.scale }
  if (type instanceof DuckDBEnumType) return { id: 'ENUM', values: [...type.values] }
  if (type instanceof DuckDBListType) return { id: 'LIST', child: duckTypeOf(type.valueType) }
  if (type instanceof DuckDBArrayType) return { id: 'ARRAY', child: duckTypeOf(type.valueType) }
  if (type instanceof DuckDBMapType) return { id: 'MAP', key: duckTypeOf(type.keyType), child: duckTypeOf(type.valueType) }
  if (type instanceof DuckDBStructType) return { id: 'STRUCT', fields: members(type.entryNames, type.entryTypes) }
  if (type instanceof DuckDBUnionType) return { id: 'UNION', fields: members(type.memberTags, type.memberTypes) }
  if (type instanceof DuckDBGeometryType) return { id: 'GEOMETRY' }
  return { id: String(type) }
}

function members(names: readonly string[], types: readonly DuckDBType[]): NonNullable<DuckType['fields']> {
  return types.map((type, index) => ({ name: names[index] ?? '', type: duckTypeOf(type) }))
}

/** Whether values of the type hold geometry somewhere inside. */
export function holdsGeometry(type: DuckType): boolean {
  const inside = [type.child, type.key, ...(type.fields ?? []).map((field) => field.type)]
  return type.id === 'GEOMETRY' || inside.some((child) => child !== undefined && holdsGeometry(child))
}
