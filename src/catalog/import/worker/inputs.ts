/** The files of an import, each described, checked and ready to be selected from. */
import path from 'node:path'
import type { DuckDBConnection } from '@duckdb/node-api'
import type { Description, Proven } from '../../inspection.ts'
import { fileKind } from '../../file-kind.ts'
import { checkLayer } from '../../worker/check.ts'
import { describeDatabase } from '../../worker/describe-database.ts'
import { describeParquet } from '../../worker/describe-parquet.ts'
import { identifier, literal } from '../../worker/quote.ts'
import { fromOf } from '../../worker/relation.ts'
import { geometryOf } from './geometry-of.ts'
import { Refusal } from './refusal.ts'
import { withoutUnsafe } from './without-unsafe.ts'

/** Rows that can be selected: checked, and with nothing in them that is computed from others. */
export interface Input {
  readonly label: string
  /** What stands behind FROM. */
  readonly from: string
  /** Names of the properties in its order; without its geometry, and without its covering column, which is made anew. */
  readonly properties: readonly string[]
  readonly geometryColumn: string
  /** SQL of type GEOMETRY. */
  readonly geometry: string
  readonly description: Description
  readonly proof: Proven
  /** Rows left out because their geometry cannot be read safely. */
  readonly skipped: number
}

export interface InputOptions {
  readonly layer: string
  readonly skipUnsafe: boolean
}

/** @throws Refusal naming the file and what to do; the engine's error */
export async function openInput(connection: DuckDBConnection, file: string, index: number, options: InputOptions): Promise<Input> {
  const label = path.basename(file)
  const description = await describe(connection, file, `input_${index}`, options.layer)
  return await checkInput(connection, label, description, options.skipUnsafe ? `checked_${index}` : null)
}

async function describe(connection: DuckDBConnection, file: string, alias: string, layer: string): Promise<Description> {
  const { kind, ...found } = await fileKind(file)
  if (kind === 'parquet') return await describeParquet(connection, [file])
  if (kind !== 'duckdb') throw new Refusal(`${path.basename(file)}: ${'reason' in found ? found.reason : 'its format is not known'}.`)
  // Stays attached until the process ends.
  await connection.run(`ATTACH ${literal(file)} AS ${identifier(alias)} (READ_ONLY)`)
  const { layers } = await describeDatabase(connection, alias)
  const named = layers.filter(({ relation }) => relation.kind === 'table' && relation.table.toLowerCase() === layer.toLowerCase())
  const [description, ...others] = named.length > 0 ? named : layers
  if (description && others.length === 0) return description
  const tables = layers.map(({ relation }) => (relation.kind === 'table' ? relation.table : '')).join(', ')
  throw new Refusal(
    description
      ? `${path.basename(file)} has several tables with geometry (${tables}) and none of them is called ${layer}: call --layer as one of them.`
      : `${path.basename(file)} has no table with a column of type GEOMETRY.`,
  )
}

/** @param copyTo table that may take the place of the rows if some cannot be read safely; null: then they are refused */
export async function checkInput(
  connection: DuckDBConnection,
  label: string,
  described: Description,
  copyTo: string | null,
): Promise<Input> {
  // Looking for a key takes memory, and nothing here wants one.
  const description = { ...described, keyCandidates: [] }
  const result = await checkLayer(connection, description)
  if (result.outcome === 'PROVEN') return inputOf(label, description, result, 0)
  if (copyTo === null) {
    const { count, column, rows } = result
    const some = `${rows.join(', ')}${count > rows.length ? ', ...' : ''}, counted from 0`
    throw new Refusal(
      `${label}: ${count === 1 ? 'a value' : `${count} values`} of its column ${column} cannot be read safely (${some}): mend them, or leave them out with --skip-unsafe.`,
    )
  }
  const { description: safe, skipped } = await withoutUnsafe(connection, description, copyTo)
  const proof = await checkLayer(connection, safe)
  if (proof.outcome !== 'PROVEN') throw new Error('rows that cannot be read safely are still there')
  return inputOf(label, safe, proof, skipped)
}

function inputOf(label: string, description: Description, proof: Proven, skipped: number): Input {
  const { geometryColumn, columns, columnsUncovered, relation } = description
  return {
    label,
    from: fromOf(relation),
    properties: (proof.coveringHolds ? columns : columnsUncovered).map(({ name }) => name),
    geometryColumn,
    geometry: geometryOf({ ...description, hasZ: proof.hasZ }),
    description,
    proof,
    skipped,
  }
}
