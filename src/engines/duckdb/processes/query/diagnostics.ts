import type { Diagnostics } from '../../../engine.ts'
import type { OpenInstance } from './instance.ts'

const SETTINGS = `SELECT current_setting('memory_limit'), version()`
const MEMORY = `SELECT tag, memory_usage_bytes, temporary_storage_bytes FROM duckdb_memory()
  WHERE memory_usage_bytes > 0 OR temporary_storage_bytes > 0 ORDER BY memory_usage_bytes DESC, tag LIMIT 10`

/**
 * Returns the figures of this worker. It opens another connection, so it works while an execution runs. It costs about 1 ms.
 */
export async function diagnose({ duckdb, threads, columnReader, spatialVersion }: OpenInstance): Promise<Diagnostics> {
  const connection = await duckdb.connect()
  try {
    const settings = (await connection.runAndReadAll(SETTINGS)).getRows()[0] ?? []
    const memory = (await connection.runAndReadAll(MEMORY)).getRows()
    return {
      pid: process.pid,
      duckdbVersion: String(settings[1]),
      spatialVersion,
      memoryLimit: String(settings[0]),
      threads,
      columnReader: columnReader.name,
      rssBytes: process.memoryUsage.rss(),
      memory: memory.map(([tag, bytes, temp]) => ({
        tag: String(tag),
        memoryBytes: Number(bytes),
        tempBytes: Number(temp),
      })),
      at: new Date().toISOString(),
    }
  } finally {
    connection.closeSync()
  }
}
