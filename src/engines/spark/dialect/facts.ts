/** Writes the one statement that proves the key of a layer, and finds its extent. */
import type { BBox, CoveringMembers } from '../../../model/layer.ts'
import { columnOf, identifier, memberOf, ROWS } from './condition.ts'

/** The result of `factsOf`. Absent sides: there is no geometry with finite coordinates, or no covering. */
export interface Facts {
  readonly rows: number
  /** Keys that are not null. */
  readonly keys: number
  /** Different keys. */
  readonly different: number
  /** Bytes of the longest key as text. Null if there is none. */
  readonly longest: number | null
  readonly xmin?: number | null
  readonly ymin?: number | null
  readonly xmax?: number | null
  readonly ymax?: number | null
}

/** @param covering the covering column and its members. Null if there is none: then no side is asked */
export function factsOf(
  key: string,
  covering: { readonly column: string | null; readonly members: CoveringMembers } | null,
): string {
  const column = columnOf(key).sql
  const sides = covering ? Object.entries(covering.members).map(([side, member]) => sideOf(side, covering.column, member)) : []
  const longest = `max(octet_length(CAST(${column} AS STRING)))`
  const ofKey = { rows: 'count(*)', keys: `count(${column})`, different: `count(DISTINCT ${column})`, longest }
  const terms = [...Object.entries(ofKey).map(([name, term]) => `${term} AS ${identifier(name)}`), ...sides]
  return `SELECT ${terms.join(', ')} FROM rows AS ${ROWS}`
}

/** In Spark, NaN is larger than infinity. */
function sideOf(side: string, column: string | null, member: string): string {
  const value = memberOf(column, member).sql
  const finite = `${value} > double('-Infinity') AND ${value} < double('Infinity')`
  return `${side.endsWith('min') ? 'min' : 'max'}(${value}) FILTER (WHERE ${finite}) AS ${side}`
}

/** Null if no geometry has finite coordinates. */
export function extentOf({ xmin, ymin, xmax, ymax }: Facts): BBox | null {
  const sides = [xmin, ymin, xmax, ymax]
  return sides.every((side) => typeof side === 'number') ? (sides as unknown as BBox) : null
}
