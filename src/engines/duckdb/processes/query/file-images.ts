/** The images of the features that differ between two versions of files. A worker keeps those of one difference, for all filters that ask for it. */
import type { DuckDBConnection } from '@duckdb/node-api'
import type { ComparedFiles } from '../../dialect/plan.ts'
import { FILE_IMAGES, REFUSED } from '../../dialect/quote.ts'

export class FileImages {
  /** The difference that the tables have. */
  #shown = ''

  /** Fills the tables. @throws Error if more features differ than a difference may have */
  async show(connection: DuckDBConnection, { name, statements, most }: ComparedFiles): Promise<void> {
    if (name === this.#shown) return
    this.#shown = ''
    for (const table of Object.values(FILE_IMAGES)) await connection.run(`DROP TABLE IF EXISTS ${table}`)
    // The name of a file is used again for another one, which may have the same time.
    await connection.run('SET SESSION parquet_metadata_cache = false')
    const [keys, ...images] = statements
    await connection.run(keys!)
    const counted = await connection.runAndReadAll(`SELECT count(*) FROM ${FILE_IMAGES.keys}`)
    if (Number(counted.getRows()[0]?.[0]) > most)
      throw new Error(`Invalid Input Error: ${REFUSED}more than ${most} features differ`)
    for (const image of images) await connection.run(image)
    this.#shown = name
  }
}
