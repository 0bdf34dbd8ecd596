/** Writes the statements about tables of Iceberg and Delta. */
import type { TableVersion } from '../../../model/layer.ts'
import { identifier } from './condition.ts'

export type TableKind = 'iceberg' | 'delta'

/** The latest version of a table. */
export interface Latest {
  readonly version: string
  /** A table that was dropped and made again may have the same version. */
  readonly stamp: string | null
}

export const isTableKind = (provider: string): provider is TableKind => provider === 'iceberg' || provider === 'delta'

/** SQL of a table. Each part of its name is quoted. */
const tableOf = (name: readonly string[]): string => name.map(identifier).join('.')

/** Spark may keep what it has read of a table until this is asked, also if other programs write to the table. */
export const refreshOf = (name: readonly string[]): string => `REFRESH TABLE ${tableOf(name)}`

/** A command: its first rows are the columns, and later ones say what the table is. */
export const descriptionOf = (name: readonly string[]): string => `DESCRIBE TABLE EXTENDED ${tableOf(name)}`

/** A query. It has no row if nothing has been written to the table. */
export const latestOfIceberg = (name: readonly string[]): string =>
  `SELECT CAST(snapshot_id AS STRING) AS version FROM ${tableOf([...name, 'refs'])} WHERE name = 'main'`

/** A command. */
export const latestOfDelta = (name: readonly string[]): string => `DESCRIBE HISTORY ${tableOf(name)} LIMIT 1`

export function rowsOf({ name, version }: TableVersion): string {
  if (!/^\d+$/.test(version)) throw new Error('a version of a table is a whole number')
  return `SELECT * FROM ${tableOf(name)} VERSION AS OF ${version}`
}
