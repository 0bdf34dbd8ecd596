/** Whole rows, as they are delivered and as DuckDB's own program reads them: the id, and digests of what is large. */
import { createHash } from 'node:crypto'
import { duckdbCli } from '../../support/duckdb-cli.ts'

/** Everything that a feature has. */
export const ALL_FIELDS = [
  {
    kind: 'features',
    fields: [
      { key: 'id', field: 'key' },
      { key: 'properties', field: 'properties', only: null },
      { key: 'geometry', field: 'geometry', as: 'WKB', precision: 7 },
    ],
  },
] as const

interface Row {
  readonly id: string
  readonly properties: { readonly name: string; readonly score: string }
  /** In hexadecimal digits. */
  readonly geometry: string
}

const digest = (data: string | Uint8Array) => createHash('md5').update(data).digest('hex')

/** The rows of a batch or page with `ALL_FIELDS`. */
export function rowsOf(outputs: readonly Uint8Array[]): string[] {
  const rows = JSON.parse(Buffer.from(outputs[0] ?? []).toString()) as Row[]
  return rows.map(({ id, properties: { name, score }, geometry }) =>
    [id, score, digest(name), digest(Buffer.from(geometry, 'hex'))].join(' '),
  )
}

/** By a column, whose ties keep the order of the file. */
export async function rowsByCli(file: string, column: string): Promise<string[]> {
  const rows = await duckdbCli<{ row: string }>(`SELECT concat_ws(' ', id, score, md5(name), md5(ST_AsWKB(geometry))) AS row
    FROM read_parquet('${file}', file_row_number = true) ORDER BY ${column}, file_row_number`)
  return rows.map(({ row }) => row)
}

/** Null where they are the same; else the first place where they differ: 400,000 rows are not to be shown. */
export function difference(actual: readonly string[], expected: readonly string[]): string | null {
  const place = expected.findIndex((row, n) => row !== actual[n])
  if (place >= 0) return `row ${place} is ${actual[place]}, not ${expected[place]}`
  return actual.length === expected.length ? null : `${actual.length} rows, not ${expected.length}`
}
