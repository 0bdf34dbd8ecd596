/** The inside of the inspector's process: the functions that the server calls by name. It may die of what it reads; nothing else does. */
import os from 'node:os'
import type { DuckDBConnection } from '@duckdb/node-api'
import type { CheckRequest, CheckResult, Described, InspectorOptions } from '../../host/inspection.ts'
import type { Answer } from '../../host/reading-process.ts'
import { featureTables } from '../prepare/feature-tables.ts'
import { tieToServer } from '../query/lifetime.ts'
import { refuseSockets } from '../query/no-network.ts'
import { checkLayer } from './check.ts'
import { describeDatabase, withDatabase } from './describe-database.ts'
import { describeParquet } from './describe-parquet.ts'
import { openInstance } from './instance.ts'
import { failureOf } from './reason.ts'

/** Below everything that serves. */
const CHECK_PRIORITY = 10

let connection: DuckDBConnection | null = null

/** Called once, before anything else. */
export async function open(options: InspectorOptions): Promise<void> {
  tieToServer(options.tempDirectory)
  refuseSockets()
  connection = await openInstance(options)
}

export function describeFiles(files: readonly string[]): Promise<Answer<Described>> {
  return answer(async (using) => ({ layers: [await describeParquet(using, files)], problems: [] }))
}

export function describeStore(database: { readonly file: string; readonly alias: string }): Promise<Answer<Described>> {
  return answer((using) => withDatabase(using, database, () => describeDatabase(using, database.alias)))
}

export function tablesOfGeoPackage(file: string): Promise<Answer<readonly string[]>> {
  return answer(async () => featureTables(file))
}

export function check({ description, database }: CheckRequest): Promise<Answer<CheckResult>> {
  os.setPriority(process.pid, CHECK_PRIORITY)
  const { relation } = description
  return answer((using) => {
    if (relation.kind === 'parquet' || database === null) return checkLayer(using, description)
    return withDatabase(using, { file: database, alias: relation.database }, () => checkLayer(using, description))
  })
}

async function answer<Value>(ask: (using: DuckDBConnection) => Promise<Value>): Promise<Answer<Value>> {
  if (!connection) throw new Error('the inspector has no instance yet')
  try {
    return { value: await ask(connection) }
  } catch (error) {
    return failureOf(error)
  }
}
