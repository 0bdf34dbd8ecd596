/**
 * Writes the rows of one or more inputs as one SELECT: the same columns, geometry of one CRS, a covering column, in Hilbert
 * order.
 */
import type { DuckDBConnection } from '@duckdb/node-api'
import { type BBox, type Crs, hasGeometry } from '../../../../model/layer.ts'
import { identifier, literal } from '../../dialect/quote.ts'
import { columnsOf } from '../inspect/columns.ts'
import { floatOf } from '../inspect/covering.ts'
import { sidesOf } from '../inspect/row-geometry.ts'
import { rowsOf } from '../inspect/rows.ts'
import type { Input } from './inputs.ts'
import { Refusal } from './refusal.ts'

/** It has the form of GeoParquet 1.1's covering, so a reader recognises it. */
const COVERING = 'bbox'

export interface Columns {
  readonly properties: readonly string[]
  /** The engine's text of each property's type, by its name in lower case. */
  readonly types: ReadonlyMap<string, string>
  /** Null for a table without geometry. */
  readonly geometry: string | null
  /** The engine's text of the geometry's CRS. Empty if there is none. */
  readonly crs: string
  /** False if a property has its name, or without geometry. */
  readonly covered: boolean
}

/**
 * Returns the columns of the first input, which all inputs must have. @throws Refusal that names the first input that differs
 */
export async function agreedColumns(connection: DuckDBConnection, inputs: readonly [Input, ...Input[]]): Promise<Columns> {
  const [first, ...others] = inputs
  const types = await typesOf(connection, first)
  for (const other of others) await assertFits(connection, first, types, other)
  const known = inputs.find(({ description }) => description.crs !== null)
  return {
    properties: first.properties,
    types,
    geometry: first.description.geometryColumn,
    crs: known ? await crsText(connection, known) : '',
    covered:
      hasGeometry(first.description) &&
      ![...first.properties, first.description.geometryColumn].some((name) => name.toLowerCase() === COVERING),
  }
}

async function assertFits(
  connection: DuckDBConnection,
  first: Input,
  types: ReadonlyMap<string, string>,
  other: Input,
): Promise<void> {
  if (hasGeometry(first.description) !== hasGeometry(other.description)) {
    const [without, having] = hasGeometry(first.description) ? [other, first] : [first, other]
    throw new Refusal(
      `${without.label} has no column of type GEOMETRY, unlike ${having.label}: choose another --layer, or --replace it.`,
    )
  }
  const its = await typesOf(connection, other)
  for (const [key, type] of types) {
    const found = its.get(key)
    if (found === undefined) throw new Refusal(`${other.label} has no column ${key}, unlike ${first.label}.`)
    const [cast] = await rowsOf(connection, `SELECT can_cast_implicitly(NULL::${found}, NULL::${type}) AS fits`)
    if (found !== type && cast?.['fits'] !== true && !(INTEGER.test(found) && INTEGER.test(type))) {
      throw new Refusal(`The column ${key} of ${other.label} is ${found}, which ${type} of ${first.label} does not take.`)
    }
  }
  for (const key of its.keys())
    if (!types.has(key)) throw new Refusal(`${other.label} has a column ${key}, unlike ${first.label}.`)
  const [a, b] = [first.description.crs, other.description.crs]
  if (a && b && !isSame(a, b))
    throw new Refusal(`${other.label} has the CRS ${told(b)}, ${first.label} has ${told(a)}: transform it first.`)
}

/** A value that is too large for a smaller type is an error, never another number. */
const INTEGER = /^U?((TINY|SMALL|BIG|HUGE)INT|INTEGER)$/

/** The engine uses x first for both, also if their authority defines another order. */
const isSame = (a: Crs, b: Crs) =>
  (a.isLonLat && b.isLonLat) || (a.code ?? a.definition ?? a.name) === (b.code ?? b.definition ?? b.name)

const told = ({ code, name }: Crs) => code ?? name

/** Names in lower case, because the engine's names are case-insensitive. */
async function typesOf(connection: DuckDBConnection, { from, properties }: Input): Promise<Map<string, string>> {
  const columns = await columnsOf(connection, from)
  return new Map(columns.filter(({ name }) => properties.includes(name)).map(({ name, native }) => [name.toLowerCase(), native]))
}

async function crsText(connection: DuckDBConnection, { from, description }: Input): Promise<string> {
  const column = (await columnsOf(connection, from)).find(({ name }) => name === description.geometryColumn)
  return column?.crs || (description.crs?.code ?? '')
}

export function selectRows(inputs: readonly Input[], { properties, types, geometry, crs, covered }: Columns): string {
  const parts = inputs.map((input) => {
    const columns = properties.map((name) => {
      const its = input.properties.find((other) => other.toLowerCase() === name.toLowerCase()) ?? name
      return `CAST(${identifier(its)} AS ${types.get(name.toLowerCase())}) AS ${identifier(name)}`
    })
    if (geometry !== null && hasGeometry(input.description)) {
      const value = `ST_SetCRS(${identifier(input.description.geometryColumn)}, ${literal(crs)})`
      columns.push(`${value} AS ${identifier(geometry)}`)
    }
    return `SELECT ${columns.join(', ')} FROM ${input.from}`
  })
  // Rows without a place keep their order.
  if (geometry === null) return parts.join(' UNION ALL ')
  const geometryName = identifier(geometry)
  const sides = sidesOf(geometryName)
  const { xmin, ymin, xmax, ymax } = sides
  const members = Object.entries(sides).map(([name, side]) => `'${name}': ${floatOf(side)}`)
  const box = `CASE WHEN ${xmin} IS NOT NULL THEN {${members.join(', ')}} END`
  const middle = (a: string, b: string) => `${a} / 2 + ${b} / 2`
  const place = `ST_Hilbert(${middle(xmin, xmax)}, ${middle(ymin, ymax)}, ${boundsOf(inputs)})`
  return `SELECT *${covered ? `, ${box} AS ${COVERING}` : ''} FROM (${parts.join(' UNION ALL ')}) ORDER BY ${place} NULLS LAST`
}

/** The extent of all inputs. Rows outside of it or without geometry are sorted to an end. */
function boundsOf(inputs: readonly Input[]): string {
  const extents = inputs.map(({ proof }) => proof.extent).filter((extent): extent is BBox => extent !== null)
  const sides = [0, 1, 2, 3].map((side) => {
    const values = extents.map((extent) => extent[side as 0 | 1 | 2 | 3])
    return values.length === 0 ? 0 : side < 2 ? Math.min(...values) : Math.max(...values)
  })
  const [west, south, east, north] = sides
  return `{'min_x': ${west}, 'min_y': ${south}, 'max_x': ${east}, 'max_y': ${north}}::BOX_2D`
}
