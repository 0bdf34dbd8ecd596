import { expandSources } from '../../catalog/find-sources.ts'
import type { SparkEngines } from '../../catalog/sources/spark-engines.ts'
import { openStores } from '../../catalog/stores/store.ts'
import type { Config } from '../../config/config.ts'
import { formatSize } from '../../config/size.ts'
import { GeoduckError } from '../../model/errors.ts'
import { sparkAddress } from '../../model/spark-address.ts'
import { writing } from './folders.ts'
import type { Finding } from './report.ts'

/** Checks each engine that gathers rows: its folder, whether it answers with the settings that it must have, and whether it sees the files. */
export async function checkEngines(config: Pick<Config, 'engines' | 'layers' | 'tempDirectory'>): Promise<Finding[]> {
  const findings: Finding[] = []
  for (const engine of config.engines) findings.push(await checkEngine(engine, config))
  return findings
}

async function checkEngine(
  engine: Config['engines'][number],
  { layers, tempDirectory }: Pick<Config, 'layers' | 'tempDirectory'>,
): Promise<Finding> {
  const what = `engine ${engine.name}`
  const { address, isEncrypted } = sparkAddress(engine.url)!
  const failure = await writing(engine.resultSets)
  if (failure !== null)
    return { what, state: 'wrong', text: `${engine.resultSets}: ${failure}`, remedy: 'correct `resultSets`, or its permissions' }
  const { SparkEngines } = await import('../../catalog/sources/spark-engines.ts')
  // Findings replace its messages.
  const engines = await SparkEngines.open([engine], tempDirectory, { info: () => {}, warn: () => {} })
  const spark = engines.byName.get(engine.name)!
  const wrong = (text: string, remedy: string) => (error: unknown) => {
    if (!(error instanceof GeoduckError)) throw error
    return { what, state: 'wrong', text: `${text}: ${firstLineOf(error.cause)}`, remedy } as const
  }
  try {
    const version = await spark.version().catch(wrong(address, 'start its Connect server, or correct `url` and `token`'))
    if (typeof version !== 'string') return version
    const text = `Spark ${version} at ${address}, ${isEncrypted ? 'by TLS' : 'not encrypted'}; ${engine.resultSets}`
    const layer = layers.find(({ engine: name }) => name === engine.name)
    if (!layer) return { what, state: 'note', text, remedy: 'no layer uses it: name it as `engine` of one' }
    const rows = await look(spark, layer).catch(wrong(`Spark ${version} at ${address}`, SEES))
    return rows ? rows : { what, state: 'ok', text: `${text}, up to ${formatSize(engine.maxBytes)} per query` }
  } finally {
    await engines.close()
  }
}

const SEES = 'it must have the tables of layers, and see their paths, and `resultSets`, as this machine does'

/** Lets Spark read a row of a layer. */
async function look(
  spark: NonNullable<ReturnType<SparkEngines['byName']['get']>>,
  { path, table = '' }: Config['layers'][number],
): Promise<void> {
  if (path === undefined) return void (await spark.providerOf(table.split('.')))
  const [found] = (await expandSources([path], openStores())).sources
  // A path that holds nothing is another finding.
  if (found) await spark.facts(found.files, 'SELECT 1 AS n FROM rows LIMIT 1')
}

function firstLineOf(error: unknown): string {
  return error instanceof Error ? error.message.split('\n')[0]! : 'it failed'
}
