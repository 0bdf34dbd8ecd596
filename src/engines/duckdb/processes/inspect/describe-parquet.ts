/** Describes one or more Parquet files as one layer, from their footers. */
import type { DuckDBConnection } from '@duckdb/node-api'
import { isNative, type NativeType, typeOfNative } from '../../../../geometry/geometry-type.ts'
import { type FieldType, typeName } from '../../../../model/field-type.ts'
import type { Crs, FileSummary, GeometryEncoding, Pruning } from '../../../../model/layer.ts'
import { fileList } from '../../dialect/quote.ts'
import { isGeometryName } from '../../host/csv-columns.ts'
import type { Covering, DescribedSource, Description, UnprovenColumn } from '../../host/inspection.ts'
import { disagreement } from './agreement.ts'
import { columnsOf, type RelationColumn } from './columns.ts'
import { findCovering, pointCovering } from './covering.ts'
import { claimedExtent, claimedTypes, claimedZ, declaredCovering } from './declared-types.ts'
import { holdsGeometry } from './field-type-of.ts'
import { extentsOf } from './file-extents.ts'
import { type Footer, footersOf, type Inexact } from './footer.ts'
import { type GeoColumn, WRITE_AGAIN } from './geoparquet.ts'
import { keyCandidates } from './key-candidates.ts'
import { withoutNeedlessDefinition } from './known-crs.ts'
import { propertiesOf } from './properties.ts'
import { tableOf } from './table.ts'

/**
 * A column of the engine, and the file column that it is read from. DuckDB ignores case, so it renames the second of `Name` and
 * `name`.
 */
interface FileRelationColumn extends RelationColumn {
  readonly sourceName: string | null
  readonly isNativeGeometry: boolean
  /** The CRS of Parquet's own GEOMETRY type. */
  readonly fileCrs: Crs | null
  readonly inexact: Inexact | null
}

/** The layer of the files, and a problem per column whose values are not served exactly. @throws as `describeParquet` does */
export async function describeFiles(connection: DuckDBConnection, files: readonly string[]): Promise<DescribedSource> {
  const footers = await footersOf(connection, files)
  return { layers: [await describeFooters(connection, files, footers)], problems: inexactColumns(footers) }
}

/** @throws Error of the engine, or an Error with the reason why the files are no layer */
export async function describeParquet(connection: DuckDBConnection, files: readonly string[]): Promise<Description> {
  return await describeFooters(connection, files, await footersOf(connection, files))
}

async function describeFooters(
  connection: DuckDBConnection,
  files: readonly string[],
  footers: readonly Footer[],
): Promise<Description> {
  const problem = disagreement(footers)
  if (problem) throw new Error(problem)
  const columns = (await fileColumns(connection, footers)).filter(({ inexact }) => inexact !== 'DIGITS')
  const geometry = geometryColumn(columns, footers)
  if (!geometry) return describeRows(files, footers, columns)
  const claims = footers.map(({ geo }) => (geometry.sourceName === null ? undefined : geo?.columns.get(geometry.sourceName)))
  const encoding = encodingOf(geometry, claims[0])
  const native = isNative(encoding) ? typeOfNative(encoding) : null
  const covering = encoding === 'point' ? pointCovering(geometry.name) : findCovering(columns, declaredCovering(claims))
  const fileRows = footers.map(({ rows }) => rows)
  return {
    names: [],
    relation: { kind: 'parquet', files, fileRows, fileSummaries: await summariesOf(connection, footers, geometry, covering) },
    columns: propertiesOf(columns, [geometry.name, covering?.column]),
    geometryColumn: geometry.name,
    geometryEncoding: encoding,
    geometryTypes: native ? [native.name] : claimedTypes(claims),
    hasZ: native ? JSON.stringify(geometry.type).includes('"name":"z"') : claimedZ(claims),
    crs: await withoutNeedlessDefinition(connection, claims[0] ? claims[0].crs : geometry.fileCrs),
    extent: claimedExtent(claims),
    featureCount: fileRows.reduce((sum, rows) => sum + rows, 0),
    key: { kind: 'ROW_NUMBER' },
    pruning: pruningOf(covering, geometry, footers),
    covering,
    columnsUncovered: propertiesOf(columns, [geometry.name]),
    keyCandidates: keyCandidates(columns),
    unproven: unprovenColumns(geometry, columns),
  }
}

