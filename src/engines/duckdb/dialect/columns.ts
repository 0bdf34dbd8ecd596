/** Writes the columns of the result: the keys of the position first, then the feature. Only requested columns are read. */
import type { BatchLayout, FeatureField, LayoutGeometry, Output, WireColumn, WireType } from '../../../encode/batch.ts'
import { keyField } from '../../../model/feature-id.ts'
import { type FieldType, isExact } from '../../../model/field-type.ts'
import { type Crs, hasGeometry, type Layer, type Spatial, sameCrs, sridOf } from '../../../model/layer.ts'
import { AS_STORED, type FeatureQuery, type Representation } from '../../../model/query.ts'
import { isBounded, layerCrsText, transformed } from './crs.ts'
import { geometryAsWkb, uniform, withGeometry } from './geometry-column.ts'
import { intervalText, jsonText } from './json-value.ts'
import type { SortColumn } from './order.ts'
import { columnOf, type Parameters } from './quote.ts'
import { rowNumber, type Source } from './source.ts'

export interface ResultColumns {
  /** SQL of each column. */
  readonly select: readonly string[]
  readonly keys: readonly number[]
  readonly layout: BatchLayout
}

/** A worker and JavaScript print a double so that it reads back as the same number, so a cursor can have it as text. */
const DISTANCE: WireType = { kind: 'float', bits: 64 }

/** The columns of a result. */
export class Columns {
  readonly select: string[] = []
  readonly wires: WireColumn[] = []

  /** Returns the index of a column. A column that is already there in the same form is not read twice. */
  add(name: string, wire: WireType, sql: string, shared = false): number {
    const found = shared ? this.select.indexOf(sql) : -1
    if (found >= 0) return found
    this.wires.push({ name, wire })
    return this.select.push(sql) - 1
  }
}

export function resultColumns(
  query: FeatureQuery,
  keys: readonly SortColumn[],
  source: Source,
  parameters: Parameters,
): ResultColumns {
  const { layer } = query.view
  const needs = needsOf(query.outputs)
  const columns = new Columns()
  const sorted = keys.map(({ kind, comparison, subject }, n) =>
    kind === 'distance'
      ? columns.add('distance', DISTANCE, subject)
      : columns.add(`key ${n}`, { kind: 'utf8' }, comparison.text(subject)),
  )
  const natural = source.natural.map(({ sql, value = sql, type }) =>
    typeof type === 'string'
      ? columns.add(sql, { kind: 'int', bits: 64, signed: type === 'BIGINT' }, value)
      : columns.add('place', { kind: 'utf8' }, type.text(value)),
  )
  const properties = query.properties.map((column) => {
    const { wire, sql } = wireOf(column.type)
    return columns.add(column.name, wire, sql(columnOf(column)))
  })
  const key = needs.key ? addKey(layer, source, columns) : null
  const geometries = needs.geometry && hasGeometry(layer) ? addGeometries(query, layer, columns, parameters) : []
  const layout = {
    columns: columns.wires,
    geometries,
    key,
    properties,
    ...(keys[0]?.kind === 'distance' && { distance: sorted[0]! }),
    geometryName: layer.geometryColumn,
  }
  return { select: columns.select, keys: [...sorted, ...natural], layout }
}

function addGeometries(
  { representations = [AS_STORED] }: FeatureQuery,
  layer: Spatial<Layer>,
  columns: Columns,
  parameters: Parameters,
) {
  return representations.map((representation): LayoutGeometry => {
    const crs = outputCrs(layer, representation)
    const sql = outputGeometry(layer, representation, parameters)
    return {
      column: columns.add(layer.geometryColumn, { kind: 'wkb' }, sql, true),
      crs: crs?.definition ?? crs?.code ?? null,
      srid: sridOf(crs),
    }
  })
}

/** As text or integer, for a column of any type. */
function addKey(layer: Layer, source: Source, columns: Columns): number {
  if (layer.key.kind === 'ROW_NUMBER') return columns.add('key', { kind: 'int', bits: 64, signed: true }, rowNumber(source), true)
  const column = keyField(layer.columns, layer.key)
  const { wire, sql } = wireOf(column.type)
  if (wire.kind === 'int' || wire.kind === 'utf8') return columns.add('key', wire, sql(columnOf(column)), true)
  return columns.add('key', { kind: 'utf8' }, `CAST(${columnOf(column)} AS VARCHAR)`)
}

/** SQL of the key as text. */
export function keyText(layer: Layer, source: Source): string {
  const key = layer.key.kind === 'ROW_NUMBER' ? rowNumber(source) : columnOf(keyField(layer.columns, layer.key))
  return `CAST(${key} AS VARCHAR)`
}

/** Columns that the outputs need besides properties. */
interface Needs {
  readonly key: boolean
  readonly geometry: boolean
}

const NOTHING: Needs = { key: false, geometry: false }
const ALL: Needs = { key: true, geometry: true }

export function needsOf(outputs: readonly Output[]): Needs {
  const needs = outputs.map(needsOfOne)
  return { key: needs.some(({ key }) => key), geometry: needs.some(({ geometry }) => geometry) }
}

