/** Values inside JSON have no declared type: each is compared with client values of its own JSON type, and is null to others. */
import type { DuckType } from '../layer.ts'
import type { JsonKind } from '../predicate.ts'
import { DOUBLE } from './number.ts'
import type { Scalar } from './scalar.ts'
import { BOOLEAN, VARCHAR } from './text.ts'

const of = (scalar: Scalar, types: string, value: (json: string) => string): Scalar => ({
  ...scalar,
  takes: `${scalar.takes}, as the others of its list`,
  subject: (json) => `CASE WHEN json_type(${json}) IN (${types}) THEN ${value(json)} END`,
})

export const JSON_TEXT = of(VARCHAR, `'VARCHAR'`, (json) => `json_extract_string(${json}, '$')`)
const JSON_NUMBER = of(DOUBLE, `'UBIGINT', 'BIGINT', 'DOUBLE'`, (json) => `CAST(${json} AS DOUBLE)`)
const JSON_BOOLEAN = of(BOOLEAN, `'BOOLEAN'`, (json) => `CAST(${json} AS BOOLEAN)`)

const SCALARS: Readonly<Record<JsonKind, Scalar>> = { string: JSON_TEXT, number: JSON_NUMBER, boolean: JSON_BOOLEAN }

export function jsonScalar(kind: JsonKind): Scalar {
  return SCALARS[kind]
}

/** Of a client's value; null: there is no comparing with it. */
export function jsonKindOf(value: unknown): JsonKind | null {
  const type = typeof value
  return type === 'string' || type === 'number' || type === 'boolean' ? type : null
}

export function isJson({ id, alias }: DuckType): boolean {
  return alias === 'JSON' || id === 'VARIANT'
}
