/** Reads a source into a table, once and in its own order, with the box of each geometry if it has any. */
import type { DuckDBConnection } from '@duckdb/node-api'
import { typeLabelled, ZM_TAGS } from '../../../../geometry/geometry-type.ts'
import { identifier } from '../../dialect/quote.ts'
import { sidesOf } from '../inspect/row-geometry.ts'
import { rowsOf } from '../inspect/rows.ts'
import { clearFeatures } from '../read/read-features.ts'
import { STAGING } from './engine.ts'
import type { FileRelation } from './file-relation.ts'
import { freeName } from './geometry-name.ts'

export interface Staged {
  readonly relation: FileRelation
  /** The text after FROM. `rowid` is the order of the source. */
  readonly table: string
  /** Null for a table without geometry. */
  readonly geometry: StagedGeometry | null
}

export interface StagedGeometry {
  readonly column: string
  /**
   * A struct of xmin, ymin, xmax and ymax. Null for no geometry and for an empty one. Its name is `bbox`, unless an attribute
   * has that name.
   */
  readonly covering: string
}

const TABLE = `${identifier(STAGING)}.features`

/** @throws Error of the engine */
export async function stage(connection: DuckDBConnection, relation: FileRelation): Promise<Staged> {
  const geometry = geometryOf(relation)
  const box = geometry ? `, ${boxOf(identifier(geometry.column))} AS ${identifier(geometry.covering)}` : ''
  await connection.run(`DROP TABLE IF EXISTS ${TABLE}`)
  await connection.run(`CREATE TABLE ${TABLE} AS SELECT *${box} FROM ${relation.from}`)
  await clearFeatures(connection)
  return { relation, table: TABLE, geometry }
}

function geometryOf({ geometryColumn: column, columns }: FileRelation): StagedGeometry | null {
  if (column === null) return null
  return { column, covering: freeName(['bbox', 'covering'], [...columns.map(({ name }) => name), column]) }
}

/** Frees the disk space of the table. */
export async function clearStage(connection: DuckDBConnection): Promise<void> {
  await connection.run(`DROP TABLE IF EXISTS ${TABLE}`)
  await clearFeatures(connection)
  await connection.run(`CHECKPOINT ${identifier(STAGING)}`)
}

/** The box of a geometry as a struct. Null for none, and for an empty one. */
export function boxOf(geometry: string): string {
  const sides = sidesOf(geometry)
  const members = Object.entries(sides).map(([name, side]) => `${name}: ${side}`)
  return `CASE WHEN ${sides.xmin} IS NOT NULL THEN {${members.join(', ')}} END`
}

export interface Shape {
  readonly rows: number
  /** Bytes of all geometry as WKB. */
  readonly bytes: number
  /** Names as in GeoParquet: `Polygon`, `Point Z`. */
  readonly types: readonly string[]
  /** West, south, east and north of all finite coordinates. Null if there are none. */
  readonly extent: readonly [number, number, number, number] | null
}

/** Describes the actual content, for the metadata. */
export async function shapeOf(connection: DuckDBConnection, { table, geometry: staged }: Staged): Promise<Shape> {
  if (!staged) {
    const [row] = await rowsOf(connection, `SELECT count(*) AS n FROM ${table}`)
    return { rows: Number(row?.['n']), bytes: 0, types: [], extent: null }
  }
  const [geometry, covering] = [identifier(staged.column), staged.covering]
  const side = (name: string) => `${identifier(covering)}.${name}`
  const finite = (aggregate: string, name: string) => `${aggregate}(${side(name)}) FILTER (isfinite(${side(name)})) AS ${name}`
  const groups = await rowsOf(
    connection,
    `SELECT ST_GeometryType(${geometry})::VARCHAR AS type, ST_ZMFlag(${geometry})::INTEGER AS zm, count(*) AS features,
      coalesce(sum(octet_length(ST_AsWKB(${geometry}))), 0)::DOUBLE AS bytes,
      ${finite('min', 'xmin')}, ${finite('min', 'ymin')}, ${finite('max', 'xmax')}, ${finite('max', 'ymax')}
      FROM ${table} GROUP BY 1, 2 ORDER BY 1, 2`,
  )
  const sides = (key: string) => groups.map((group) => group[key]).filter((value) => typeof value === 'number')
  const extent = [
    Math.min(...sides('xmin')),
    Math.min(...sides('ymin')),
    Math.max(...sides('xmax')),
    Math.max(...sides('ymax')),
  ] as const
  return {
    rows: groups.reduce((sum, group) => sum + Number(group['features']), 0),
    bytes: groups.reduce((sum, group) => sum + Number(group['bytes']), 0),
    types: groups
      .filter(({ type }) => type !== null)
      .map(({ type, zm }) => `${typeLabelled(String(type))?.name} ${ZM_TAGS[Number(zm)]}`.trim()),
    extent: extent.every(Number.isFinite) ? [...extent] : null,
  }
}
