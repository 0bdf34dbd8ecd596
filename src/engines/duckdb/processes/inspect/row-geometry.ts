/** What the scan asks of each row's geometry, as SQL, for every way that geometry is stored. */
import type { GeometryEncoding, GeometryTypeName, Layer } from '../../../../model/layer.ts'
import { asGeometry } from './as-geometry.ts'
import { identifier } from './quote.ts'

export interface RowGeometry {
  /** DuckDB's name of the type; NULL for no geometry. */
  readonly type: string
  /** 0: XY, 1: M, 2: Z, 3: Z and M. */
  readonly zm: string
  /** NULL for no geometry and for an empty one. */
  readonly xmin: string
  readonly ymin: string
  readonly xmax: string
  readonly ymax: string
  /** By OGC's rules; false for no geometry. */
  readonly isInvalid: string
  /** Whether GEOS refuses it. */
  readonly isUncomputable: string
}

export function rowGeometry(layer: Pick<Layer, 'geometryColumn' | 'geometryEncoding' | 'hasZ'>): RowGeometry {
  const column = identifier(layer.geometryColumn)
  if (layer.geometryEncoding === 'GEOMETRY') return binary(column)
  if (layer.geometryEncoding === 'WKB') return binary(`ST_GeomFromWKB(${column})`)
  return nested(column, layer.geometryEncoding, layer.hasZ === true)
}

function binary(geometry: string): RowGeometry {
  return {
    type: `ST_GeometryType(${geometry})::VARCHAR`,
    zm: `ST_ZMFlag(${geometry})`,
    isInvalid: isInvalid(geometry),
    xmin: `ST_XMin(${geometry})`,
    ymin: `ST_YMin(${geometry})`,
    xmax: `ST_XMax(${geometry})`,
    ymax: `ST_YMax(${geometry})`,
    // A point far away: GEOS must take the geometry, and has nothing more to do. 1 us.
    isUncomputable: `${geometry} IS NOT NULL AND TRY(ST_Intersects(${geometry}, ST_Point(1e300, 1e300))) IS NULL`,
  }
}

/** Only asked behind the safe check: what cannot be read ends the process here. 2 us a small polygon. */
function isInvalid(geometry: string): string {
  return `(${geometry} IS NOT NULL AND TRY(ST_IsValid(${geometry})) IS NOT TRUE)`
}

/** Nothing but numbers in lists: no row of them can hurt, and their type is the column's. */
function nested(column: string, encoding: Nested, hasZ: boolean): RowGeometry {
  const [depth, type] = [DEPTHS[encoding], TYPE_LABELS[encoding]]
  const positions = depth === 0 ? `[${column}]` : `${'flatten('.repeat(depth - 1)}${column}${')'.repeat(depth - 1)}`
  const ordinates = (name: string) => `[p.${name} FOR p IN ${positions} IF isfinite(p.${name})]`
  return {
    type: `CASE WHEN ${column} IS NOT NULL THEN '${type}' END`,
    zm: hasZ ? '2' : '0',
    isInvalid: isInvalid(asGeometry(column, encoding)),
    xmin: `list_min(${ordinates('x')})`,
    ymin: `list_min(${ordinates('y')})`,
    xmax: `list_max(${ordinates('x')})`,
    ymax: `list_max(${ordinates('y')})`,
    isUncomputable: 'false',
  }
}

type Nested = Exclude<GeometryEncoding, 'GEOMETRY' | 'WKB'>

/** Lists around the struct of a position. */
const DEPTHS: Readonly<Record<Nested, number>> = {
  point: 0,
  linestring: 1,
  multipoint: 1,
  polygon: 2,
  multilinestring: 2,
  multipolygon: 3,
}

const TYPE_LABELS: Readonly<Record<Nested, string>> = {
  point: 'POINT',
  linestring: 'LINESTRING',
  multipoint: 'MULTIPOINT',
  polygon: 'POLYGON',
  multilinestring: 'MULTILINESTRING',
  multipolygon: 'MULTIPOLYGON',
}

/** DuckDB's names of the geometry types, in the order of OGC. */
export const TYPE_NAMES: readonly (readonly [label: string, name: GeometryTypeName])[] = [
  ['POINT', 'Point'],
  ['LINESTRING', 'LineString'],
  ['POLYGON', 'Polygon'],
  ['MULTIPOINT', 'MultiPoint'],
  ['MULTILINESTRING', 'MultiLineString'],
  ['MULTIPOLYGON', 'MultiPolygon'],
  ['GEOMETRYCOLLECTION', 'GeometryCollection'],
]

export const typeName = (label: string): GeometryTypeName | undefined => TYPE_NAMES.find(([known]) => known === label)?.[1]
