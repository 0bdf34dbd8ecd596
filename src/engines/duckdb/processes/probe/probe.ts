/** Opens DuckDB with the spatial extension (its path is the first argument) in a process that ends with it, and tells versions as JSON. */
import { tmpdir } from 'node:os'
import { version } from '@duckdb/node-api'
import { openDuckDB } from '../../open.ts'

const [path = ''] = process.argv.slice(2)
try {
  const limits = { memoryLimitBytes: 2 ** 28, threads: 1, tempDirectory: tmpdir(), allowedPaths: [] }
  const { instance, connection, spatialVersion } = await openDuckDB({ spatialExtension: path, ...limits })
  connection.closeSync()
  instance.closeSync()
  process.stdout.write(JSON.stringify({ duckdb: version().replace(/^v/, ''), spatial: spatialVersion }))
} catch (error) {
  process.stderr.write(`${(error instanceof Error ? error.message : String(error)).split('\n')[0]}\n`)
  process.exitCode = 1
}
