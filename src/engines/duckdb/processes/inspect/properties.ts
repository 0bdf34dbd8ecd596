import { jsonTypeOf } from '../../../../catalog/json-type.ts'
import type { Field } from '../../../../model/layer.ts'
import type { RelationColumn } from './columns.ts'

/** All columns but those `hidden`, in the source's order. */
export function propertiesOf(columns: readonly RelationColumn[], hidden: readonly (string | null | undefined)[]): Field[] {
  return columns
    .filter(({ name }) => !hidden.includes(name))
    .map(({ name, type, native, nullable }) => ({ name, type, native, jsonType: jsonTypeOf(type), nullable }))
}
