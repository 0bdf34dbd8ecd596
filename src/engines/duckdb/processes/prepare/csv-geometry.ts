/** Makes geometry of the columns of a CSV file. A value that cannot be read is null and a problem. */
import type { DuckDBConnection } from '@duckdb/node-api'
import { GeometryBuilder } from '../../../../geometry/builder.ts'
import { readGeoJson } from '../../../../geometry/geojson.ts'
import { TYPE_NAMES } from '../../../../geometry/geometry-type.ts'
import { readWkb } from '../../../../geometry/wkb-reader.ts'
import { readWkt } from '../../../../geometry/wkt.ts'
import { LON_LAT } from '../../../../model/layer.ts'
import { show } from '../../../../model/show.ts'
import { literal } from '../../dialect/quote.ts'
import type { CsvGeometry } from '../../host/csv-columns.ts'
import { rowsOf } from '../inspect/rows.ts'
import { moreNumbers } from '../read/geojson-wkb.ts'
import { lineOf } from './csv-file.ts'
import type { CsvRows } from './csv-rows.ts'
import { type CsvColumn, trimmed } from './csv-types.ts'

export interface CsvShapes {
  /** SQL over the columns of the file. */
  readonly geometry: string
  readonly crs: string
  readonly problems: readonly string[]
}

/** One way to read the columns. In its SQL, `v0` and `v1` are the values of `columns`, and `g` is the geometry. */
interface Reading {
  readonly columns: readonly string[]
  readonly geometry: string
  /** Text that holds the SRID of a geometry. Null for a row without one. */
  readonly srid: string
  readonly faults: readonly Fault[]
}

interface Fault {
  readonly where: string
  /** @param place where the first one is: `on line 3`, or `the first on line 3` */
  readonly sentence: (count: number, place: string, values: readonly string[]) => string
}

interface Counts {
  /** The number of rows with each fault. */
  readonly faults: readonly number[]
  /** The number of geometries with coordinates beyond degrees. */
  readonly outside: number
  /** The least and the greatest text with an SRID. */
  readonly srids: readonly [string, string]
}

const OUTSIDE = '(ST_XMin(g) < -180 OR ST_XMax(g) > 180 OR ST_YMin(g) < -90 OR ST_YMax(g) > 90)'

export async function csvShapes(
  connection: DuckDBConnection,
  rows: CsvRows,
  geometry: CsvGeometry,
  columns: readonly CsvColumn[],
): Promise<CsvShapes> {
  let best: { readonly reading: Reading; readonly counts: Counts } | null = null
  for (const reading of readingsOf(geometry, columns)) {
    const counts = await countsOf(connection, rows, reading)
    if (!best || sum(counts.faults) < sum(best.counts.faults)) best = { reading, counts }
    if (sum(best.counts.faults) === 0) break
  }
  const { reading, counts } = best as NonNullable<typeof best>
  const problems: string[] = []
  for (const [index, fault] of reading.faults.entries()) {
    const count = counts.faults[index] ?? 0
    if (count > 0) problems.push(await problemOf(connection, rows, reading, fault, count))
  }
  const { crs, problem } = await crsOf(connection, counts)
  return { geometry: sqlOf(reading, reading.geometry), crs, problems: problem === null ? problems : [...problems, problem] }
}

const sum = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0)

async function countsOf(connection: DuckDBConnection, { from }: CsvRows, reading: Reading): Promise<Counts> {
  const counted = [...reading.faults.map(({ where }) => where), OUTSIDE].map((where, n) => `count(*) FILTER (${where}) AS c${n}`)
  const [row = {}] = await rowsOf(
    connection,
    `SELECT ${counted.join(', ')}, coalesce(min(s), '') AS least, coalesce(max(s), '') AS greatest FROM ${valuesOf(reading, from)}`,
  )
  const counts = counted.map((_, n) => Number(row[`c${n}`]))
  return {
    faults: counts.slice(0, -1),
    outside: counts.at(-1) ?? 0,
    srids: [String(row['least']), String(row['greatest'])],
  }
}

/** The row numbers are those of the file: the engine keeps its order. */
async function problemOf(
  connection: DuckDBConnection,
  { from, text }: CsvRows,
  reading: Reading,
  { where, sentence }: Fault,
  count: number,
): Promise<string> {
  const numbered = `(SELECT *, row_number() OVER () AS n FROM ${valuesOf(reading, from)})`
  const [row = {}] = await rowsOf(connection, `SELECT * EXCLUDE (g, s) FROM ${numbered} WHERE ${where} ORDER BY n LIMIT 1`)
  const line = await lineOf(text, Number(row['n']))
  const values = reading.columns.map((_, n) => String(row[`v${n}`] ?? ''))
  return sentence(count, count === 1 ? `on line ${line}` : `the first on line ${line}`, values)
}

