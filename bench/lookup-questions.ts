/** The questions of the lookups, the same for the server and for the bare engine. No question comes twice within 300. */
import type { Lookup } from './data/lookups.ts'

export const LOOKUP_KINDS = ['key', 'text', 'page'] as const
export type LookupKind = (typeof LOOKUP_KINDS)[number]

const CLASSES = ['house', 'apartments', 'garage', 'retail', 'industrial', 'school', 'office'] as const

export interface Question {
  /** The GraphQL query for a layer. */
  readonly query: string
  /** Values of the statement. */
  readonly values: readonly (string | number)[]
  /** Features of the answer. */
  readonly count: number
}

export function questionOf(kind: LookupKind, layer: string, lookups: readonly Lookup[], n: number): Question {
  const { id, name, hits } = lookups[n % lookups.length]!
  const all = 'id key geojson properties'
  if (kind === 'key') return { query: `{ feature(layer: "${layer}", id: "${id}") { ${all} } }`, values: [id], count: 1 }
  const list = (where: string, more: string) => `{ features(layer: "${layer}", where: { ${where} }${more}) { count geojson } }`
  if (kind === 'text') {
    return { query: list(`property: { name: "name", eq: "${name}" }`, ', first: 100'), values: [name], count: hits }
  }
  // Only the number of features makes it another question.
  const [of, first] = [CLASSES[n % CLASSES.length]!, 100 + (Math.floor(n / CLASSES.length) % 50)]
  const where = `property: { name: "class", eq: "${of}" }`
  return { query: list(where, `, orderBy: [{ property: "name" }], first: ${first}`), values: [of, first], count: first }
}

/** The statement of a program without Geoduck. */
export function plainLookup(kind: LookupKind, from: string): string {
  const rows = `SELECT id, name, class, height, levels, built_year, ST_AsGeoJSON(geom) AS geometry FROM ${from}`
  switch (kind) {
    case 'key':
      return `${rows} WHERE id = $1`
    case 'text':
      return `${rows} WHERE name = $1`
    case 'page':
      return `${rows} WHERE class = $1 ORDER BY name LIMIT $2`
  }
}
