/** The engines of the configuration that gather the rows of layers. This is loaded only if there is one. */
import { randomUUID } from 'node:crypto'
import { mkdir, realpath } from 'node:fs/promises'
import { SparkEngine } from '../../engines/spark/host/spark-engine.ts'
import { sparkAddress } from '../../model/spark-address.ts'
import type { FoundSource } from '../find-sources.ts'
import { FileKeeper } from '../kept-files.ts'
import type { GatheringEngines, Source, SourceContext } from '../source.ts'
import { SparkSource } from './spark-source.ts'
import { SparkTableSource } from './spark-table-source.ts'

export interface EngineOptions {
  readonly name: string
  /** The address of a Spark Connect server, checked. */
  readonly url: string
  /** `$` and the name of the environment variable with the token. */
  readonly token?: string | undefined
  /** The folder of the result sets. */
  readonly resultSets: string
  readonly maxRows: number
  readonly maxBytes: number
  readonly keepSeconds: number
  readonly concurrency: number
}

/** Files of result sets that workers may have open at a time. */
const SLOTS = 1_024

export class SparkEngines implements GatheringEngines {
  readonly byName: ReadonlyMap<string, SparkEngine>

  private constructor(engines: readonly SparkEngine[]) {
    this.byName = new Map(engines.map((engine) => [engine.name, engine]))
  }

  static async open(engines: readonly EngineOptions[], tempDirectory: string, log: SourceContext['log']): Promise<SparkEngines> {
    return new SparkEngines(await Promise.all(engines.map((engine) => openEngine(engine, tempDirectory, log))))
  }

  get allowedPaths(): readonly string[] {
    return [...this.byName.values()].flatMap(({ allowedPaths }) => allowedPaths)
  }

  source(found: FoundSource, context: SourceContext): Source {
    const { engine: name, key, table } = found.gathering!
    const engine = this.byName.get(name)!
    return table ? new SparkTableSource(table, context, engine, key) : new SparkSource(found, context, engine, key)
  }

  async close(): Promise<void> {
    await Promise.all([...this.byName.values()].map((engine) => engine.close()))
  }
}

async function openEngine(engine: EngineOptions, tempDirectory: string, log: SourceContext['log']): Promise<SparkEngine> {
  const { url, token, resultSets, ...limits } = engine
  // A folder that cannot be made is a problem of its layers. Workers know paths without links.
  await mkdir(resultSets, { recursive: true }).catch(() => {})
  const folder = await realpath(resultSets).catch(() => resultSets)
  return new SparkEngine({
    ...limits,
    ...sparkAddress(url)!,
    token: token === undefined ? null : process.env[token.slice(1)]!,
    folder,
    tempDirectory,
    // A copy of a result set could fill the disk.
    keeper: new FileKeeper(folder, randomUUID(), { slots: SLOTS, mostCopied: 0 }),
    log,
  })
}
