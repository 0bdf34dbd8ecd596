/** The layers as tables of a DuckDB database, as the product's own command imports them. */
import { join } from 'node:path'
import { runToEnd } from '../child.ts'
import { ROOT } from '../paths.ts'
import { LAYERS } from './layers.ts'

export const STORE_FILE = 'imported.duckdb'

/** The table that holds a layer, and the name under which it is served. */
export function tableOf(layer: string): string {
  return `imported_${layer}`
}

/** The table of buildings with a key and a copy sorted by name. */
export function keyedTableOf(layer: 'buildings'): string {
  return `keyed_${layer}`
}

/** Into the folder where their files are. */
export async function writeStore(folder: string): Promise<void> {
  const write = (layer: string, table: string, flags: readonly string[]) => {
    const args = ['import', join(folder, `${layer}.parquet`), '--into', join(folder, STORE_FILE), '--layer', table, ...flags]
    return runToEnd([join(ROOT, 'src', 'main.ts'), ...args])
  }
  for (const { name } of LAYERS) await write(name, tableOf(name), [])
  await write('buildings', keyedTableOf('buildings'), ['--key', 'id', '--index', 'name'])
}
