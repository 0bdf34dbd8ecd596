/** Writes the inputs into the copy of a store in one transaction. Spatial indexes are dropped before and built afterwards. */
import path from 'node:path'
import type { DuckDBConnection } from '@duckdb/node-api'
import { identifier, literal, qualified } from '../../dialect/quote.ts'
import type { WriteJob, Written } from '../../host/import-messages.ts'
import { openInstance } from '../inspect/instance.ts'
import { buildIndexes, dropIndexes, indexNames, newIndex, type SpatialIndex, spatialIndexes } from './indexes.ts'
import { checkInput, type Input, openInput } from './inputs.ts'
import { FAST_SETTINGS, SMALL_SETTINGS, STORE_OPTIONS } from './layout.ts'
import { reporting } from './progress.ts'
import { Refusal } from './refusal.ts'
import { agreedColumns, type Columns, selectRows } from './select.ts'
import { dropCopies, lookupsOf, makeCopies, makeKey } from './sorted-copies.ts'
import { openStaging } from './staging.ts'
import { countRows, dependentOf, describeTarget, findTarget, STORE } from './target.ts'

const SETTINGS = [
  // Checkpoints run only on request, because nothing is written during a checkpoint.
  "SET GLOBAL checkpoint_threshold = '1TB'",
  // The engine need not hold rows in memory to keep their order: they are sorted later.
  'SET GLOBAL preserve_insertion_order = true',
]

/** @throws Refusal; Error of the engine */
export async function write(job: WriteJob): Promise<Written> {
  const settings = [...SETTINGS, ...(job.compress ? SMALL_SETTINGS : FAST_SETTINGS)]
  const connection = await openInstance({ ...job.options, settings, countsProgress: true })
  if (job.held) await connection.run(`ATTACH ${literal(job.held)} AS held (READ_ONLY)`)
  await connection.run(`ATTACH ${literal(job.draft)} AS ${identifier(STORE)} (${STORE_OPTIONS})`)
  await openStaging(connection, job.staging)
  const dropped = job.hasLog ? await replayed(connection) : []
  const table = await findTarget(connection, job.layer, job.mode)
  const inputs = await reporting(connection, 'check', () => openInputs(connection, job))
  const before = await countRows(connection)
  const was = table === null ? null : await describeTarget(connection, table)
  // The rows in the table get the same check, because the import computes with them too.
  const old = was && job.mode === 'APPEND' ? await checkInput(connection, `the table ${table}`, was, null) : null
  const kept = dropped.length > 0 ? dropped : await spatialIndexes(connection)
  const columns = await agreedColumns(connection, old ? [old, ...inputs] : inputs)
  if (job.rtree && columns.geometry === null) throw new Refusal(`${inputs[0].label} has no geometry to index: leave --rtree out.`)
  const had = {
    key: was?.key.kind === 'COLUMN' ? was.key.column : null,
    index: was?.copies?.map(({ column }) => column) ?? [],
  }
  const unordered = old && table !== null ? await dependentOf(connection, table, had.key) : null
  const { key, index } = await lookupsOf(connection, (old ?? inputs[0]).from, job, had)

  await connection.run('BEGIN')
  const name = table ?? job.layer
  const its = kept.filter((index) => index.schema === 'main' && index.table === table)
  if (dropped.length === 0) await dropIndexes(connection, its)
  await dropCopies(connection, name)
  const covered = await reporting(connection, 'write', () => fill(connection, { name, table, old, inputs, columns, unordered }))
  const asked = its.length === 0 && job.rtree && columns.geometry !== null ? [newIndex(name, columns.geometry)] : []
  const rebuilt: readonly SpatialIndex[] = [...(dropped.length > 0 ? kept : its), ...asked]
  if (rebuilt.length > 0) await reporting(connection, 'index', () => buildIndexes(connection, rebuilt))
  await connection.run('COMMIT')
  await connection.run(`CHECKPOINT ${identifier(STORE)}`)
  if (key !== null || index.length > 0) {
    await reporting(connection, 'sort', async () => {
      if (key !== null) await makeKey(connection, name, key)
      await makeCopies(connection, name, index)
    })
    await connection.run(`CHECKPOINT ${identifier(STORE)}`)
  }
  const tables = await countRows(connection)
  const [rows, added] = [tables[`main.${name}`] ?? 0, sum(inputs, ({ proof }) => proof.featureCount)]
  const expected = added + (old ? (before[`main.${name}`] ?? 0) : 0)
  if (rows !== expected) throw new Refusal(`The layer has ${rows} rows, not ${expected}: the store is unchanged.`)
  const indexes = await indexNames(connection)
  await connection.run(`DETACH ${identifier(STORE)}`)
  return {
    rows,
    added,
    skipped: sum(inputs, ({ skipped }) => skipped),
    problems: inputs.flatMap(({ label, problems }) => problems.map((problem) => `${label}: ${problem}`)),
    unordered,
    covered,
    tables,
    indexes,
    built: [...its, ...asked].map(({ name: built }) => built),
    key,
    sorted: index,
  }
}

/**
 * After the replay of a write-ahead log, rows for an RTREE exist in the table, but not in the index. The engine then fails at its next
 * checkpoint. Without the index it does not fail.
 */
async function replayed(connection: DuckDBConnection): Promise<SpatialIndex[]> {
  const indexes = await spatialIndexes(connection)
  await dropIndexes(connection, indexes)
  await connection.run(`CHECKPOINT ${identifier(STORE)}`)
  return indexes
}

async function openInputs(connection: DuckDBConnection, job: WriteJob): Promise<[Input, ...Input[]]> {
  const inputs: Input[] = []
  const folder = path.dirname(job.staging)
  for (const [index, input] of job.inputs.entries()) inputs.push(await openInput(connection, input, index, { ...job, folder }))
  return inputs as [Input, ...Input[]]
}

interface Filling {
  readonly name: string
  readonly table: string | null
  readonly old: Input | null
  readonly inputs: readonly Input[]
  readonly columns: Columns
  readonly unordered: string | null
}

/** True if the table now has a covering column. */
async function fill(connection: DuckDBConnection, { name, table, old, inputs, columns, unordered }: Filling): Promise<boolean> {
  const path = qualified(STORE, 'main', name)
  if (old && unordered !== null) {
    const { proof, description } = old
    const column = description.covering?.column ?? null
    const covered = column !== null && proof.coveringHolds && description.covering?.float32 === true
    const names = [...columns.properties, ...(columns.geometry === null ? [] : [columns.geometry]), ...(covered ? [column] : [])]
    await connection.run(
      `INSERT INTO ${path} (${names.map(identifier).join(', ')}) ${selectRows(inputs, { ...columns, covered })}`,
    )
    return covered
  }
  const making = qualified(STORE, 'main', `${name} (importing)`)
  await connection.run(`CREATE TABLE ${making} AS ${selectRows(old ? [old, ...inputs] : inputs, columns)}`)
  for (const column of old?.description.columns ?? []) {
    if (!column.nullable) await connection.run(`ALTER TABLE ${making} ALTER ${identifier(column.name)} SET NOT NULL`)
  }
  if (table !== null) await connection.run(`DROP TABLE ${path}`)
  await connection.run(`ALTER TABLE ${making} RENAME TO ${identifier(name)}`)
  return columns.covered
}

const sum = (inputs: readonly Input[], count: (input: Input) => number): number =>
  inputs.reduce((total, input) => total + count(input), 0)
