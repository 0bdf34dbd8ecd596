/** Columns by which rows can be left unread. */
import type { Covering } from '../inspection.ts'
import type { CoveringMembers, DuckType } from '../layer.ts'
import type { RelationColumn } from './columns.ts'

const SIDES = { xmin: 'xmin', ymin: 'ymin', xmax: 'xmax', ymax: 'ymax' } as const satisfies CoveringMembers

/** A native point is its own box: its members are compared twice. */
const POINT = { xmin: 'x', ymin: 'y', xmax: 'x', ymax: 'y' } as const satisfies CoveringMembers

/**
 * The one that the metadata declares; else a column `bbox` of the shape that GeoParquet 1.1 describes, which writers of version 1.0 files
 * (DuckDB among them) leave undeclared.
 */
export function findCovering(
  columns: readonly RelationColumn[],
  declared: { readonly column: string; readonly members: CoveringMembers } | null,
): Covering | null {
  const named = declared ?? { column: 'bbox', members: SIDES }
  const column = columns.find(({ name }) => name === named.column)
  const types = column ? Object.values(named.members).map((member) => memberType(column.duckType, member)) : []
  if (!column || !types.every((type) => type === 'FLOAT' || type === 'DOUBLE')) return null
  if (!declared && column.duckType.fields?.length !== 4) return null
  return { ...named, float32: types.includes('FLOAT'), declared: declared !== null }
}

export function pointCovering(column: string): Covering {
  return { column, members: POINT, float32: false, declared: true }
}

function memberType(type: DuckType, member: string): string | undefined {
  return type.id === 'STRUCT' ? type.fields?.find(({ name }) => name === member)?.type.id : undefined
}

/** A double as the nearest float; beyond the floats, where a cast is an error, it is infinite. */
export function floatOf(side: string): string {
  return `CASE WHEN ${side} > 3.4e38 THEN 'inf'::FLOAT WHEN ${side} < -3.4e38 THEN '-inf'::FLOAT ELSE TRY_CAST(${side} AS FLOAT) END`
}
