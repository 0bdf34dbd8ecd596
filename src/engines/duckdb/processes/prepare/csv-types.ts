/**
 * Decides the type of each column of a CSV file over all its values, so that no value changes: a column is text unless every
 * value has the form of one type, and is exact in it. Blanks around a value do not count, nor do empty values.
 */
import type { DuckDBConnection } from '@duckdb/node-api'
import { identifier, literal } from '../../dialect/quote.ts'
import { rowsOf } from '../inspect/rows.ts'

export interface CsvColumn {
  readonly name: string
  readonly type: string
  /** SQL of the value. */
  readonly value: string
}

/** A bit per form that a value may have. The forms of a column are those that all its values have. */
const FORM = {
  INTEGER: 1,
  BIGINT: 2,
  DECIMAL: 4,
  /** A number that a double represents exactly. */
  EXACT: 8,
  NUMBER: 16,
  BOOLEAN: 32,
  DATE: 64,
  TIMESTAMP: 128,
  TIMESTAMPTZ: 256,
  /** A date of ISO 8601, which may not exist, with a time or without. */
  ISO: 512,
  /** A date whose order of day, month and year is not known. */
  ODD_DAY: 1024,
} as const

/** The first form that a column has decides. A copy keeps DECIMAL, and would make doubles of HUGEINT. */
const TYPES: readonly (readonly [form: number, type: string])[] = [
  [FORM.BOOLEAN, 'BOOLEAN'],
  [FORM.INTEGER, 'INTEGER'],
  [FORM.BIGINT, 'BIGINT'],
  [FORM.DECIMAL, 'DECIMAL(38,0)'],
  [FORM.EXACT, 'DOUBLE'],
  [FORM.DATE, 'DATE'],
  [FORM.TIMESTAMP, 'TIMESTAMP'],
  [FORM.TIMESTAMPTZ, 'TIMESTAMP WITH TIME ZONE'],
]

const NUMBER = '-?((0|[1-9][0-9]*)([.][0-9]+)?|[.][0-9]+)([eE][+-]?[0-9]+)?'
const DAY = '[0-9]{4}-[0-9]{2}-[0-9]{2}'
const TIME = '[T ]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,6})?'
const ODD_DAY =
  '([0-9]{1,2}/[0-9]{1,2}/([0-9]{2}|[0-9]{4})|[0-9]{1,2}[.-][0-9]{1,2}[.-][0-9]{4}|[0-9]{2}[.-][0-9]{2}[.-][0-9]{2})([T ][0-9:. apmAPM]+)?'

const matches = (pattern: string) => `regexp_full_match(v, ${literal(pattern)})`
/** True if the type writes the value as it is in the file. */
const same = (type: string) => `TRY_CAST(v AS ${type})::VARCHAR = v`
const HAS_EXPONENT = `(contains(v, 'e') OR contains(v, 'E'))`
const DIGITS = `length(trim(translate(regexp_replace(v, '[eE].*', ''), '-.', ''), '0'))`
/** A double keeps 15 significant digits, and more if its shortest text is the same. Longer whole numbers stay text. */
const IS_EXACT = `CASE WHEN length(ltrim(v, '-')) <= 15 AND NOT ${HAS_EXPONENT} THEN true
  WHEN NOT contains(v, '.') AND NOT ${HAS_EXPONENT} THEN false
  ELSE (${DIGITS} <= 15 OR ${same('DOUBLE')}) AND (${DIGITS} = 0 OR abs(TRY_CAST(v AS DOUBLE)) BETWEEN 2.3e-308 AND 1.7e308) END`
/** The engine takes the year 0 for 1 BC. */
const EXISTS = `(TRY_CAST(v[:10] AS DATE) IS NOT NULL AND v >= '0001')`

/** SQL of the forms of the value `v`. Null for null. */
const FORMS = `CASE WHEN v IS NULL THEN NULL
  WHEN v[1] NOT BETWEEN '-' AND '9' THEN CASE WHEN lower(v) IN ('true', 'false') THEN ${FORM.BOOLEAN} ELSE 0 END
  WHEN ${matches(NUMBER)} THEN ${FORM.NUMBER} + (CASE WHEN ${IS_EXACT} THEN ${FORM.EXACT} ELSE 0 END) +
    CASE WHEN ${same('INTEGER')} THEN ${FORM.INTEGER + FORM.BIGINT + FORM.DECIMAL} WHEN ${same('BIGINT')} THEN ${FORM.BIGINT + FORM.DECIMAL}
      WHEN ${same('HUGEINT')} AND length(ltrim(v, '-')) <= 38 THEN ${FORM.DECIMAL} ELSE 0 END
  WHEN ${matches(`${DAY}([T ].*)?`)} THEN ${FORM.ISO} + CASE WHEN NOT ${EXISTS} THEN 0 WHEN length(v) = 10 THEN ${FORM.DATE}
    WHEN ${matches(DAY + TIME)} THEN ${FORM.TIMESTAMP} WHEN ${matches(`${DAY}${TIME}Z`)} THEN ${FORM.TIMESTAMPTZ} ELSE 0 END
  WHEN ${matches(ODD_DAY)} THEN ${FORM.ODD_DAY} ELSE 0 END`

