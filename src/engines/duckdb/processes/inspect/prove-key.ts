/** Proves that a column can be the key: in the rows that are served, its values are not null and all different. */
import type { DuckDBConnection } from '@duckdb/node-api'
import type { LayerKey } from '../../../../model/layer.ts'
import { identifier } from '../../dialect/quote.ts'
import type { Description } from '../../host/inspection.ts'
import { canBeKey } from './key-candidates.ts'
import { rowsOf } from './rows.ts'
import { rowsToServe } from './validity.ts'

interface KeyProof {
  readonly key: LayerKey
  /** The reason why the requested key is not a key. Null if it is one, or none was requested. */
  readonly fault: string | null
}

/** Returns the requested key, or its fault. Otherwise the first candidate that is a key. */
export async function proveKey(connection: DuckDBConnection, description: Description, rows: number): Promise<KeyProof> {
  const { key, keyCandidates, wantedKey } = description
  if (key.kind === 'COLUMN') return { key, fault: null }
  if (wantedKey) {
    const fault = await faultOf(connection, description, wantedKey, rows)
    return fault === null
      ? { key: { kind: 'COLUMN', column: wantedKey }, fault: null }
      : { key, fault: `${fault}: its ids are row numbers; name another \`key\`` }
  }
  for (const column of keyCandidates) {
    const { distinct } = await valuesOf(connection, description, column)
    if (rows > 0 && distinct === rows) return { key: { kind: 'COLUMN', column }, fault: null }
  }
  return { key, fault: null }
}

async function faultOf(
  connection: DuckDBConnection,
  description: Description,
  name: string,
  rows: number,
): Promise<string | null> {
  const column = description.columnsUncovered.find((candidate) => candidate.name === name)
  if (!column) return `it has no column ${name} to be its key`
  if (!canBeKey(column)) return `its column ${name} is ${column.native}, which cannot be a key (an integer, text or UUID can)`
  const { values, distinct } = await valuesOf(connection, description, name)
  if (values === null || distinct === null)
    return `its column ${name} could not be proven to be a key: there are too many values for memory`
  if (values < rows) return `its column ${name} cannot be its key: it is null in ${counted(rows - values)}`
  return distinct < rows ? `its column ${name} cannot be its key: ${counted(rows - distinct)} repeat another's value` : null
}

const counted = (rows: number): string => (rows === 1 ? '1 row' : `${rows} rows`)

/** Null if there was not enough memory. */
async function valuesOf(
  connection: DuckDBConnection,
  description: Description,
  column: string,
): Promise<{ values: number | null; distinct: number | null }> {
  const sql = `SELECT count(${identifier(column)}) AS n, count(DISTINCT ${identifier(column)}) AS d FROM ${rowsToServe(description)}`
  const [row] = await rowsOf(connection, sql).catch((error: Error) => {
    if (/^Out of Memory Error/.test(error.message)) return []
    throw error
  })
  return row ? { values: Number(row['n']), distinct: Number(row['d']) } : { values: null, distinct: null }
}
