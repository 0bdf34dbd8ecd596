/** Makes the demo's layers, `countries` and `observations`, as GeoParquet: `build.ts FOLDER`. Two runs give the same rows. */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { findSpatialExtension } from '../../src/config/extension.ts'
import { readCountries } from './countries.ts'
import { writeGeoParquet } from './geoparquet.ts'
import { makeObservations } from './observations.ts'

const [folder] = process.argv.slice(2)
if (folder === undefined) throw new Error('build.ts FOLDER: where the demo is written to')
await mkdir(folder, { recursive: true })

const instance = await DuckDBInstance.create(':memory:')
const connection = await instance.connect()
const { path } = await findSpatialExtension(null, () => {})
await connection.run(`LOAD '${path.replaceAll("'", "''")}'`)
await connection.run('SET geometry_always_xy = true')

await makeCountries(connection)
await writeGeoParquet(connection, 'countries', join(folder, 'countries.parquet'))
await makeObservations(connection)
await writeGeoParquet(connection, 'observations', join(folder, 'observations.parquet'))
connection.closeSync()
instance.closeSync()

/** All are MULTIPOLYGON: one type for the layer. Making a ring valid can leave a line where it touched itself: only areas stay. */
async function makeCountries(connection: DuckDBConnection): Promise<void> {
  await connection.run('CREATE TABLE atlas (id INTEGER, name VARCHAR, iso VARCHAR, geojson VARCHAR)')
  const appender = await connection.createAppender('atlas')
  for (const [index, { name, iso, geometry }] of (await readCountries()).entries()) {
    appender.appendInteger(index + 1)
    appender.appendVarchar(name)
    if (iso === null) appender.appendNull()
    else appender.appendVarchar(iso)
    appender.appendVarchar(JSON.stringify(geometry))
    appender.endRow()
  }
  appender.closeSync()
  await connection.run(`
    CREATE TABLE countries AS
    SELECT id, name, iso AS iso_n3, round(ST_Area_Spheroid(geometry) / 1e6, 1) AS area_km2, geometry
    FROM (SELECT *, ST_Multi(ST_CollectionExtract(ST_MakeValid(ST_GeomFromGeoJSON(geojson)), 3)) AS geometry FROM atlas)
  `)
}