function valuesOf(reading: Reading, from: string): string {
  const values = reading.columns.map((name, n) => `${trimmed(name)} AS v${n}`)
  return `(SELECT ${values.join(', ')}, ${sqlOf(reading, reading.geometry)} AS g, ${sqlOf(reading, reading.srid)} AS s FROM ${from})`
}

/** SQL over the columns instead of their values. */
function sqlOf({ columns }: Reading, sql: string): string {
  return sql.replace(/\bv([01])\b/g, (_, n: string) => trimmed(columns[Number(n)] ?? ''))
}

function readingsOf(geometry: CsvGeometry, columns: readonly CsvColumn[]): readonly Reading[] {
  if (geometry.kind === 'COLUMN') return [columnOf(geometry.column)]
  const areNumbers = [geometry.x, geometry.y].every((name) =>
    columns.some((column) => column.name === name && NUMBERS.test(column.type)),
  )
  return areNumbers ? [pairOf(geometry, null)] : [pairOf(geometry, '.'), pairOf(geometry, ',')]
}

const NUMBERS = /^(INTEGER|BIGINT|DECIMAL|DOUBLE)/

type Pair = Extract<CsvGeometry, { readonly kind: 'PAIR' }>

/** Two columns of numbers, all of them with a decimal point or all with a decimal comma. Null if all are known to be numbers. */
function pairOf({ x, y, isLonLat }: Pair, point: '.' | ',' | null): Reading {
  const form = point === ',' ? '[+-]?[0-9]+(,[0-9]+)?' : '[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?'
  const numbers = ['v0', 'v1'].map((v) => {
    // Text beyond the range of a double is null too.
    const number = `TRY_CAST(${point === ',' ? `replace(${v}, ',', '.')` : v} AS DOUBLE)`
    return point === null ? number : `CASE WHEN regexp_full_match(${v}, ${literal(form)}) THEN ${number} END`
  })
  const notNumber = [x, y].map(
    (name, n): Fault => ({
      where: `v${n} IS NOT NULL AND (${numbers[n]}) IS NULL`,
      sentence: (count, place, values) =>
        count === 1
          ? `1 value of its column ${name} is no number, ${place} (${show(values[n])}): its feature has no geometry`
          : `${count} values of its column ${name} are no numbers, ${place} (${show(values[n])}): their features have no geometry`,
    }),
  )
  const half: Fault = {
    where: `(v0 IS NULL AND (${numbers[1]}) IS NOT NULL) OR (v1 IS NULL AND (${numbers[0]}) IS NOT NULL)`,
    sentence: (count, place) =>
      count === 1
        ? `1 feature has only one of ${x} and ${y}, ${place}: it has no geometry`
        : `${count} features have only one of ${x} and ${y}, ${place}: they have no geometry`,
  }
  const outside: Fault = {
    where: OUTSIDE,
    sentence: (count, place, values) =>
      `${count} of its pairs of ${x} and ${y} cannot be degrees, ${place} (${values.join(', ')}): the layer has no CRS`,
  }
  return {
    columns: [x, y],
    geometry: `ST_Point(${numbers[0]}, ${numbers[1]})`,
    srid: 'NULL::VARCHAR',
    faults: [...notNumber, half, ...(isLonLat ? [outside] : [])],
  }
}

/** The `\x` is PostgreSQL's, for bytes as text. */
const HEX = `regexp_full_match(v0, '(\\\\x)?0[01]([0-9A-Fa-f]{2})+')`
const HEX_DIGITS = `regexp_replace(v0, '^\\\\x', '')`
const HAS_SRID = `regexp_matches(${HEX_DIGITS}, '^(01.{6}|00)[2367ABEFabef]')`
/** The engine reads text before and after WKT as if it were not there. */
const WKT = `'^(SRID\\s*=\\s*[0-9]+\\s*;)?\\s*[A-Z\\s]+(EMPTY|[(].*[)])$'`
/** Numbers without a blank between them, such as `1-2` and `1.2.3`, which the engine reads as two. */
const RUN_TOGETHER = `'[0-9.][+-]|[.][0-9]*[.]'`
/**
 * The engine stops at the bracket that closes the geometry, so `POLYGON ((0 0, 1 1, 0 1, 0 0)), ((5 5, ...))` would lose its second half. It has read all
 * if one pair of brackets is around all others. For other texts, such as collections, its positions must have as many numbers as the text: to count
 * them takes three times as long.
 */