function needsOfOne(output: Output): Needs {
  switch (output.kind) {
    case 'features':
      return needsOfFields(output.fields)
    case 'edges':
      return needsOfFields(output.fields.flatMap((field) => (field.field === 'node' ? field.fields : [])))
    case 'start-cursor':
      return NOTHING
    default:
      return ALL
  }
}

function needsOfFields(fields: readonly FeatureField[]): Needs {
  const has = (...names: FeatureField['field'][]) => allFields(fields).some(({ field }) => names.includes(field))
  return { key: has('id', 'key'), geometry: has('geometry', 'bbox') }
}

export function allFields(fields: readonly FeatureField[]): readonly FeatureField[] {
  return fields.flatMap((field) => (field.field === 'object' ? allFields(field.fields) : [field]))
}

/* The geometry of the result: in the requested CRS, and simplified. */

/**
 * WKB of the geometry, unchanged if nothing else is requested. NULL if the geometry cannot be transformed to the CRS, or cannot be read. A
 * geometry that GEOS cannot simplify stays unchanged. Most projections take 1 µs per vertex.
 */
function outputGeometry(layer: Layer, { crs, simplify }: Representation, parameters: Parameters): string {
  const target = targetCode(layer, crs)
  if (target === null && simplify === null) return geometryAsWkb(layer)
  return withGeometry(layer, (value) => {
    const placed = target === null ? value : placedIn(target, value, layer, parameters)
    return `ST_AsWKB(${simplify === null ? placed : each(placed, simplified('s', simplify, layer, parameters), 's')})`
  })
}

function placedIn(target: string, value: string, layer: Layer, parameters: Parameters): string {
  const from = layerCrsText(layer)
  // The CRS is needed for a result without rows as well.
  parameters.proofs.push(transformed('ST_Point(0, 0)', from, target, parameters))
  return each(transformed(value, from, target, parameters), `CASE WHEN ${isBounded('h')} THEN h END`, 'h')
}

/** The CRS of the coordinates in the result. Null if it is unknown. */
function outputCrs(layer: Layer, { crs }: Representation): Crs | null {
  return crs ?? layer.crs
}

/** Null if there is nothing to transform. */
function targetCode(layer: Layer, crs: Crs | null): string | null {
  if (!crs || (layer.crs && sameCrs(crs, layer.crs))) return null
  return crs.code
}

/**
 * Simplifies without losing rings: a ring that is smaller than the tolerance keeps its minimum of vertices. ST_Simplify would
 * remove it.
 */
function simplified(geometry: string, tolerance: number, layer: Layer, parameters: Parameters): string {
  const simple = `TRY(ST_SimplifyPreserveTopology(${geometry}, ${parameters.double(tolerance)}))`
  // GEOS makes a polygon from a MultiPolygon with one member.
  const type = `CAST(ST_GeometryType(${geometry}) AS VARCHAR)`
  const ofCollection = ` WHEN ${type} = 'GEOMETRYCOLLECTION' THEN ${uniform(simple, geometry)}`
  const mayCollect = layer.state !== 'READY' || layer.geometryTypes.includes('GeometryCollection')
  const cases = [
    // GEOS changes the dimensions of empty members.
    layer.check?.emptyGeometries === 0 ? '' : ` WHEN ST_IsEmpty(${geometry}) THEN ${geometry}`,
    ` WHEN starts_with(${type}, 'MULTI') THEN ST_Multi(${simple})`,
    mayCollect ? ofCollection : '',
  ]
  return `coalesce(CASE${cases.join('')} ELSE ${simple} END, ${geometry})`
}

/** SQL of `of`, in which the value has a name. A TRY inside it fails for one row; elsewhere, it may fail for a whole vector. */
function each(value: string, of: string, name: string): string {
  return `list_transform([${value}], lambda ${name}: ${of})[1]`
}

/** SQL of a column in the result, and the way its bytes are read. */
export interface Wire {
  readonly wire: WireType
  /** SQL of the value from the SQL of the column. */
  sql(column: string): string
}

const TEXT: Wire = { wire: { kind: 'utf8' }, sql: (column) => `CAST(${column} AS VARCHAR)` }

/** Types that are not listed are sent as DuckDB's text: wide integers, UUID, ENUM, BIT, times of day, and future types. */
export function wireOf(type: FieldType): Wire {
  switch (type.kind) {
    case 'bool':
    case 'float':
    case 'utf8':
    case 'binary':
    case 'date':
    case 'timestamp':
      return { wire: type as WireType, sql: (column) => column }
    case 'int':
      return type.bits === null || type.bits > 64 ? TEXT : { wire: type as WireType, sql: (column) => column }
    case 'decimal':
      return { ...TEXT, wire: { ...type, quoted: !isExact(type) } }
    case 'interval':
      return { wire: { kind: 'utf8' }, sql: intervalText }
    case 'geometry':
      return { wire: { kind: 'wkb' }, sql: (column) => `ST_AsWKB(${column})` }
    case 'json':
    case 'variant':
    case 'list':
    case 'map':
    case 'struct':
    case 'union':
      return { wire: { kind: 'json' }, sql: (column) => jsonText(type, column) }
    default:
      return TEXT
  }
}
