/**
 * Reads a table of a GeoPackage with SQLite, with geometry or without. A column of SQLite may hold values of any type: the column's type here is one that holds all
 * of its values exactly. OGC 12-128r19.
 */
import { DatabaseSync, type SQLOutputValue } from 'node:sqlite'
import { pathToFileURL } from 'node:url'
import type { LayerKind } from '../../../../model/layer.ts'
import { identifier } from '../../dialect/quote.ts'
import type { FeatureTables } from '../../host/inspection.ts'
import { wkbOfGpkg } from './gpkg-geometry.ts'
import {
  CURVES,
  type DeclaredCrs,
  Faults,
  type FeatureReader,
  type ReadColumn,
  type ReadFeature,
  type ReadType,
  type ReadValue,
} from './reader.ts'

/** SQLite's names are case-insensitive. */
const tablesQuery = (
  geometries: string,
) => `SELECT c.table_name AS name, g.table_name IS NOT NULL AS hasGeometry, m.name IS NOT NULL AS isThere,
    lower(c.data_type) = 'features' AS isSpatial
  FROM gpkg_contents c LEFT JOIN ${geometries} g ON lower(g.table_name) = lower(c.table_name)
  LEFT JOIN sqlite_master m ON lower(m.name) = lower(c.table_name) AND m.type IN ('table', 'view')
  WHERE lower(c.data_type) IN ('features', 'attributes', 'aspatial') ORDER BY c.table_name`

const GEOMETRY = `SELECT g.column_name AS name, g.srs_id AS srs, s.organization AS organization, s.organization_coordsys_id AS code, s.definition AS wkt
  FROM gpkg_geometry_columns g LEFT JOIN gpkg_spatial_ref_sys s ON s.srs_id = g.srs_id WHERE lower(g.table_name) = lower(?)`

/** A file without tables of features may lack the table of geometry columns. */
const HAS_GEOMETRIES = "SELECT 1 FROM sqlite_master WHERE name = 'gpkg_geometry_columns'"
const NO_GEOMETRIES = '(SELECT NULL AS table_name WHERE false)'

/** SQLite returns at most 2,000 columns. Each column here needs six. */
const COLUMNS_AT_ONCE = 200
/** Every integer up to this one is a double. */
const MOST_EXACT = BigInt(Number.MAX_SAFE_INTEGER)
const LEAST_INT32 = -(2n ** 31n)
const MOST_INT32 = 2n ** 31n - 1n

/**
 * Returns the tables of features and of attributes, sorted, and problems of tables that the file lists but does not have.
 * `aspatial` is what GDAL called tables of attributes before GeoPackage 1.2.
 *
 * @param file a snapshot, or a file that no other process writes
 * @throws Error with the reason why the file is no GeoPackage
 */
export function featureTables(file: string): FeatureTables {
  const database = openSqlite(file)
  try {
    const rows = reading(() => listedTables(database))
    const lacking = (lacks: (row: ListedTable) => boolean, what: string) =>
      rows.filter(lacks).map(({ name }) => `table ${name} is listed in gpkg_contents, but ${what}`)
    return {
      tables: rows.filter((row) => row.isThere && !lacksGeometry(row)).map(({ name, kind }) => ({ name, kind })),
      problems: [
        ...lacking(({ isThere }) => !isThere, 'does not exist'),
        ...lacking(lacksGeometry, 'gpkg_geometry_columns does not have it'),
      ],
    }
  } finally {
    database.close()
  }
}

interface ListedTable {
  readonly name: string
  readonly kind: LayerKind
  readonly isThere: boolean
  /** True if the file calls it a table of features. */
  readonly isSpatial: boolean
}

function listedTables(database: DatabaseSync): readonly ListedTable[] {
  const geometries = database.prepare(HAS_GEOMETRIES).get() ? 'gpkg_geometry_columns' : NO_GEOMETRIES
  const rows = database.prepare(tablesQuery(geometries)).all()
  return rows.map(({ name, hasGeometry, isThere, isSpatial }) => ({
    name: String(name),
    kind: hasGeometry ? 'FEATURES' : 'TABLE',
    isThere: Boolean(isThere),
    isSpatial: Boolean(isSpatial),
  }))
}

const lacksGeometry = ({ kind, isSpatial }: ListedTable): boolean => kind === 'TABLE' && isSpatial

/** @param file a snapshot, or a file that no other process writes */
export function openGeoPackage(file: string, table: string): FeatureReader {
  const database = openSqlite(file)
  try {
    return reading(() => new TableReader(database, table))
  } catch (error) {
    database.close()
    throw error
  }
}

function openSqlite(file: string): DatabaseSync {
  const url = pathToFileURL(file)
  // Without it, SQLite may create files beside the file.
  url.searchParams.set('immutable', '1')
  return reading(() => new DatabaseSync(url, { readOnly: true, allowExtension: false }))
}