const listed = (item: string) => `[(]\\s*${item}(\\s*,\\s*${item})*\\s*[)]`
const LINE = '[(][^()]*[)]'
const POLYGON = listed(LINE)
const IN_ONE_PAIR = `'[A-Z\\s]+(${LINE}|${POLYGON}|${listed(POLYGON)})'`
const WKT_NUMBER = `'[0-9.][0-9.e+]*(-[0-9]+)?'`
/** A GeoJSON position with a fourth number, which the engine leaves out. A `bbox` is no position. */
const BBOX = `'"bbox"\\s*:\\s*\\[[^\\]]*\\]'`
const FOUR_NUMBERS = `'\\[\\s*[-+0-9.eE]+(\\s*,\\s*[-+0-9.eE]+){3}'`
const EWKT = `'^SRID\\s*=\\s*[0-9]+\\s*;\\s*'`

/**
 * A column of WKT, hexadecimal WKB or GeoJSON: each value shows which it is. Thirty wrong bytes of WKB end the process, unless
 * the engine first writes them as text in TRY. More than 16 nested collections fail when they are stored.
 */
function columnOf(column: string): Reading {
  const bytes = `unhex(${HEX_DIGITS})`
  const wkb = `CASE WHEN TRY(ST_AsText(ST_GeomFromWKB(${bytes}))) IS NOT NULL THEN ST_GeomFromWKB(${bytes}) END`
  const wkt = `regexp_replace(v0, ${EWKT}, '', 'i')`
  // A third number without a Z is a height, which the engine does not take.
  const tagged = `regexp_replace(${wkt}, '^([A-Za-z]+)\\s*[(]', '\\1 Z (')`
  const safely = (text: string, read: string) =>
    `CASE WHEN NOT contains(lower(${text}), 'geometrycollection') OR TRY(ST_AsText(${read})) IS NOT NULL THEN TRY(${read}) END`
  const fromText = [wkt, tagged].map((text) => safely(text, `ST_GeomFromText(${text})`)).join(', ')
  const numbers = `len(regexp_extract_all(${wkt}, ${WKT_NUMBER}, 0, 'i'))`
  const isWhole = `ST_NPoints(w) * (2 + ST_HasZ(w)::INTEGER + ST_HasM(w)::INTEGER) = ${numbers}`
  const read = `coalesce(${fromText})`
  const whole = `CASE WHEN regexp_full_match(${wkt}, ${IN_ONE_PAIR}, 'is') THEN ${read} ELSE list_filter([${read}], lambda w: ${isWhole})[1] END`
  const nested = `(length(v0) - length(replace(v0, '"geometries"', '')))`
  const geojson = `CASE WHEN ${nested} <= 10000 AND NOT contains(v0, '\\u') THEN ${safely('v0', 'ST_GeomFromGeoJSON(v0)')} END`
  return {
    columns: [column],
    geometry: `CASE WHEN v0[1] = '{' THEN ${geojson} WHEN ${HEX} THEN ${wkb}
      WHEN regexp_matches(v0, ${WKT}, 'is') AND NOT regexp_matches(v0, ${RUN_TOGETHER}) THEN ${whole} END`,
    srid: `CASE WHEN v0[1] = '{' THEN '' WHEN NOT ${HEX} THEN regexp_extract(v0, ${EWKT}, 0, 'i')
      WHEN ${HAS_SRID} THEN left(${HEX_DIGITS}, 2) || substr(${HEX_DIGITS}, 11, 8) ELSE left(v0, 0) END`,
    faults: [
      {
        where: 'v0 IS NOT NULL AND g IS NULL',
        sentence: (count, place, [value = '']) =>
          count === 1
            ? `1 value of its column ${column} cannot be read, ${place}: ${faultOf(value)}; its feature has no geometry`
            : `${count} values of its column ${column} cannot be read, ${place}: ${faultOf(value)}; their features have no geometry`,
      },
      {
        where: `v0[1] = '{' AND g IS NOT NULL AND regexp_matches(regexp_replace(v0, ${BBOX}, '', 'g'), ${FOUR_NUMBERS})`,
        sentence: (count, place) => `${moreNumbers(count)}, ${place}`,
      },
    ],
  }
}

const CURVES = 'CIRCULARSTRING|COMPOUNDCURVE|CURVEPOLYGON|MULTICURVE|MULTISURFACE|CURVE|SURFACE|POLYHEDRALSURFACE|TIN|TRIANGLE'
const CURVE = new RegExp(`^(SRID\\s*=\\s*\\d+\\s*;)?\\s*(${CURVES})\\b`, 'i')

