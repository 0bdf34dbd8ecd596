import { jsonTypeOf } from '../../../../model/json-type.ts'
import type { Field } from '../../../../model/layer.ts'
import type { RelationColumn } from './columns.ts'

/** Returns all columns except `hidden`, in the source's order. */
export function propertiesOf(columns: readonly RelationColumn[], hidden: readonly (string | null | undefined)[]): Field[] {
  return columns
    .filter(({ name }) => !hidden.includes(name))
    .map(({ name, type, native, nullable, readAs, comment }) => ({
      name,
      type,
      native,
      jsonType: jsonTypeOf(type),
      nullable,
      ...(readAs !== null && { readAs }),
      ...(comment !== undefined && { description: comment }),
    }))
}
