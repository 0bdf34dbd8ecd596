import { jsonTypeOf } from '../../../../catalog/json-type.ts'
import type { Column } from '../../../../model/layer.ts'
import type { RelationColumn } from './columns.ts'

/** All columns but those `hidden`, in the source's order. */
export function propertiesOf(columns: readonly RelationColumn[], hidden: readonly (string | null | undefined)[]): Column[] {
  return columns
    .filter(({ name }) => !hidden.includes(name))
    .map(({ name, type, duckType, nullable }) => ({ name, type, duckType, jsonType: jsonTypeOf(duckType), nullable }))
}
