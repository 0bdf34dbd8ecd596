/**
 * The program of the inspector's process. It answers the server's messages. What it reads may end this process, and no other
 * one.
 */
import { rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import type { DuckDBConnection } from '@duckdb/node-api'
import type {
  CheckRequest,
  CheckResult,
  DescribedSource,
  FeatureTables,
  InspectorOptions,
  ToInspector,
} from '../../host/inspection.ts'
import { answerWith } from '../answer.ts'
import { problemsOfCopy } from '../prepare/problems.ts'
import { featureTables } from '../read/geopackage.ts'
import { hasLog, snapshotOf } from '../read/geopackage-snapshot.ts'
import { checkLayer } from './check.ts'
import { describeDatabase, withDatabase } from './describe-database.ts'
import { describeFiles } from './describe-parquet.ts'
import { openInstance } from './instance.ts'
import { failureOf } from './reason.ts'

/** The priority is below every process that serves. */
const CHECK_PRIORITY = 10

let connection: DuckDBConnection | null = null
/** The folder of this process. */
let folder = ''

answerWith(
  async (message: ToInspector) => {
    if (message.type === 'OPEN') return open(message.options)
    if (!connection) throw new Error('the inspector has no instance yet')
    return answerTo(message, connection)
  },
  failureOf,
  (message) => message.type === 'OPEN' && message.options.gateway !== undefined,
)

async function open(options: InspectorOptions): Promise<void> {
  folder = path.dirname(options.tempDirectory)
  connection = await openInstance(options)
}

async function answerTo(
  message: Exclude<ToInspector, { type: 'OPEN' }>,
  using: DuckDBConnection,
): Promise<DescribedSource | FeatureTables | CheckResult> {
  switch (message.type) {
    case 'DESCRIBE_FILES': {
      const { layers, problems } = await describeFiles(using, message.files)
      return { layers, problems: [...(await problemsOfCopy(using, message.files)), ...problems] }
    }
    case 'DESCRIBE_STORE':
      return withDatabase(using, message, () => describeDatabase(using, message.alias))
    case 'FEATURE_TABLES':
      return tablesOf(message.file)
    case 'CHECK':
      return check(using, message.request)
  }
}

/** A log may hold tables that the file does not, so it is read together with the file. */
async function tablesOf(file: string): Promise<FeatureTables> {
  if (!(await hasLog(file))) return featureTables(file)
  const place = path.join(folder, 'snapshot')
  try {
    return featureTables(await snapshotOf(file, place))
  } finally {
    await rm(place, { recursive: true, force: true })
  }
}

function check(using: DuckDBConnection, { description, database }: CheckRequest): Promise<CheckResult> {
  os.setPriority(process.pid, CHECK_PRIORITY)
  const { relation } = description
  if (relation.kind === 'parquet' || database === null) return checkLayer(using, description)
  return withDatabase(using, { file: database, alias: relation.database }, () => checkLayer(using, description))
}
