/** Whether several files can be one layer: the same columns in any order, the same CRS. */
import path from 'node:path'
import type { Footer } from './footer.ts'
import type { GeoMetadata } from './geoparquet.ts'

/** Why the files cannot be one layer; null if they can. */
export function disagreement(footers: readonly Footer[]): string | null {
  const [first, ...others] = footers
  if (!first) return null
  for (const other of others) {
    const difference = differenceOf(first, other)
    if (difference)
      return `its files do not fit together: ${path.basename(other.file)} ${difference} ${path.basename(first.file)}`
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
  return geoText(first.geo) === geoText(other.geo) ? null : 'tells another CRS, encoding or geometry column than'
}

function geoText(geo: GeoMetadata | null): string {
  const columns = [...(geo?.columns ?? [])].map(([name, { encoding, crs }]) => [name, encoding, crs?.code ?? crs?.name])
  return JSON.stringify([geo?.primaryColumn, columns.sort()])
}