/** Enough values to see that most columns of text are text. */
const SAMPLE_ROWS = 2_000
/** The lists of more columns at once need the memory of the whole process. */
const COLUMNS_AT_ONCE = 100

/**
 * Reads all rows once, or once per hundred columns. It takes about 0.2 us per value.
 *
 * @param coordinates names of columns whose numbers may be rounded to doubles, because the geometry has the same doubles
 */
export async function csvTypes(
  connection: DuckDBConnection,
  from: string,
  names: readonly string[],
  coordinates: readonly string[],
): Promise<{ readonly columns: readonly CsvColumn[]; readonly problems: readonly string[] }> {
  const columns: CsvColumn[] = []
  const problems: string[] = []
  for (let at = 0; at < names.length; at += COLUMNS_AT_ONCE) {
    const some = names.slice(at, at + COLUMNS_AT_ONCE)
    const possible = await formsOf(connection, `(FROM ${from} LIMIT ${SAMPLE_ROWS})`, some)
    const found = await formsOf(
      connection,
      from,
      some.filter((name) => possible.get(name) !== 0),
    )
    for (const name of some) {
      const forms = found.get(name) ?? 0
      const isRounded = (forms & FORM.NUMBER) !== 0 && coordinates.includes(name)
      const type = TYPES.find(([form]) => (forms & form) !== 0)?.[1] ?? (isRounded ? 'DOUBLE' : 'VARCHAR')
      columns.push({ name, type, value: castOf(name, type) })
      const problem = type === 'VARCHAR' ? await problemOf(connection, from, name, forms) : null
      if (problem !== null) problems.push(`its column ${name} has dates ${problem}: it is served as text`)
    }
  }
  return { columns, problems }
}

/** The forms of each column; null if it has no values. One plan for every column would take seconds for a thousand of them. */
async function formsOf(
  connection: DuckDBConnection,
  from: string,
  names: readonly string[],
): Promise<Map<string, number | null>> {
  if (names.length === 0) return new Map()
  const rows = await rowsOf(
    connection,
    `SELECT k, bit_and(${FORMS}) AS forms, bool_or(${HAS_EXPONENT}) AND NOT bool_or(contains(v, '.')) AS has_codes
      FROM (SELECT k, nullif(trim(w), '') AS v FROM
        (SELECT unnest(range(${names.length})) AS k, unnest([${names.map(identifier).join(', ')}]) AS w FROM ${from}))
      GROUP BY k`,
  )
  return new Map(
    rows.map(({ k, forms, has_codes }) => {
      // Codes such as 1E5 are no numbers. A decimal point in the column shows that its values are.
      const mask = has_codes === true ? ~(FORM.NUMBER | FORM.EXACT) : -1
      return [names[Number(k)] ?? '', forms === null ? null : Number(forms) & mask]
    }),
  )
}

/** Describes the dates of a column of text. Null if it has other values too. */
async function problemOf(connection: DuckDBConnection, from: string, name: string, forms: number): Promise<string | null> {
  if ((forms & (FORM.ISO | FORM.ODD_DAY)) === 0) return null
  const where = (forms & FORM.ISO) !== 0 ? `NOT ${EXISTS}` : 'v IS NOT NULL'
  const [row] = await rowsOf(connection, `SELECT v FROM (SELECT ${trimmed(name)} AS v FROM ${from}) WHERE ${where} LIMIT 1`)
  if (!row) return null
  return (forms & FORM.ISO) !== 0
    ? `that do not exist, like ${row['v']}`
    : `like ${row['v']}, whose order of day, month and year is not known`
}

/** The engine reads a DECIMAL from text in 9 us, and from a HUGEINT at once. */
function castOf(name: string, type: string): string {
  if (type === 'VARCHAR') return identifier(name)
  return type.startsWith('DECIMAL') ? `${trimmed(name)}::HUGEINT::${type}` : `${trimmed(name)}::${type}`
}

/** SQL of a value without the blanks around it. Null if nothing is left. */
export const trimmed = (name: string): string => `nullif(trim(${identifier(name)}), '')`
