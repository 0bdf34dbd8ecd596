/**
 * Decides the type of each column of a CSV file over all its values, so that no value changes: a column is text unless every
 * value has the one form of a type, and is exact in it. Blanks around a value do not count, nor do empty values.
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

interface Form {
  readonly type: string
  /** The form of a whole value. It decides over a sample only. */
  readonly pattern: RegExp
  /** SQL that is true for a value that the type keeps. `v` is the value. */
  readonly keeps: string
  /** SQL of an aggregate that must be true for the column too. */
  readonly column?: string
  /** SQL of an aggregate, a value to show in `problem`. */
  readonly example?: string
  /** The problem of a column that stays text although its values look like more. */
  readonly problem?: (name: string, example: string) => string
}

const WHOLE = /^(-?[1-9]\d*|0)$/
/** The engine reads the same text from these types, and only from these. */
const same = (type: string) => `TRY_CAST(v AS ${type})::VARCHAR = v`

const MANTISSA = '-?(?:(?:0|[1-9][0-9]*)(?:[.][0-9]+)?|[.][0-9]+)'
const NUMBER = `${MANTISSA}(?:[eE][+-]?[0-9]+)?`
const HAS_EXPONENT = `(contains(v, 'e') OR contains(v, 'E'))`
const DIGITS = `length(trim(translate(regexp_replace(v, '[eE].*', ''), '-.', ''), '0'))`
/** A double keeps 15 significant digits, and more if its shortest text is the same. Its range is checked last. */
const IS_EXACT = `CASE WHEN length(v) <= 15 AND NOT ${HAS_EXPONENT} THEN true
  ELSE (${DIGITS} <= 15 OR ${same('DOUBLE')}) AND (${DIGITS} = 0 OR abs(TRY_CAST(v AS DOUBLE)) BETWEEN 2.3e-308 AND 1.7e308) END`

const DAY = '[0-9]{4}-[0-9]{2}-[0-9]{2}'
const TIME = `${DAY}[T ](?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:[.][0-9]{1,6})?`
/** The engine takes the year 0 for 1 BC. */
const EXISTS = `TRY_CAST(v[:10] AS DATE) IS NOT NULL AND v >= '0001'`
const ODD_DAY =
  '(?:[0-9]{1,2}/[0-9]{1,2}/(?:[0-9]{2}|[0-9]{4})|[0-9]{1,2}[.-][0-9]{1,2}[.-][0-9]{4}|[0-9]{2}[.-][0-9]{2}[.-][0-9]{2})(?:[T ][0-9:. apmAPM]+)?'

const whole = (pattern: string) => new RegExp(`^(?:${pattern})$`)
const matches = (pattern: string) => `regexp_full_match(v, ${literal(pattern)})`
const staysText = (name: string, what: string) => `its column ${name} has ${what}: it is served as text`

/** The first form that all values of a column have is the column's. */
const FORMS: readonly Form[] = [
  { type: 'BOOLEAN', pattern: /^(true|false)$/i, keeps: `lower(v) IN ('true', 'false')` },
  { type: 'INTEGER', pattern: WHOLE, keeps: same('INTEGER') },
  { type: 'BIGINT', pattern: WHOLE, keeps: same('BIGINT') },
  // A copy keeps it, and would make doubles of HUGEINT.
  { type: 'DECIMAL(38,0)', pattern: WHOLE, keeps: `${same('HUGEINT')} AND length(ltrim(v, '-')) <= 38` },
  {
    type: 'DOUBLE',
    pattern: whole(NUMBER),
    keeps: `CASE WHEN ${matches(NUMBER)} THEN ${IS_EXACT} ELSE false END`,
    // Codes such as 1E5 are no numbers. A decimal point in the column shows that its values are.
    column: `(NOT bool_or(${HAS_EXPONENT}) OR bool_or(contains(v, '.')))`,
  },
  { type: 'DATE', pattern: whole(DAY), keeps: `${matches(DAY)} AND ${EXISTS}` },
  { type: 'TIMESTAMP', pattern: whole(TIME), keeps: `${matches(TIME)} AND ${EXISTS}` },
  { type: 'TIMESTAMP WITH TIME ZONE', pattern: whole(`${TIME}Z`), keeps: `${matches(`${TIME}Z`)} AND ${EXISTS}` },
  {
    type: 'VARCHAR',
    pattern: whole(`${DAY}(?:[T ].*)?`),
    keeps: matches(`${DAY}(?:[T ].*)?`),
    column: `NOT bool_and(${EXISTS})`,
    example: `min(v) FILTER (NOT (${EXISTS}))`,
    problem: (name, example) => staysText(name, `dates that do not exist, like ${example}`),
  },
  {
    type: 'VARCHAR',
    pattern: whole(ODD_DAY),
    keeps: matches(ODD_DAY),
    example: 'min(v)',
    problem: (name, example) => staysText(name, `dates like ${example}, whose order of day, month and year is not known`),
  },
]

