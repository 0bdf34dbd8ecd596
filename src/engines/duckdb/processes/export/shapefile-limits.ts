/** Refuses what a Shapefile cannot hold, before it is written. */
import type { DuckDBConnection } from '@duckdb/node-api'
import { identifier } from '../../dialect/quote.ts'
import { rowsOf } from '../inspect/rows.ts'
import type { Staged } from '../prepare/stage.ts'
import { ExportRefusal } from './refusal.ts'

/** Each file of a Shapefile has at most these. */
export const MOST_SHAPEFILE_BYTES = 2 ** 31 - 1

/** Properties, bytes of a text, digits of an integer and size of a float that a DBF file holds. */
const DBF = { columns: 255, text: 254, integer: 1e18, float: 1e15 } as const
/** Bytes of a column in each row, as GDAL writes it, and of the columns of all other types. Texts have at least these. */
const WIDTHS: Readonly<Record<string, number>> = { VARCHAR: 80, BIGINT: 18, DOUBLE: 24, FLOAT: 24 }
const OTHER_WIDTH = 9
/** Bytes of a position, and of the number and length before each geometry. */
const [POSITION, RECORD] = [16, 8]

/** Refuses values that a Shapefile would change, and one that would be too large. What it rounds is listed in the documentation. */
export async function refuseForShapefile(connection: DuckDBConnection, staged: Staged): Promise<void> {
  const { relation, table, geometry } = staged
  if (relation.columns.length > DBF.columns)
    throw new ExportRefusal(
      `A Shapefile has at most ${DBF.columns} properties, and these are ${relation.columns.length}: name some in \`properties\`.`,
    )
  const positions = geometry ? `coalesce(sum(ST_NPoints(${identifier(geometry.column)})), 0)` : '0'
  const [whole] = await rowsOf(connection, `SELECT count(*) AS n, (${positions})::DOUBLE AS positions FROM ${table}`)
  const rows = Number(whole?.['n'])
  if (POSITION * Number(whole?.['positions']) + RECORD * rows > MOST_SHAPEFILE_BYTES) throw tooLarge()
  const types = await rowsOf(connection, `SELECT column_name AS name, column_type AS type FROM (DESCRIBE ${table})`)
  let width = 1
  for (const { name } of relation.columns) {
    const type = String(types.find((row) => row['name'] === name)?.['type'])
    const longest = await refuseValues(connection, { name, type, table })
    width += Math.max(longest, WIDTHS[type] ?? OTHER_WIDTH)
  }
  if (width * rows > MOST_SHAPEFILE_BYTES) throw tooLarge()
}

interface Column {
  readonly name: string
  readonly type: string
  readonly table: string
}

/** Returns the bytes of the longest text. 0 for other types. @throws ExportRefusal */
async function refuseValues(connection: DuckDBConnection, { name, type, table }: Column): Promise<number> {
  const column = identifier(name)
  const size = `octet_length(encode(${column}))`
  const bad =
    type === 'VARCHAR'
      ? [`${size} > ${DBF.text}`, `text of more than ${DBF.text} bytes`]
      : type === 'BIGINT'
        ? [`abs(CAST(${column} AS HUGEINT)) >= ${DBF.integer}`, 'integers of more than 18 digits']
        : type === 'DOUBLE' || type === 'FLOAT'
          ? [`isfinite(${column}) AND abs(${column}) >= ${DBF.float}`, 'numbers from 1e15 on']
          : null
  if (!bad) return 0
  const longest = type === 'VARCHAR' ? `coalesce(max(${size}), 0)` : '0'
  const [found] = await rowsOf(connection, `SELECT count(*) FILTER (${bad[0]}) AS n, ${longest} AS longest FROM ${table}`)
  if (Number(found?.['n']) > 0)
    throw new ExportRefusal(`A Shapefile cannot hold ${bad[1]}, which \`${name}\` has: use .gpkg, or name other \`properties\`.`)
  return Number(found?.['longest'])
}

export function tooLarge(): ExportRefusal {
  return new ExportRefusal(
    'Each file of a Shapefile has at most 2 GB, and one would be larger: filter the features, name fewer `properties`, or use .gpkg.',
  )
}
