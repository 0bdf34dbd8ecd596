/** The result's columns: keys of the position first, then the feature. Only what is asked for is read. */
import type { BatchLayout, FeatureField, LayoutGeometry, Output, WireColumn, WireType } from '../../../encode/batch.ts'
import { sameCrs, sridOf } from '../../../model/crs.ts'
import { keyField } from '../../../model/feature-id.ts'
import { type FieldType, isExact } from '../../../model/field-type.ts'
import type { Crs, Layer } from '../../../model/layer.ts'
import { AS_STORED, type FeatureQuery, type Representation } from '../../../model/query.ts'
import { isBounded, layerCrsCode, transformed } from './crs.ts'
import { geometryAsWkb, withGeometry } from './geometry-column.ts'
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

class Columns {
  readonly select: string[] = []
  readonly wires: WireColumn[] = []

  /** Its index. What is there already in the same form is not read twice. */
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
  const sorted = keys.map(({ comparison, subject }, n) => columns.add(`key ${n}`, { kind: 'utf8' }, comparison.text(subject)))
  const natural = source.natural.map(({ sql, value = sql, type }) =>
    columns.add(sql, { kind: 'int', bits: 64, signed: type === 'BIGINT' }, value),
  )
  const properties = query.properties.map((column) => {
    const { wire, sql } = wireOf(column.type)
    return columns.add(column.name, wire, sql(columnOf(column)))
  })
  const key = needs.key ? addKey(layer, source, columns) : null
  const geometries = needs.geometry ? addGeometries(query, columns, parameters) : []
  const layout = { columns: columns.wires, geometries, key, properties, geometryName: layer.geometryColumn }
  return { select: columns.select, keys: [...sorted, ...natural], layout }
}

function addGeometries(
  { view: { layer }, representations = [AS_STORED] }: FeatureQuery,
  columns: Columns,
  parameters: Parameters,
) {
  return representations.map((representation): LayoutGeometry => {
    const crs = outputCrs(layer, representation)
    const sql = outputGeometry(layer, representation, parameters)
    return { column: columns.add(layer.geometryColumn, { kind: 'wkb' }, sql, true), crs: crs?.code ?? null, srid: sridOf(crs) }
  })
}

/** As text or integer, whatever the column's type is. */
function addKey(layer: Layer, source: Source, columns: Columns): number {
  if (layer.key.kind === 'ROW_NUMBER') return columns.add('key', { kind: 'int', bits: 64, signed: true }, rowNumber(source), true)
  const column = keyField(layer.columns, layer.key.column)
  const { wire, sql } = wireOf(column.type)
  if (wire.kind === 'int' || wire.kind === 'utf8') return columns.add('key', wire, sql(columnOf(column)), true)
  return columns.add('key', { kind: 'utf8' }, `CAST(${columnOf(column)} AS VARCHAR)`)
}

/** What must be read for the outputs, beside properties. */
interface Needs {
  readonly key: boolean
  readonly geometry: boolean
}

const NOTHING: Needs = { key: false, geometry: false }
const ALL: Needs = { key: true, geometry: true }

function needsOf(outputs: readonly Output[]): Needs {
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
    case 'rows':
      return NOTHING
    default:
      return ALL
  }
}

function needsOfFields(fields: readonly FeatureField[]): Needs {
  const has = (...names: FeatureField['field'][]) => fields.some(({ field }) => names.includes(field))
  return { key: has('id', 'key'), geometry: has('geometry', 'bbox') }
}

/* The geometry as it leaves: in the CRS that was asked for, simplified. */

/**
 * WKB; as it is stored where nothing else was asked for. NULL where the geometry has no place in the CRS, or where it cannot be read. One
 * that GEOS cannot simplify stays as it is. 1 us a vertex for most projections.
 */
function outputGeometry(layer: Layer, { crs, simplify }: Representation, parameters: Parameters): string {
  const target = targetCode(layer, crs)
  if (target === null && simplify === null) return geometryAsWkb(layer)
  return withGeometry(layer, (value) => {
    const placed = target === null ? value : placedIn(target, value, layer, parameters)
    return `ST_AsWKB(${simplify === null ? placed : each(placed, simplified('s', simplify, parameters), 's')})`
  })
}

function placedIn(target: string, value: string, layer: Layer, parameters: Parameters): string {
  const from = layerCrsCode(layer)
  // For a result without rows, too.
  parameters.proofs.push(transformed('ST_Point(0, 0)', from, target, parameters))
  return each(transformed(value, from, target, parameters), `CASE WHEN ${isBounded('h')} THEN h END`, 'h')
}

/** The CRS of the coordinates that leave; null: not known. */
function outputCrs(layer: Layer, { crs }: Representation): Crs | null {
  return crs ?? layer.crs
}

/** Null: there is nothing to transform. */
function targetCode(layer: Layer, crs: Crs | null): string | null {
  if (!crs || (layer.crs && sameCrs(crs, layer.crs))) return null
  return crs.code
}

/** Rings stay rings: what is smaller than the tolerance keeps its fewest vertices, where ST_Simplify would leave nothing. */
function simplified(geometry: string, tolerance: number, parameters: Parameters): string {
  const simple = `TRY(ST_SimplifyPreserveTopology(${geometry}, ${parameters.double(tolerance)}))`
  // GEOS makes a polygon of a MultiPolygon of one.
  const isMulti = `starts_with(CAST(ST_GeometryType(${geometry}) AS VARCHAR), 'MULTI')`
  return `coalesce(CASE WHEN ${isMulti} THEN ST_Multi(${simple}) ELSE ${simple} END, ${geometry})`
}

/** `of`, in which the value has a name. A TRY inside fails for one row, where elsewhere it may for a vector. */
function each(value: string, of: string, name: string): string {
  return `list_transform([${value}], lambda ${name}: ${of})[1]`
}

/** What leaves the engine for a column: its SQL, and how the bytes are to be read. */
interface Wire {
  readonly wire: WireType
  /** SQL of the value from that of the column. */
  sql(column: string): string
}

const TEXT: Wire = { wire: { kind: 'utf8' }, sql: (column) => `CAST(${column} AS VARCHAR)` }

/** Types that are not listed leave as DuckDB's text: wide integers, UUID, ENUM, BIT, times of day, and those yet to come. */
function wireOf(type: FieldType): Wire {
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
