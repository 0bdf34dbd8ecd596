/** Describes and checks the files of an import, so that they can be selected from. */
import path from 'node:path'
import type { DuckDBConnection } from '@duckdb/node-api'
import { kindOf, type LayerKind } from '../../../../model/layer.ts'
import { identifier, literal } from '../../dialect/quote.ts'
import type { InputFile } from '../../host/import-messages.ts'
import type { Description, ProvenGeometry } from '../../host/inspection.ts'
import { checkLayer } from '../inspect/check.ts'
import { describeDatabase } from '../inspect/describe-database.ts'
import { describeParquet } from '../inspect/describe-parquet.ts'
import { fromOf } from '../inspect/relation.ts'
import { relationOf } from '../prepare/file-relation.ts'
import { parquetRows } from '../prepare/parquet-relation.ts'
import { featureTables } from '../read/geopackage.ts'
import { snapshotOf } from '../read/geopackage-snapshot.ts'
import { Refusal } from './refusal.ts'
import { stage, stageSafe } from './staging.ts'

/** Rows that can be selected: checked, and without computed columns. */
export interface Input {
  readonly label: string
  /** The text after FROM. Its geometry, if it has one, is of type GEOMETRY. */
  readonly from: string
  /** Names of the properties. A covering column is not among them, because the import makes a new one. */
  readonly properties: readonly string[]
  readonly description: Description
  readonly proof: ProvenGeometry
  /** The number of rows that are excluded because their geometry cannot be read safely. */
  readonly skipped: number
  /** Sentences about what is not read exactly as the file holds it. */
  readonly problems: readonly string[]
}

export interface InputOptions {
  readonly layer: string
  readonly skipUnsafe: boolean
  /** A folder for files that exist only during the import. */
  readonly folder: string
}

/** @throws Refusal that names the file and what to do; Error of the engine */
export async function openInput(
  connection: DuckDBConnection,
  { file, format }: InputFile,
  index: number,
  { layer, skipUnsafe, folder }: InputOptions,
): Promise<Input> {
  const label = path.basename(file)
  const { description, problems } = await describe(connection, { file, format }, `input_${index}`, layer, folder)
  return { ...(await checkInput(connection, label, description, skipUnsafe ? `safe_${index}` : null)), problems }
}

async function describe(
  connection: DuckDBConnection,
  { file, format }: InputFile,
  name: string,
  layer: string,
  folder: string,
): Promise<{ description: Description; problems: readonly string[] }> {
  if (format === 'GeoParquet') return { description: await describeParquet(connection, [file]), problems: [] }
  if (format === 'DuckDB') {
    // The database stays attached until the process ends.
    await connection.run(`ATTACH ${literal(file)} AS ${identifier(name)} (READ_ONLY)`)
    const { layers } = await describeDatabase(connection, name)
    const tables = layers.map((found) => ({
      name: found.relation.kind === 'table' ? found.relation.table : '',
      kind: kindOf(found),
      description: found,
    }))
    return { description: chosen(file, tables, layer).description, problems: [] }
  }
  const isGeoPackage = format === 'GeoPackage'
  const read = isGeoPackage ? await snapshotOf(file, path.join(folder, 'snapshot')) : file
  const table = isGeoPackage ? chosen(file, featureTables(read).tables, layer).name : null
  const { from, problems } = await relationOf(connection, { file: read, format, table }, folder, () => {})
  return { description: await stage(connection, name, `FROM ${from}`), problems }
}

/** The table with the layer's name, or the only table with geometry, or the only table. */
function chosen<Table extends { readonly name: string; readonly kind: LayerKind }>(
  file: string,
  tables: readonly Table[],
  layer: string,
): Table {
  const named = tables.find(({ name }) => name.toLowerCase() === layer.toLowerCase())
  if (named !== undefined) return named
  const spatial = tables.filter(({ kind }) => kind === 'FEATURES')
  const [only, ...more] = spatial.length > 0 ? spatial : tables
  const label = path.basename(file)
  if (only === undefined) throw new Refusal(`${label} has no table.`)
  if (more.length === 0) return only
  const names = [only, ...more].map(({ name }) => name).join(', ')
  throw new Refusal(
    `${label} has several tables${spatial.length > 0 ? ' with geometry' : ''} (${names}): the one that --layer is called like is taken.`,
  )
}

/** @param copyTo a table for the rows that can be read safely, if some cannot; null refuses such an input */
export async function checkInput(
  connection: DuckDBConnection,
  label: string,
  described: Description,
  copyTo: string | null,
): Promise<Input> {
  // An import needs no key and no sorted copies: to look for a key takes memory, and to prove copies takes time.
  const description = { ...described, keyCandidates: [], copies: [] }
  const result = await checkLayer(connection, description)
  if (result.outcome === 'PROVEN') return await inputOf(connection, label, description, result, 0)
  if (copyTo === null) {
    const { count, column, rows } = result
    const some = `${rows.join(', ')}${count > rows.length ? ', ...' : ''}, counted from 0`
    throw new Refusal(
      `${label}: ${count === 1 ? 'a value' : `${count} values`} of its column ${column} cannot be read safely (${some}): mend them, or leave them out with --skip-unsafe.`,
    )
  }
  const { description: staged, skipped } = await stageSafe(connection, copyTo, description)
  const safe = { ...staged, keyCandidates: [] }
  const proof = await checkLayer(connection, safe)
  if (proof.outcome !== 'PROVEN') throw new Error('rows that cannot be read safely are still there')
  return await inputOf(connection, label, safe, proof, skipped)
}

async function inputOf(
  connection: DuckDBConnection,
  label: string,
  description: Description,
  proof: ProvenGeometry,
  skipped: number,
): Promise<Input> {
  const columns = proof.coveringHolds ? description.columns : description.columnsUncovered
  const { relation } = description
  const from =
    relation.kind === 'parquet'
      ? await parquetRows(connection, relation.files[0] ?? '', { ...description, hasZ: proof.hasZ }, columns)
      : fromOf(relation)
  return { label, from, properties: columns.map(({ name }) => name), description, proof, skipped, problems: [] }
}
