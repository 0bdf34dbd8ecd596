/**
 * Lists the tables of a GeoPackage that contain features, sorted by name, with their number of features. SQLite itself reads the catalogue:
 * GDAL's listing ignores the allow-list, and a query for a table that GDAL does not count ends the process.
 */
import { DatabaseSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'
import { identifier } from '../../dialect/quote.ts'

const TABLES = `SELECT c.table_name AS name FROM gpkg_contents c JOIN gpkg_geometry_columns g ON lower(g.table_name) = lower(c.table_name)
  WHERE c.data_type = 'features' ORDER BY c.table_name`

/** @throws Error with the reason why the file is no GeoPackage */
export function featureTables(file: string): string[] {
  return withDatabase(file, (database) =>
    database
      .prepare(TABLES)
      .all()
      .map((row) => String(row['name'])),
  )
}

/** @throws Error with the reason why the table cannot be read */
export function rowsOfTable(file: string, table: string): number {
  return withDatabase(file, (database) => Number(database.prepare(`SELECT count(*) AS n FROM ${identifier(table)}`).get()?.['n']))
}

function withDatabase<Result>(file: string, use: (database: DatabaseSync) => Result): Result {
  const url = pathToFileURL(file)
  url.searchParams.set('mode', 'ro')
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(url, { readOnly: true, allowExtension: false })
    return use(database)
  } catch (cause) {
    throw new Error(`it cannot be read as a GeoPackage: ${(cause as Error).message}`, { cause })
  } finally {
    database?.close()
  }
}
