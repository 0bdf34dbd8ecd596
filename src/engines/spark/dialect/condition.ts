/** Conditions of Spark SQL with their values, and names in it. Only this file quotes. */

/** A literal of Spark Connect. A value of a client is always one, and never a part of the text. */
export type Literal =
  | { readonly boolean: boolean }
  | { readonly integer: number }
  /** The text of a whole number. */
  | { readonly long: string }
  | { readonly float: number }
  | { readonly double: number }
  | { readonly decimal: { readonly value: string; readonly precision: number; readonly scale: number } }
  | { readonly string: string }
  | { readonly binary: Uint8Array }

/** Each `?` of the text stands for the next value. */
export interface Condition {
  readonly sql: string
  readonly values: readonly Literal[]
}

/** Null: every row may be selected. */
export type Narrowed = Condition | null

/** No row can be selected. */
export const NEVER: Condition = { sql: 'false', values: [] }

/** It collects what the condition of a filter leaves to DuckDB. */
export class Rest {
  /** The members of the filter that narrow nothing. */
  readonly missed = new Set<string>()
  /** True if the condition keeps exactly the rows that the filter selects. */
  isExact = true

  miss(member: string): void {
    this.missed.add(member)
    this.isExact = false
  }
}

/** Builds a condition from texts and the conditions or values between them. */
export function condition(texts: TemplateStringsArray, ...parts: readonly (Condition | Literal)[]): Condition {
  const conditions = parts.map((part) => ('sql' in part ? part : { sql: '?', values: [part] }))
  return {
    sql: texts.reduce((sql, text, n) => `${sql}${conditions[n - 1]!.sql}${text}`),
    values: conditions.flatMap(({ values }) => values),
  }
}

export function all(members: readonly Narrowed[]): Narrowed {
  const narrowing = members.filter((member) => member !== null)
  if (narrowing.includes(NEVER)) return NEVER
  return narrowing.length === 0 ? null : inBrackets(narrowing, ' AND ')
}

export function any(members: readonly Narrowed[]): Narrowed {
  if (members.includes(null)) return null
  const possible = members.filter((member) => member !== null && member !== NEVER)
  return possible.length === 0 ? NEVER : inBrackets(possible as readonly Condition[], ' OR ')
}

export function not(member: Condition): Condition {
  return condition`NOT (${member})`
}

function inBrackets(members: readonly Condition[], word: string): Condition {
  if (members.length === 1) return members[0]!
  return joined(
    members.map((member) => condition`(${member})`),
    word,
  )
}

export function joined(members: readonly Condition[], between: string): Condition {
  return { sql: members.map(({ sql }) => sql).join(between), values: members.flatMap(({ values }) => values) }
}

/** The name of the relation of the rows. */
export const ROWS = 't'

/** SQL of a column, or of a member inside one. */
export function columnOf(name: string, members: readonly string[] = []): Condition {
  return { sql: [ROWS, ...[name, ...members].map(identifier)].join('.'), values: [] }
}

/** SQL of a member of a covering, which is a member of the column, or a column if that is null. */
export function memberOf(column: string | null, name: string): Condition {
  return column === null ? columnOf(name) : columnOf(column, [name])
}

/** In backticks, Spark has no escapes except the doubled one. */
export function identifier(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``
}
