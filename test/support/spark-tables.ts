/** A Spark with Iceberg and Delta, and another program that writes to their tables. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { SparkConnection } from '../../src/engines/spark/host/spark-connection.ts'
import { ROOT } from './environment.ts'
import { type Spark, startSpark } from './spark.ts'

const JARS = join(ROOT, '.geoduck/spark-jars')

export interface SparkWithTables extends Spark {
  /** A program with another session. Tables of Iceberg are `lake.*.*`, and those of Delta `spark_catalog.*.*`. */
  readonly writer: SparkConnection
}

export async function startSparkWithTables(folder: string): Promise<SparkWithTables> {
  const spark = await startSpark({
    'spark.jars': readdirSync(JARS)
      .map((name) => join(JARS, name))
      .join(','),
    'spark.sql.extensions': 'io.delta.sql.DeltaSparkSessionExtension',
    'spark.sql.catalog.spark_catalog': 'org.apache.spark.sql.delta.catalog.DeltaCatalog',
    'spark.sql.catalog.lake': 'org.apache.iceberg.spark.SparkCatalog',
    'spark.sql.catalog.lake.type': 'hadoop',
    'spark.sql.catalog.lake.warehouse': join(folder, 'lake'),
    'spark.sql.catalogImplementation': 'in-memory',
    // For tables with few files.
    'spark.databricks.delta.snapshotPartitions': '2',
    // To compile a statement takes longer than to interpret it for the few rows of a test.
    'spark.sql.codegen.wholeStage': 'false',
    'spark.sql.codegen.factoryMode': 'NO_CODEGEN',
  })
  const writer = new SparkConnection({
    address: spark.address,
    isEncrypted: false,
    token: null,
    tempDirectory: join(folder, 'writer'),
  })
  const stop = async () => {
    await writer.close()
    await spark.stop()
  }
  return { ...spark, writer, stop }
}
