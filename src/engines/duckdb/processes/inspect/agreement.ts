/** Checks that several files can be one layer: they need the same columns in any order, and the same CRS. */
import path from 'node:path'
import type { Footer } from './footer.ts'
import type { GeoMetadata } from './geoparquet.ts'

/** Returns the reason why the files cannot be one layer. Null if they can. */
export function disagreement(footers: readonly Footer[]): string | null {
  const [first, ...others] = footers
  if (!first) return null
  for (const other of others) {
    const difference = differenceOf(first, other)
    if (difference)
      return `its files do not fit together: ${path.basename(other.file)} ${difference} ${path.basename(first.file)}; write them alike, or serve each by itself`
  }
  return null
}

function differenceOf(first: Footer, other: Footer): string | null {
  const signatures = new Map(other.columns.map((column) => [column.name, column.signature]))
  for (const { name, signature } of first.columns) {
    const its = signatures.get(name)
    if (its === undefined) return `has no column ${name}, unlike`
    if (its !== signature) return `has another type of column ${name} than`
    signatures.delete(name)
  }
  const [more] = signatures.keys()
  if (more !== undefined) return `has a column ${more}, unlike`
  return geoText(first.geo) === geoText(other.geo) ? null : 'has another CRS, encoding or geometry column than'
}

function geoText(geo: GeoMetadata | null): string {
  const columns = [...(geo?.columns ?? [])].map(([name, { encoding, crs }]) => [
    name,
    encoding,
    crs?.code ?? crs?.definition ?? crs?.name,
  ])
  return JSON.stringify([geo?.primaryColumn, columns.sort()])
}