/** The first characters of EWKT, of WKT, of hexadecimal WKB (byte order and type), or of GeoJSON. */
const BEGINNINGS = `'^(SRID\\s*=|(${TYPE_NAMES.join('|')}|${CURVES})\\s*(Z|M|ZM)?\\s*([(]|EMPTY)|(\\\\x)?0[01][0-9A-F]{8}|[{])'`

/** Returns the problem of a column with values of which none begins like a geometry. Null for other columns. */
export async function problemOfWords(
  connection: DuckDBConnection,
  { from, text }: CsvRows,
  column: string,
): Promise<string | null> {
  const values = `(SELECT ${trimmed(column)} AS v, row_number() OVER () AS n FROM ${from}) WHERE v IS NOT NULL`
  const found = await rowsOf(connection, `SELECT 1 FROM ${values} AND regexp_matches(v, ${BEGINNINGS}, 'i') LIMIT 1`)
  if (found.length > 0) return null
  const [first] = await rowsOf(connection, `SELECT n, v FROM ${values} ORDER BY n LIMIT 1`)
  if (!first) return null
  const place = `the first on line ${await lineOf(text, Number(first['n']))}: ${show(first['v'])}`
  return `its column ${column} has the name of a geometry, but none of its values begins like WKT, hexadecimal WKB or GeoJSON (${place}): it is a property`
}

/** Our own readers say what is wrong with a value. */
function faultOf(value: string): string {
  const curve =
    'it is a curve or a surface, which cannot be served: make lines and polygons of it (ogr2ogr -nlt CONVERT_TO_LINEAR)'
  if (CURVE.test(value)) return curve
  const to = new GeometryBuilder('', false)
  try {
    const [, hex] = /^(?:\\x)?(0[01][0-9a-f]*)$/i.exec(value) ?? []
    if (hex !== undefined && hex.length % 2 === 1) return 'WKB has two hexadecimal digits per byte, and one is missing'
    if (hex !== undefined) {
      const bytes = Buffer.from(hex, 'hex')
      if (isCurve(bytes)) return curve
      readWkb(bytes, to)
    } else if (value.startsWith('{')) readGeoJson(JSON.parse(value), to)
    else readWkt(value, to)
  } catch (error) {
    if (error instanceof SyntaxError) return 'it begins like GeoJSON, and is no JSON'
    if (error instanceof Error) return error.message.replace(/^``: |\.$/g, '')
  }
  return 'its parts do not have the same dimensions'
}

/** The types of ISO 13249-3 from CircularString to Triangle. */
function isCurve(bytes: Buffer): boolean {
  if (bytes.length < 5) return false
  const type = (bytes[0] === 1 ? bytes.readUInt32LE(1) : bytes.readUInt32BE(1)) & 0x1fffffff
  return type % 1000 >= 8 && type % 1000 <= 17 && type < 4000
}

/** Coordinates that fit into degrees are longitude and latitude, unless the geometries have an SRID. */
async function crsOf(
  connection: DuckDBConnection,
  { outside, srids: [least, greatest] }: Counts,
): Promise<{ readonly crs: string; readonly problem: string | null }> {
  if (least !== greatest) return { crs: '', problem: 'not all of its geometries have the same SRID: the layer has no CRS' }
  const srid = sridIn(least)
  if (srid === 0) return { crs: outside === 0 ? LON_LAT : '', problem: null }
  if (srid === 4326 && outside === 0) return { crs: LON_LAT, problem: null }
  if (srid === 4326) {
    return { crs: '', problem: `${outside} of its geometries have the SRID 4326 and cannot be degrees: the layer has no CRS` }
  }
  const crs = `EPSG:${srid}`
  const known = await rowsOf(connection, `SELECT 1 FROM duckdb_coordinate_systems() WHERE crs_name = ${literal(crs)}`)
  return known.length > 0 ? { crs, problem: null } : { crs: '', problem: `its SRID ${srid} is not known: the layer has no CRS` }
}

/** The SRID in the start of EWKT, or in the byte order and SRID of EWKB. 0 if there is none. */
function sridIn(text: string): number {
  const [decimal] = /\d+(?=\s*;)/.exec(text) ?? []
  if (decimal !== undefined) return Number(decimal)
  const bytes = Buffer.from(text, 'hex')
  return bytes.length < 5 ? 0 : bytes[0] === 1 ? bytes.readUInt32LE(1) : bytes.readUInt32BE(1)
}