/** SQLite's own words mean nothing to users. */
function reading<Result>(read: () => Result): Result {
  try {
    return read()
  } catch (cause) {
    const message = String((cause as Error).message)
    const why = /no such table: (main\.)?gpkg_/.test(message)
      ? 'it has no tables gpkg_contents and gpkg_geometry_columns'
      : /not a database/.test(message)
        ? 'it is no SQLite database'
        : 'it is corrupt'
    throw new Error(`it cannot be read as a GeoPackage: ${why}`, { cause })
  }
}

class TableReader implements FeatureReader {
  readonly columns: readonly ReadColumn[]
  readonly isTable: boolean
  /** Null for a table of attributes. */
  readonly geometryName: string | null
  readonly crs: DeclaredCrs
  readonly total: number
  readonly #database: DatabaseSync
  readonly #from: string
  readonly #mixed: readonly string[]
  readonly #geometryFaults = new Faults()
  /** The number of texts with the replacement character, by column. It stands for invalid bytes, or for itself. */
  readonly #replaced: number[]

  constructor(database: DatabaseSync, table: string) {
    this.#database = database
    this.#from = identifier(table)
    const listed = listedTables(database).find(({ name }) => name === table)
    if (!listed || lacksGeometry(listed)) throw new Error('no such table: gpkg_geometry_columns')
    this.isTable = listed.kind === 'TABLE'
    const geometry = this.isTable ? undefined : database.prepare(GEOMETRY).get(table)
    this.geometryName = geometry ? String(geometry['name']) : null
    this.crs = geometry ? crsOf(geometry) : { kind: 'NONE' }
    const hidden = this.geometryName?.toLowerCase()
    const statement = database.prepare(`SELECT * FROM ${this.#from}`)
    const declared = statement.columns().filter(({ name }) => name.toLowerCase() !== hidden)
    const found = declared.map(({ name, type }) => ({ name, declared: (type ?? '').toUpperCase() }))
    const { total, contents } = contentsOf(
      database,
      this.#from,
      found.map(({ name }) => name),
    )
    this.total = total
    this.columns = found.map(({ name, declared }, index) => ({ name, ...typeOf(declared, contents[index]!) }))
    this.#mixed = found.flatMap(({ name }, index) => {
      const { blobs, texts, ints, reals } = contents[index]!
      return blobs > 0 && texts + ints + reals > 0
        ? [`${blobs} of the values of its column ${name} are bytes among other values, and are null`]
        : []
    })
    this.#replaced = found.map(() => 0)
  }

  *features(): Iterable<ReadFeature> {
    const names = [...this.columns.map(({ name }) => name), ...(this.geometryName === null ? [] : [this.geometryName])].map(
      identifier,
    )
    const statement = this.#database.prepare(`SELECT ${names.join(', ')} FROM ${this.#from}`)
    statement.setReadBigInts(true)
    statement.setReturnArrays(true)
    const types = this.columns.map(({ type }) => type)
    let rows = 0
    const all = statement.iterate() as unknown as Iterator<SQLOutputValue[]>
    for (let next = reading(() => all.next()); !next.done; next = reading(() => all.next())) {
      const row = next.value
      rows++
      const values = types.map((type, index) => {
        const value = row[index]!
        if (typeof value === 'string' && value.includes('\uFFFD')) this.#replaced[index]!++
        return readValue(value, type)
      })
      yield { values, wkb: this.#wkb(row[types.length], rows) }
    }
    if (rows !== this.total) throw new Error(`it is corrupt: ${rows} of its ${this.total} features can be read`)
  }

  problems(): readonly string[] {
    const faulty = this.#geometryFaults.problem((count) => `the geometry of ${count} of its features cannot be read and is null`)
    const invalid = this.columns.flatMap(({ name }, index) => {
      const count = this.#replaced[index]! > 0 ? this.#replaced[index]! - this.#replacements(name) : 0
      return count > 0 ? [`${count} texts of its column ${name} are not UTF-8, and have the replacement character U+FFFD`] : []
    })
    return [...faulty, ...this.#mixed, ...invalid]
  }

  close(): void {
    this.#database.close()
  }

  #wkb(blob: SQLOutputValue | undefined, row: number): Uint8Array | null {
    if (blob === null || blob === undefined) return null
    try {
      if (!(blob instanceof Uint8Array)) throw new Error('it is no bytes')
      return wkbOfGpkg(blob)
    } catch (error) {
      const { message } = error as Error
      if (message === CURVES) throw error
      this.#geometryFaults.add(`row ${row}: ${message}`)
      return null
    }
  }

  /** Counts the texts that hold the replacement character themselves. */
  #replacements(column: string): number {
    const name = identifier(column)
    const where = `typeof(${name}) = 'text' AND instr(CAST(${name} AS BLOB), x'EFBFBD') > 0`
    return Number(this.#database.prepare(`SELECT count(*) AS n FROM ${this.#from} WHERE ${where}`).get()?.['n'])
  }
}

