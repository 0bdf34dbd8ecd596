/** Writes what the scan reads from the geometry of each row as SQL, for every storage form of geometry. */
import { isNative, type NativeType, typeOfNative } from '../../../../geometry/geometry-type.ts'
import type { Layer, Spatial } from '../../../../model/layer.ts'
import { asGeometry, hasEmptyRing } from '../../dialect/geometry-column.ts'
import { identifier } from '../../dialect/quote.ts'

export interface RowGeometry {
  /** DuckDB's name of the type. NULL if there is no geometry. */
  readonly type: string
  /** 0: XY, 1: M, 2: Z, 3: Z and M. */
  readonly zm: string
  readonly isEmpty: string
  /** True if a polygon may have an empty ring; see `hasEmptyRing`. */
  readonly hasEmptyRing: string
  /** NULL if there is no geometry, or no coordinate that is a number. */
  readonly xmin: string
  readonly ymin: string
  readonly xmax: string
  readonly ymax: string
  /** True if the geometry is valid by OGC's rules. False if there is no geometry. */
  readonly isInvalid: string
  /** True if GEOS refuses the geometry. */
  readonly isUncomputable: string
}

export function rowGeometry(layer: Pick<Spatial<Layer>, 'geometryColumn' | 'geometryEncoding' | 'hasZ'>): RowGeometry {
  const { geometryEncoding: encoding, hasZ } = layer
  const column = identifier(layer.geometryColumn)
  return isNative(encoding) ? nested(column, encoding, hasZ === true) : binary(asGeometry(column, encoding))
}

function binary(geometry: string): RowGeometry {
  return {
    type: `ST_GeometryType(${geometry})::VARCHAR`,
    zm: `ST_ZMFlag(${geometry})`,
    isInvalid: isInvalid(geometry),
    isEmpty: `ST_IsEmpty(${geometry})`,
    hasEmptyRing: hasEmptyRing(geometry),
    ...sidesOf(geometry),
    // A distant point: GEOS must read the geometry, and has no further work. Takes 1 µs.
    isUncomputable: `${geometry} IS NOT NULL AND TRY(ST_Intersects(${geometry}, ST_Point(1e300, 1e300))) IS NULL`,
  }
}

/**
 * The sides of the geometry's box. For a polygon with an empty ring, a collection of empty members, and coordinates that are all NaN, the engine
 * returns the largest number as the least side, and the least number as the largest: such sides are NULL.
 */
export function sidesOf(geometry: string): Record<'xmin' | 'ymin' | 'xmax' | 'ymax', string> {
  const side = (name: 'Min' | 'Max', axis: 'X' | 'Y') =>
    `CASE WHEN ST_${axis}Min(${geometry}) <= ST_${axis}Max(${geometry}) THEN ST_${axis}${name}(${geometry}) END`
  return { xmin: side('Min', 'X'), ymin: side('Min', 'Y'), xmax: side('Max', 'X'), ymax: side('Max', 'Y') }
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
  const geometry = asGeometry(column, encoding)
  const ordinates = (name: string) => `[p.${name} FOR p IN ${positions} IF isfinite(p.${name})]`
  return {
    type: `CASE WHEN ${column} IS NOT NULL THEN '${label}' END`,
    zm: hasZ ? '2' : '0',
    isInvalid: isInvalid(geometry),
    // A geometry whose coordinates are not finite is not empty.
    isEmpty: `ST_IsEmpty(${geometry})`,
    hasEmptyRing: encoding.endsWith('polygon')
      ? `len([1 FOR r IN ${depth === 3 ? `flatten(${column})` : column} IF len(r) = 0]) > 0`
      : 'false',
    xmin: `list_min(${ordinates('x')})`,
    ymin: `list_min(${ordinates('y')})`,
    xmax: `list_max(${ordinates('x')})`,
    ymax: `list_max(${ordinates('y')})`,
    isUncomputable: 'false',
  }
}
