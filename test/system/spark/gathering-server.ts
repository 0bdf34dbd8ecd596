/** Servers with the layers of test/fixtures/spark.py: of Spark, or of the same files without it. */
import { join } from 'node:path'
import type { Config } from '../../../src/config/config.ts'
import { fixture } from '../../fixtures/index.ts'
import { checked } from '../../support/graphql.ts'
import { serve, type TestServer } from '../../support/server.ts'
import type { SharedSpark } from '../../support/shared-spark.ts'

const TOKEN = 'GEODUCK_TEST_SPARK_TOKEN'
const LAYERS = ['edges', 'points', 'words'] as const

type EngineConfig = Config['engines'][number]

/** A server whose layers Spark gathers. Servers with the same folder of Spark share result sets. */
export async function gatheringServer(
  spark: Pick<SharedSpark, 'address' | 'folder'> & { readonly token?: string },
  {
    engine = {},
    names = LAYERS,
    ...config
  }: Partial<Config> & { engine?: Partial<EngineConfig>; names?: readonly string[] } = {},
): Promise<TestServer> {
  process.env[TOKEN] = spark.token
  const server = await serve([], {
    layers: await layers(names, 'spark'),
    engines: [
      {
        name: 'spark',
        kind: 'spark-connect',
        url: `sc://${spark.address}`,
        ...(spark.token && { token: `$${TOKEN}` }),
        resultSets: join(spark.folder, 'results'),
        maxRows: 1e6,
        maxBytes: 1e9,
        keepSeconds: 600,
        concurrency: 2,
        ...engine,
      },
    ],
    ...config,
  })
  await checked(server)
  return server
}

/** A server that reads the same files by itself. */
export async function directServer(config: Partial<Config> = {}): Promise<TestServer> {
  const server = await serve([], { layers: await layers(LAYERS), ...config })
  await checked(server)
  return server
}

async function layers(names: readonly string[], engine?: string): Promise<Config['layers']> {
  const folder = await fixture('spark')
  return names.map((name) => ({ name, path: join(folder, name), key: 'id', ...(engine && { engine }) }))
}
