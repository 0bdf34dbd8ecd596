/** Writes what the scan reads from the geometry of each row as SQL, for every storage form of geometry. */
import { isNative, type NativeType, typeOfNative } from '../../../../geometry/geometry-type.ts'
import type { Layer } from '../../../../model/layer.ts'
import { asGeometry } from '../../dialect/geometry-column.ts'
import { identifier } from '../../dialect/quote.ts'

export interface RowGeometry {
  /** DuckDB's name of the type. NULL if there is no geometry. */
  readonly type: string
  /** 0: XY, 1: M, 2: Z, 3: Z and M. */
  readonly zm: string
  /** NULL if there is no geometry or it is empty. */
  readonly xmin: string
  readonly ymin: string
  readonly xmax: string
  readonly ymax: string
  /** True if the geometry is valid by OGC's rules. False if there is no geometry. */
  readonly isInvalid: string
  /** True if GEOS refuses the geometry. */
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
    // A distant point: GEOS must read the geometry, and has no further work. Takes 1 µs.
    isUncomputable: `${geometry} IS NOT NULL AND TRY(ST_Intersects(${geometry}, ST_Point(1e300, 1e300))) IS NULL`,
  }
}

/** Used only after the safe check, because unreadable geometry would end the process here. Takes 2 µs per small polygon. */
function isInvalid(geometry: string): string {
  return `(${geometry} IS NOT NULL AND TRY(ST_IsValid(${geometry})) IS NOT TRUE)`
}

/** These are numbers in lists. No row can end the process, and the column type is the geometry type. */
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