/** A table, with nothing that describes a geometry. */
function describeRows(files: readonly string[], footers: readonly Footer[], columns: readonly FileRelationColumn[]): Description {
  const fileRows = footers.map(({ rows }) => rows)
  const fileSummaries = footers.map(({ rowGroups }) => ({ rowGroups, extent: null }))
  return {
    ...tableOf(columns),
    names: [],
    relation: { kind: 'parquet', files, fileRows, fileSummaries },
    featureCount: fileRows.reduce((sum, rows) => sum + rows, 0),
    key: { kind: 'ROW_NUMBER' },
  }
}

function inexactColumns([footer]: readonly Footer[]): string[] {
  const columns = footer?.columns ?? []
  return columns.flatMap(({ name, inexact }) => (inexact === null ? [] : `its column ${name} ${INEXACT[inexact]}`))
}

const INEXACT: Readonly<Record<Inexact, string>> = {
  DIGITS: 'is left out: it holds decimals of more than 38 digits, which cannot be read exactly: write it as text',
  NANOSECONDS: 'is served to the microsecond: nanoseconds are only read from timestamps without a time zone, which are not INT96',
}

/** True if the file must be opened for every query. */
async function summariesOf(
  connection: DuckDBConnection,
  footers: readonly Footer[],
  geometry: FileRelationColumn,
  covering: Covering | null,
): Promise<FileSummary[]> {
  const files = footers.map(({ file }) => file)
  const { name: column } = geometry
  const by = hasStatistics(geometry, footers)
    ? ({ kind: 'GEOMETRY', column } as const)
    : covering && ({ kind: 'COVERING', column: covering.column, members: covering.members } as const)
  const extents = by && files.length > 1 ? await extentsOf(connection, files, by) : []
  return footers.map(({ rowGroups }, index) => ({ rowGroups, extent: extents[index] ?? null }))
}

async function fileColumns(connection: DuckDBConnection, footers: readonly Footer[]): Promise<FileRelationColumn[]> {
  const columns = await columnsOf(connection, `read_parquet(${fileList(footers.map(({ file }) => file))})`)
  const optional = new Set(
    footers.flatMap((footer) => footer.columns.filter((column) => column.optional).map(({ name }) => name)),
  )
  const nullKeys = nullKeysOf(footers.map(({ file }) => file))
  return columns.map((column, index) => {
    // Columns after the file's own come from the names of folders (key=value).
    const source = footers[0]?.columns[index]
    return {
      ...column,
      sourceName: source?.name ?? null,
      isNativeGeometry: source?.isNativeGeometry ?? false,
      fileCrs: source?.crs ?? null,
      inexact: source?.inexact ?? null,
      nullable: (source !== undefined && optional.has(source.name)) || nullKeys.has(column.name.toLowerCase()),
    }
  })
}

/** A folder's values that DuckDB reads as null. */
const NULL_VALUE = /^(?:__HIVE_DEFAULT_PARTITION__|null)$/i

/** Returns the keys, in small letters, that are null in the folder of a file (key=value). */
function nullKeysOf(files: readonly string[]): ReadonlySet<string> {
  const pairs = new Set(files.flatMap((file) => file.split(/[\\/]/).slice(0, -1)))
  const keys = [...pairs].flatMap((folder) => {
    const [, key = '', value = ''] = /^([^=]+)=(.*)$/.exec(folder) ?? []
    return key !== '' && NULL_VALUE.test(value) ? [key.toLowerCase()] : []
  })
  return new Set(keys)
}