/** Enough values to see that most columns of text are text. */
const SAMPLE_ROWS = 2_000
/** Of one statement. Thousands of aggregates at once need the memory of the whole process. */
const MOST_TESTS = 300

/**
 * Reads all rows, once per few hundred tests.
 *
 * @param coordinates names of columns whose numbers may be rounded to doubles, because the geometry has the same doubles
 */
export async function csvTypes(
  connection: DuckDBConnection,
  from: string,
  names: readonly string[],
  coordinates: readonly string[],
): Promise<{ readonly columns: readonly CsvColumn[]; readonly problems: readonly string[] }> {
  if (names.length === 0) return { columns: [], problems: [] }
  const values = names.map((name, at) => `${trimmed(name)} AS v${at}`).join(', ')
  const sample = await rowsOf(connection, `SELECT ${values} FROM ${from} LIMIT ${SAMPLE_ROWS}`)
  const forms = names.map((_, at) => FORMS.filter(({ pattern }) => sample.every((row) => isOf(pattern, row[`v${at}`]))))
  const tests = forms.flatMap((possible, at) =>
    possible.map((form, n) => {
      const isRounded = form.type === 'DOUBLE' && coordinates.includes(names[at] ?? '')
      const test = [
        `bool_and(coalesce(${isRounded ? matches(NUMBER) : form.keeps}, false)) FILTER (v IS NOT NULL)`,
        form.column ?? 'true',
      ]
      const sql = `${test.join(' AND ')} AS f${at}_${n}, ${form.example ?? 'NULL'} AS e${at}_${n}`
      return sql.replace(/\bv\b/g, `v${at}`)
    }),
  )
  const found: Record<string, unknown> = {}
  for (let at = 0; at < tests.length; at += MOST_TESTS) {
    const some = tests.slice(at, at + MOST_TESTS).join(', ')
    Object.assign(found, (await rowsOf(connection, `SELECT ${some} FROM (SELECT ${values} FROM ${from})`))[0])
  }
  const problems: string[] = []
  const columns = names.map((name, at): CsvColumn => {
    const n = forms[at]?.findIndex((_, index) => found[`f${at}_${index}`] === true) ?? -1
    const { type = 'VARCHAR', problem } = forms[at]?.[n] ?? {}
    if (problem) problems.push(problem(name, String(found[`e${at}_${n}`])))
    return { name, type, value: castOf(name, type) }
  })
  return { columns, problems }
}

/** All values that are not blank can be cast. The engine's own text of a DECIMAL is slow to read: 9 us. */
function castOf(name: string, type: string): string {
  if (type === 'VARCHAR') return identifier(name)
  return type.startsWith('DECIMAL') ? `${trimmed(name)}::HUGEINT::${type}` : `${trimmed(name)}::${type}`
}

/** SQL of a value without the blanks around it. Null if nothing is left. */
export const trimmed = (name: string): string => `nullif(trim(${identifier(name)}), '')`

const isOf = (pattern: RegExp, value: unknown): boolean => value === null || pattern.test(String(value))
