/** Writes figures of the geometry of a group as SQL. */
import type { Layer } from '../../../model/layer.ts'
import type { Figure } from '../../../model/query.ts'
import { isBounded } from './crs.ts'
import type { Rows } from './figures.ts'
import { withComputable, withGeometry } from './geometry-column.ts'
import { refusal } from './quote.ts'

type GeometryFigure = Extract<Figure, { readonly kind: 'extent' | 'centroid' | 'convexHull' | 'union' }>

export function geometryFigure(figure: GeometryFigure, rows: Rows): string {
  switch (figure.kind) {
    case 'extent':
      return extent(rows)
    case 'centroid':
      return centroid(rows)
    case 'convexHull':
      return ofSome(
        collected(
          figure.vertices,
          rows,
          tried(rows, (value) => `ST_ConvexHull(${value})`),
        ),
        (values) => `ST_ConvexHull(ST_Collect(list(${values})))`,
      )
    case 'union':
      return ofSome(collected(figure.vertices, rows, tried(rows, madeValid)), (values) => `ST_Union_Agg(${values})`)
  }
}

/** SQL of a figure. Without a geometry, the engine's result is an empty collection. */
function ofSome(values: string, figure: (values: string) => string): string {
  return `CASE WHEN count(${values}) > 0 THEN ${figure(values)} END`
}

/** SQL of a JSON list of four numbers. An empty geometry has no sides. */
function extent({ layer }: Rows): string {
  const side = (name: string) => {
    const sides = withGeometry(layer, (value) => `CASE WHEN ${hasBox(value)} THEN ST_${name}(${value}) END`)
    return `${name.endsWith('Min') ? 'min' : 'max'}(${sides})`
  }
  const sides = ['XMin', 'YMin', 'XMax', 'YMax'].map(side)
  return `CASE WHEN count(${sides[0]!.slice(4, -1)}) > 0 THEN CAST(to_json([${sides.join(', ')}]) AS VARCHAR) END`
}

/** SQL that is true if the geometry has a box of finite numbers. An empty ring has infinite sides for the engine. */
function hasBox(value: string): string {
  return `(NOT ST_IsEmpty(${value}) AND ${isBounded(value)})`
}

/**
 * The centre of mass of the geometries with the highest dimension, as in PostGIS and JTS: areas by area, else lines by length, else points by
 * number. A polygon without an area counts as a line.
 */
function centroid({ layer }: Rows): string {
  const centre = (value: string) =>
    isValid(layer) ? `ST_Centroid(${value})` : `list_transform([${value}], lambda z: TRY(ST_Centroid(z)))[1]`
  const parts = withComputable(layer, (value) => {
    const size = `a: ST_Area(${value}), l: ST_Length(${value}) + ST_Perimeter(${value}), n: ST_NPoints(${value})`
    const all = `{${size}, x: ST_X(${centre(value)}), y: ST_Y(${centre(value)})}`
    return `CASE WHEN ${hasBox(value)} AND isfinite(ST_X(${centre(value)}) + ST_Y(${centre(value)})) THEN ${all} END`
  })
  const part = (name: string) => `struct_extract(${parts}, '${name}')`
  const weights = [
    { weight: part('a'), of: `${part('a')} > 0` },
    { weight: part('l'), of: `${part('a')} = 0 AND ${part('l')} > 0` },
    { weight: part('n'), of: `${part('a')} = 0 AND ${part('l')} = 0` },
  ]
  const cases = weights.map(({ weight, of }) => {
    const [x, y] = ['x', 'y'].map((name) => `fsum(${weight} * ${part(name)}) FILTER (${of}) / fsum(${weight}) FILTER (${of})`)
    return `WHEN count(*) FILTER (${of}) > 0 THEN ST_Point(${x}, ${y})`
  })
  return `CASE ${cases.join(' ')} END`
}

/**
 * SQL of the geometry for functions that hold all geometries of a group outside of the engine's memory limit. The statement is refused before
 * the first geometry is held if all matching features have too many vertices.
 */
function collected(vertices: number, { layer, source, where, parameters }: Rows, use: (value: string) => string): string {
  const count = withGeometry(layer, (value) => `ST_NPoints(${value})`)
  const total = `(SELECT coalesce(sum(${count}), 0) FROM ${source.from} WHERE ${where})`
  const most = `CAST(${parameters.bind(vertices)} AS BIGINT)`
  const refused = refusal(
    '`union` and `convexHull` take geometries with a limited number of vertices (--max-aggregate-vertices); narrow `where`.',
  )
  const value = withComputable(layer, (geometry) => `CASE WHEN ${hasBox(geometry)} THEN ${use(`ST_Force2D(${geometry})`)} END`)
  return `CASE WHEN ${total} <= ${most} THEN ${value} ELSE ${refused} END`
}

/**
 * SQL of `use` of a geometry that may be invalid: NULL if GEOS cannot read it. Valid geometry stays unchanged. A TRY outside of a list would make other
 * rows NULL too.
 */
function tried({ layer }: Pick<Rows, 'layer'>, use: (value: string) => string): (value: string) => string {
  if (isValid(layer)) return (value) => value
  return (geometry) => `list_transform([${geometry}], lambda z: TRY(${use('z')}))[1]`
}

function madeValid(value: string): string {
  return `CASE WHEN ST_IsValid(${value}) THEN ${value} ELSE ST_MakeValid(${value}) END`
}

function isValid({ state, check }: Layer): boolean {
  return state === 'READY' && check?.invalid === 0
}