/**
 * Returns the primary column of the metadata. Otherwise the first column with geometry. Null for a table.
 *
 * @throws Error if there should be a geometry: metadata or a type names one, or a column of bytes is called like one
 */
function geometryColumn(columns: readonly FileRelationColumn[], footers: readonly Footer[]): FileRelationColumn | null {
  const { geo, hasGeoArrow } = footers[0] ?? { geo: null, hasGeoArrow: false }
  const declared = columns.filter(({ sourceName }) => sourceName !== null && geo?.columns.has(sourceName))
  const geometry =
    declared.find(({ sourceName }) => sourceName === geo?.primaryColumn) ??
    declared[0] ??
    columns.find(({ type }) => type.kind === 'geometry')
  if (geometry) return geometry
  const lacking = (why: string) => new Error(`it has no geometry column: ${why}; ${WRITE_AGAIN}`)
  if (geo) throw lacking(`its GeoParquet metadata names ${geo.primaryColumn}, which is none of its columns`)
  if (hasGeoArrow) throw lacking('it has columns of GeoArrow, which only GeoParquet metadata describes')
  const called = columns.find(({ name, type }) => type.kind === 'binary' && isGeometryName(name))
  if (!called) return null
  throw lacking(
    `its column ${called.name} has the name and bytes of one, but neither metadata nor its type says so (as a table, the column needs another name)`,
  )
}

function encodingOf(geometry: FileRelationColumn, claim: GeoColumn | undefined): GeometryEncoding {
  if (geometry.type.kind === 'geometry') return 'GEOMETRY'
  if (geometry.type.kind === 'binary') return 'WKB'
  // These are GeoArrow's encodings in GeoParquet 1.1, which DuckDB reads as nested lists of structs.
  const encoding = claim?.encoding.toLowerCase() ?? ''
  if (isNative(encoding) && isStoredAs(encoding, geometry.type)) return encoding
  throw new Error(
    `its column ${geometry.name} is of type ${typeName(geometry.type)}, which holds no geometry of encoding ${encoding}; ${WRITE_AGAIN}`,
  )
}

/** True for lists around a position, which is a struct of numbers. */
function isStoredAs(encoding: NativeType, type: FieldType): boolean {
  let position = type
  for (const _ of typeOfNative(encoding).lists) {
    if (position.kind !== 'list') return false
    position = position.child
  }
  const numbers = position.kind === 'struct' ? position.fields.filter((member) => member.type.kind === 'float') : []
  return ['x', 'y'].every((name) => numbers.some((member) => member.name === name))
}

/**
 * A declared covering is used, like a footer's statistics, until the scan disproves it. An undeclared one must be proven first.
 */
function pruningOf(covering: Covering | null, geometry: FileRelationColumn, footers: readonly Footer[]): Pruning {
  if (covering?.declared) {
    const { column, members, float32 } = covering
    return { kind: 'COVERING_COLUMN', column, members, float32 }
  }
  return { kind: hasStatistics(geometry, footers) ? 'ROW_GROUP_STATISTICS' : 'NONE' }
}

function hasStatistics({ isNativeGeometry }: FileRelationColumn, footers: readonly Footer[]): boolean {
  return isNativeGeometry && footers.every((footer) => footer.hasGeoStatistics)
}

function unprovenColumns(geometry: FileRelationColumn, columns: readonly FileRelationColumn[]): UnprovenColumn[] {
  return [geometry, ...columns.filter((column) => column !== geometry)]
    .filter((column) => holdsGeometry(column.type) || (column === geometry && column.type.kind === 'binary'))
    .map(({ name, type, isNativeGeometry }) => {
      if (type.kind !== 'geometry' && type.kind !== 'binary') return { column: name, stored: 'NESTED' }
      return { column: name, stored: isNativeGeometry ? 'GEOMETRY' : 'WKB' }
    })
}
