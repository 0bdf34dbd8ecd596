/** The result's columns: keys of the position first, then the feature. Only what is asked for is read. */

import type { BatchLayout, LayoutGeometry, WireColumn, WireType } from '../../../encode/batch.ts'
import { sridOf } from '../../../model/crs.ts'
import type { Layer } from '../../../model/layer.ts'
import { AS_STORED, type FeatureQuery } from '../../../model/query.ts'
import type { SortColumn } from './order.ts'
import { outputCrs, outputGeometry } from './output-geometry.ts'
import { needsOf } from './outputs.ts'
import type { Parameters } from './parameters.ts'
import { columnOf } from './quote.ts'
import { rowNumber, type Source } from './source.ts'
import { wireOf } from './wire.ts'

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
  const { column: name } = layer.key
  const column = layer.columns.find((field) => field.name === name)
  if (!column) throw new RangeError('a layer has the column that is its key')
  const { wire, sql } = wireOf(column.type)
  if (wire.kind === 'int' || wire.kind === 'utf8') return columns.add('key', wire, sql(columnOf(column)), true)
  return columns.add('key', { kind: 'utf8' }, `CAST(${columnOf(column)} AS VARCHAR)`)
}
