/** Binds the values of a statement with their types. */
import { DOUBLE, type DuckDBPreparedStatement, type DuckDBValue } from '@duckdb/node-api'
import type { Parameter } from '../dialect/plan.ts'

/** Binds every number as a DOUBLE. By itself, node-api binds whole numbers as integers, and fails from 2^63 on. */
export function bindParameters(prepared: DuckDBPreparedStatement, parameters: readonly Parameter[]): void {
  const types = parameters.map((value) => (typeof value === 'number' ? DOUBLE : undefined))
  // An undefined type means that node-api derives it from the value. Its declaration does not say so.
  prepared.bind(parameters as DuckDBValue[], types as (typeof DOUBLE)[])
}
