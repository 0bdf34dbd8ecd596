/**
 * Makes the data of the bench, in a separate process: node generate.ts FOLDER SPATIAL_EXTENSION base|large.
 * It writes beside FOLDER and renames at the end, so that a folder that is there is whole.
 */
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { chooseBoxes } from './boxes.ts'
import { CITY_TABLES } from './cities.ts'
import { writeLayer } from './geoparquet.ts'
import { LARGE_LAYER, LAYERS } from './layers.ts'
import { writeManyFiles } from './many.ts'
import { boxQuestions, buildingQuestions, writeQuestions } from './questions.ts'
import { RANDOM_MACROS } from './random.ts'
import { SHAPE_MACROS } from './shapes.ts'
import { writeStore } from './store.ts'

async function open(extension: string, temporary: string): Promise<DuckDBConnection> {
  const instance = await DuckDBInstance.create(':memory:', { memory_limit: '4GB', temp_directory: temporary })
  const connection = await instance.connect()
  await connection.run(`LOAD '${extension}'`)
  for (const statement of [...RANDOM_MACROS, ...SHAPE_MACROS, ...CITY_TABLES]) await connection.run(statement)
  return connection
}

async function makeBase(connection: DuckDBConnection, folder: string): Promise<void> {
  for (const { name, sql } of LAYERS) {
    const file = join(folder, `${name}.parquet`)
    await writeLayer(connection, sql, file)
    const boxes = await chooseBoxes(connection, file)
    await writeFile(join(folder, `${name}.boxes.json`), JSON.stringify(boxes))
    await writeQuestions(folder, name, 'box', boxQuestions(boxes))
  }
  for (const kind of ['key', 'text', 'page'] as const) {
    await writeQuestions(folder, 'buildings', kind, await buildingQuestions(connection, join(folder, 'buildings.parquet'), kind))
  }
  await writeStore(folder)
  await writeManyFiles(connection, folder)
}

const [folder, extension, part] = process.argv.slice(2)
if (!folder || !extension) throw new Error('usage: generate.ts FOLDER SPATIAL_EXTENSION base|large')
const unfinished = `${folder}.unfinished`
await rm(unfinished, { recursive: true, force: true })
await mkdir(unfinished, { recursive: true })
const connection = await open(extension, join(unfinished, 'spill'))
if (part === 'large') await writeLayer(connection, LARGE_LAYER.sql, join(unfinished, `${LARGE_LAYER.name}.parquet`))
else await makeBase(connection, unfinished)
connection.closeSync()
await rm(join(unfinished, 'spill'), { recursive: true, force: true })
await rename(unfinished, folder)
