/** Loads the spatial extension (its path is the first argument) in a process that ends with it, and tells versions as JSON. */
import { DuckDBInstance, version } from '@duckdb/node-api'

const [path = ''] = process.argv.slice(2)
const instance = await DuckDBInstance.create(':memory:')
const connection = await instance.connect()
try {
  await connection.run(`LOAD '${path.replaceAll("'", "''")}'`)
  const reader = await connection.runAndReadAll(
    "SELECT extension_version, ST_AsText(ST_Point(1, 2)) FROM duckdb_extensions() WHERE extension_name = 'spatial'",
  )
  const [spatial, point] = reader.getRows()[0] ?? []
  if (point !== 'POINT (1 2)') throw new Error(`a point is ${point}`)
  process.stdout.write(JSON.stringify({ duckdb: version().replace(/^v/, ''), spatial }))
} catch (error) {
  process.stderr.write(`${(error instanceof Error ? error.message : String(error)).split('\n')[0]}\n`)
  process.exitCode = 1
} finally {
  connection.closeSync()
  instance.closeSync()
}
