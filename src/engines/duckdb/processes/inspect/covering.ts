/** Finds columns by which a filter can skip rows. */

import type { FieldMember } from '../../../../model/field-type.ts'
import type { CoveringMembers } from '../../../../model/layer.ts'
import type { Covering } from '../../host/inspection.ts'
import type { RelationColumn } from './columns.ts'

const SIDES = { xmin: 'xmin', ymin: 'ymin', xmax: 'xmax', ymax: 'ymax' } as const satisfies CoveringMembers

/** Names of four separate box columns: as in GeoParquet, or as geopandas' `bounds` names them. */
const FLAT: readonly CoveringMembers[] = [SIDES, { xmin: 'minx', ymin: 'miny', xmax: 'maxx', ymax: 'maxy' }]

/** A native point is its own box: its members are compared twice. */
const POINT = { xmin: 'x', ymin: 'y', xmax: 'x', ymax: 'y' } as const satisfies CoveringMembers

interface Declared {
  readonly column: string
  readonly members: CoveringMembers
}

/**
 * Returns the covering that the metadata declares. Otherwise a column `bbox` with the form of GeoParquet 1.1, which writers of
 * version 1.0 files (such as DuckDB) do not declare. Otherwise four columns, which stay properties.
 */
export function findCovering(columns: readonly RelationColumn[], declared: Declared | null): Covering | null {
  if (declared) return covering(declared.column, structOf(columns, declared.column), declared.members, true)
  const bbox = structOf(columns, 'bbox')
  return (bbox.length === 4 ? covering('bbox', bbox, SIDES, false) : null) ?? flatCovering(columns)
}

function flatCovering(columns: readonly RelationColumn[]): Covering | null {
  for (const members of FLAT) {
    const found = covering(null, columns, members, false)
    if (found) return found
  }
  return null
}

export function pointCovering(column: string): Covering {
  return { column, members: POINT, float32: false, declared: true }
}

type Fields = readonly FieldMember[]

function structOf(columns: readonly RelationColumn[], name: string): Fields {
  const type = columns.find((column) => column.name === name)?.type
  return type?.kind === 'struct' ? type.fields : []
}

function covering(column: string | null, fields: Fields, members: CoveringMembers, declared: boolean): Covering | null {
  const types = Object.values(members).map((member) => fields.find(({ name }) => name === member)?.type)
  const floats = types.flatMap((type) => (type?.kind === 'float' ? [type.bits] : []))
  return floats.length === types.length ? { column, members, float32: floats.includes(32), declared } : null
}

/** Returns a double as the nearest float. Beyond the range of floats, where a cast is an error, the result is infinite. */
export function floatOf(side: string): string {
  return `CASE WHEN ${side} > 3.4e38 THEN 'inf'::FLOAT WHEN ${side} < -3.4e38 THEN '-inf'::FLOAT ELSE TRY_CAST(${side} AS FLOAT) END`
}
