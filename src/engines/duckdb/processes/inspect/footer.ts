/** Reads the footers of Parquet files with one query for all of them. It takes about 4 ms per small file. */
import path from 'node:path'
import type { DuckDBConnection } from '@duckdb/node-api'
import { crsOfParquet } from '../../../../geometry/read-crs.ts'
import type { Crs } from '../../../../model/layer.ts'
import { fileList } from '../../dialect/quote.ts'
import { type GeoMetadata, readGeoMetadata } from './geoparquet.ts'
import { rowsOf } from './rows.ts'

/** A column at the top level of a file's schema. */
export interface FileColumn {
  readonly name: string
  readonly optional: boolean
  /** True for Parquet's own GEOMETRY type. */
  readonly isNativeGeometry: boolean
  /** The CRS of Parquet's own GEOMETRY type. Null if it is unknown. */
  readonly crs: Crs | null
  /** Physical and logical types of the column and everything in it. They are equal in files that fit together. */
  readonly signature: string
  /** The way in which the engine does not read its values exactly; null if it does. */
  readonly inexact: Inexact | null
}

/** A decimal of more than 38 digits becomes a double. Some times become microseconds. */
export type Inexact = 'DIGITS' | 'NANOSECONDS'

export interface Footer {
  readonly file: string
  readonly rows: number
  readonly rowGroups: number
  readonly columns: readonly FileColumn[]
  readonly geo: GeoMetadata | null
  /** True if the Arrow schema of its writer has columns of GeoArrow. */
  readonly hasGeoArrow: boolean
  /** True if every row group has the box of a geometry column. */
  readonly hasGeoStatistics: boolean
}

/** Rows as DuckDB returns them; 64-bit numbers are bigint. */
interface Tables {
  readonly parquet_file_metadata: readonly {
    readonly file_name: string
    readonly num_rows: bigint
    readonly num_row_groups: bigint
  }[]
  readonly parquet_schema: readonly SchemaElement[]
  readonly parquet_kv_metadata: readonly { readonly key: Uint8Array; readonly value: Uint8Array }[]
}

interface SchemaElement {
  readonly name: string
  readonly num_children: bigint | null
  readonly repetition_type: string | null
  readonly type: string | null
  readonly converted_type: string | null
  readonly precision: bigint | null
  readonly logical_type: string | null
}

/** Returns footers in the order of `files`. @throws Error of the engine, or an Error that names the fault of the metadata */
export async function footersOf(connection: DuckDBConnection, files: readonly string[]): Promise<Footer[]> {
  const rows = await rowsOf(
    connection,
    `SELECT parquet_file_metadata, parquet_schema, parquet_kv_metadata FROM parquet_full_metadata(${fileList(files)})`,
  )
  const tables = new Map((rows as unknown as Tables[]).map((row) => [row.parquet_file_metadata[0]?.file_name, row]))
  const footers: Footer[] = []
  for (const file of files) {
    const {
      parquet_file_metadata: [metadata],
      parquet_schema,
      parquet_kv_metadata,
    } = tables.get(file) ?? NO_TABLES
    if (!metadata) throw new Error(`its part ${path.basename(file)} is gone: bring it back`)
    const columns = topOf(parquet_schema, (key) => textOf(parquet_kv_metadata, key))
    const mayHaveBoxes = metadata.num_row_groups > 0n && columns.some(({ isNativeGeometry }) => isNativeGeometry)
    footers.push({
      file,
      rows: Number(metadata.num_rows),
      rowGroups: Number(metadata.num_row_groups),
      columns,
      geo: geoOf(parquet_kv_metadata),
      hasGeoArrow: Buffer.from(textOf(parquet_kv_metadata, 'ARROW:schema') ?? '', 'base64').includes('geoarrow.'),
      hasGeoStatistics: mayHaveBoxes && (await groupsWithBox(connection, file)) === metadata.num_row_groups,
    })
  }
  return footers
}

const NO_TABLES: Tables = { parquet_file_metadata: [], parquet_schema: [], parquet_kv_metadata: [] }

function geoOf(pairs: Tables['parquet_kv_metadata']): GeoMetadata | null {
  const text = textOf(pairs, 'geo')
  return text === undefined ? null : readGeoMetadata(text)
}

function textOf(pairs: Tables['parquet_kv_metadata'], name: string): string | undefined {
  const value = pairs.find(({ key }) => Buffer.from(key).toString() === name)?.value
  return value && Buffer.from(value).toString()
}

async function groupsWithBox(connection: DuckDBConnection, file: string): Promise<unknown> {
  const [row] = await rowsOf(
    connection,
    `SELECT count(DISTINCT row_group_id) AS n FROM parquet_metadata(${fileList([file])}) WHERE geo_bbox.xmin IS NOT NULL`,
  )
  return row?.['n']
}

/** The schema is depth first: each element precedes its children. */
function topOf(schema: readonly SchemaElement[], textOf: (key: string) => string | undefined): FileColumn[] {
  const columns: FileColumn[] = []
  const describe = (at: number): { next: number; signature: string } => {
    const element = schema[at]
    let next = at + 1
    let signature = element ? typeOf(element) : ''
    for (let child = 0; child < Number(element?.num_children ?? 0); child++) {
      const inner = describe(next)
      signature += ` (${schema[next]?.name}: ${inner.signature})`
      next = inner.next
    }
    return { next, signature }
  }
  for (let at = 1; at < schema.length; ) {
    const element = schema[at]
    const { next, signature } = describe(at)
    const inexact = schema.slice(at, next).map(inexactness)
    if (element) {
      const { name, logical_type, repetition_type } = element
      const isNativeGeometry = /^Geo(metry|graphy)Type/.test(logical_type ?? '')
      const crs = isNativeGeometry ? crsOfParquet(logical_type ?? '', textOf) : null
      columns.push({
        name,
        optional: repetition_type !== 'REQUIRED',
        isNativeGeometry,
        crs,
        signature,
        inexact: inexact.find((one) => one !== null) ?? null,
      })
    }
    at = next
  }
  return columns
}

/** DuckDB has nanoseconds only for a TIMESTAMP that is local time. */
function inexactness({ type, precision, logical_type }: SchemaElement): Inexact | null {
  if (Number(precision) > MOST_DIGITS) return 'DIGITS'
  const isNanos = /NANOS=NanoSeconds/.test(logical_type ?? '') && !/^TimestampType\(isAdjustedToUTC=0/.test(logical_type ?? '')
  return type === 'INT96' || isNanos ? 'NANOSECONDS' : null
}

/** Most digits of DuckDB's DECIMAL. */
const MOST_DIGITS = 38

function typeOf({ type, converted_type, logical_type }: SchemaElement): string {
  return [type, converted_type, logical_type].filter((part) => part !== null).join(' ')
}
