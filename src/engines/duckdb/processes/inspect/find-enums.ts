/** Reads the values of the columns that are to be enums, in the rows that are served. Takes one pass per column. */
import type { DuckDBConnection } from '@duckdb/node-api'
import { MOST_ENUM_VALUES } from '../../../../model/layer.ts'
import { identifier } from '../../dialect/quote.ts'
import type { Description, EnumValues, ProvenGeometry } from '../../host/inspection.ts'
import { rowsOf } from './rows.ts'
import { rowsToServe } from './validity.ts'

/** Most characters of a value, since each is a name and a description in the schema. */
const LONGEST_VALUE = 100

export async function findEnums(
  connection: DuckDBConnection,
  description: Description,
): Promise<Pick<ProvenGeometry, 'enums' | 'faults'>> {
  const wanted = description.tailoring?.enums
  if (!wanted) return { faults: [] }
  const enums: EnumValues[] = []
  const faults: string[] = []
  for (const column of wanted) {
    const values = await valuesOf(connection, description, column)
    if (typeof values === 'string') faults.push(`its column ${column} ${values}, so it stays a String: leave out \`enum\` of it`)
    else enums.push({ column, values })
  }
  return { enums, faults }
}

/** Returns the values, or the reason why they cannot be an enum. Neither many nor long values need much memory. */
async function valuesOf(
  connection: DuckDBConnection,
  description: Description,
  column: string,
): Promise<readonly string[] | string> {
  const name = identifier(column)
  const found = await rowsOf(
    connection,
    `SELECT DISTINCT left(${name}, ${LONGEST_VALUE + 1}) AS value FROM ${rowsToServe(description)} WHERE ${name} IS NOT NULL LIMIT ${MOST_ENUM_VALUES + 1}`,
  )
  const values = found.map(({ value }) => value as string)
  if (values.length > MOST_ENUM_VALUES) return `has more than ${MOST_ENUM_VALUES.toLocaleString('en')} values`
  if (values.some((value) => [...value].length > LONGEST_VALUE)) return `has a value of more than ${LONGEST_VALUE} characters`
  return values.sort()
}
