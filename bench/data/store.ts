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

/** Into the folder where their files are. */
export async function writeStore(folder: string): Promise<void> {
  for (const { name } of LAYERS) {
    const args = ['import', join(folder, `${name}.parquet`), '--into', join(folder, STORE_FILE), '--layer', tableOf(name)]
    await runToEnd([join(ROOT, 'src', 'main.ts'), ...args])
  }
}