/** The CRS 0 and -1 are undefined. A code of EPSG is used as such; another organization's definition counts. */
function crsOf({ srs, organization, code, wkt }: Readonly<Record<string, SQLOutputValue>>): DeclaredCrs {
  if (Number(srs) <= 0) return { kind: 'NONE' }
  if (organization === null || organization === undefined) return { kind: 'CODE', code: `srs_id ${srs}`, wkt: null }
  const definition = typeof wkt === 'string' ? wkt : null
  if (/^(epsg|esri|iau_2015|ogc)$/i.test(String(organization)))
    return { kind: 'CODE', code: `${String(organization).toUpperCase()}:${code}`, wkt: definition }
  return { kind: 'WKT', wkt: definition ?? '' }
}

/** The types and extremes of a column's values. */
interface Contents {
  readonly ints: number
  readonly reals: number
  readonly texts: number
  readonly blobs: number
  readonly least: bigint
  readonly most: bigint
}

/** Scans the table once for each group of columns. */
function contentsOf(database: DatabaseSync, from: string, names: readonly string[]): { total: number; contents: Contents[] } {
  let total = 0
  const contents: Contents[] = []
  for (let at = 0; at === 0 || at < names.length; at += COLUMNS_AT_ONCE) {
    const group = names.slice(at, at + COLUMNS_AT_ONCE)
    const counts = group.flatMap((name) => {
      const column = identifier(name)
      const integers = `CASE WHEN typeof(${column}) = 'integer' THEN ${column} END`
      const ofTypes = ['integer', 'real', 'text', 'blob'].map((type) => `total(typeof(${column}) = '${type}')`)
      return [...ofTypes, `min(${integers})`, `max(${integers})`]
    })
    const statement = database.prepare(`SELECT ${['count(*)', ...counts].join(', ')} FROM ${from}`)
    statement.setReadBigInts(true)
    statement.setReturnArrays(true)
    const row = statement.get() as unknown as SQLOutputValue[]
    total = Number(row[0])
    for (let n = 0; n < group.length; n++) {
      const [ints, reals, texts, blobs, least, most] = row.slice(1 + 6 * n, 7 + 6 * n)
      const [l, m] = [least, most].map((side) => BigInt((side as bigint | null) ?? 0n))
      contents.push({ ints: Number(ints), reals: Number(reals), texts: Number(texts), blobs: Number(blobs), least: l!, most: m! })
    }
  }
  return { total, contents }
}

/** The type that holds every value exactly. The declared type decides where several do. */
function typeOf(declared: string, { ints, reals, texts, blobs, least, most }: Contents): { type: ReadType; isMoment?: boolean } {
  const isMoment = /^(DATE|DATETIME|TIMESTAMP)/.test(declared)
  const isReal = /REAL|FLOA|DOUB|NUMERIC|DECIMAL/.test(declared)
  if (ints + reals + texts + blobs === 0) {
    if (isMoment) return { type: 'VARCHAR', isMoment }
    if (isReal) return { type: 'DOUBLE' }
    if (declared.startsWith('BOOL')) return { type: 'BOOLEAN' }
    if (declared.includes('INT')) return { type: isNarrow(declared) ? 'INTEGER' : 'BIGINT' }
    return { type: declared.startsWith('BLOB') ? 'BLOB' : 'VARCHAR' }
  }
  if (blobs > 0 && ints + reals + texts === 0) return { type: 'BLOB' }
  if (texts > 0 || blobs > 0) return { type: 'VARCHAR', isMoment: isMoment && ints + reals + blobs === 0 }
  const isExact = least >= -MOST_EXACT && most <= MOST_EXACT
  if (reals > 0) return { type: isExact ? 'DOUBLE' : 'VARCHAR' }
  if (declared.startsWith('BOOL') && least >= 0n && most <= 1n) return { type: 'BOOLEAN' }
  if (isReal && isExact) return { type: 'DOUBLE' }
  return { type: isNarrow(declared) && least >= LEAST_INT32 && most <= MOST_INT32 ? 'INTEGER' : 'BIGINT' }
}

const isNarrow = (declared: string): boolean => /TINYINT|SMALLINT|MEDIUMINT|INT2|BOOL/.test(declared)

function readValue(value: SQLOutputValue, type: ReadType): ReadValue {
  if (value === null) return null
  if (type === 'BOOLEAN') return value === 1n
  if (type === 'INTEGER' || type === 'DOUBLE') return Number(value)
  if (type !== 'VARCHAR') return value as bigint | Uint8Array
  if (value instanceof Uint8Array) return null
  // A whole number among texts is written as SQLite writes it.
  return typeof value === 'number' && Number.isInteger(value) && Math.abs(value) < 1e15 ? `${value}.0` : String(value)
}
