/** What the scan asks of each row's geometry, as SQL, for every way that geometry is stored. */
import { isNative, type NativeType, typeOfNative } from '../../../../geometry/geometry-type.ts'
import type { Layer } from '../../../../model/layer.ts'
import { asGeometry } from '../../dialect/geometry-column.ts'
import { identifier } from '../../dialect/quote.ts'

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
  const { geometryEncoding: encoding, hasZ } = layer
  const column = identifier(layer.geometryColumn)
  return isNative(encoding) ? nested(column, encoding, hasZ === true) : binary(asGeometry(column, encoding))
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
function nested(column: string, encoding: NativeType, hasZ: boolean): RowGeometry {
  const { label, lists } = typeOfNative(encoding)
  const depth = lists.length
  const positions = depth === 0 ? `[${column}]` : `${'flatten('.repeat(depth - 1)}${column}${')'.repeat(depth - 1)}`
  const ordinates = (name: string) => `[p.${name} FOR p IN ${positions} IF isfinite(p.${name})]`
  return {
    type: `CASE WHEN ${column} IS NOT NULL THEN '${label}' END`,
    zm: hasZ ? '2' : '0',
    isInvalid: isInvalid(asGeometry(column, encoding)),
    xmin: `list_min(${ordinates('x')})`,
    ymin: `list_min(${ordinates('y')})`,
    xmax: `list_max(${ordinates('x')})`,
    ymax: `list_max(${ordinates('y')})`,
    isUncomputable: 'false',
  }
}
