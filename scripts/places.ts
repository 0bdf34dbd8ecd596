/**
 * `npm run places -- FILE`: writes the places that the page of the map names and finds, from Natural Earth's populated places (a GeoParquet file with the
 * columns of version 4). They are in the repository and in the package, so that the page loads nothing from another host.
 */
import { writeFile } from 'node:fs/promises'
import { DuckDBInstance } from '@duckdb/node-api'

const FILE = new URL('../src/web/places.json', import.meta.url)

/** The most important places first. A hundredth of a degree is finer than a label needs. */
const PLACES = `
  SELECT name, round(longitude, 2), round(latitude, 2), scalerank::INTEGER, adm0name, nameascii
  FROM read_parquet(?) ORDER BY scalerank, natscale DESC, pop_max DESC, name, longitude`

/** Differs from `fold` of the page only for letters without a base letter, such as `Ł`. Then the file has the name in ASCII too. */
const fold = (text: string) => text.normalize('NFD').replaceAll(/\p{M}/gu, '').toLowerCase()

/** The text of the file: one list per place, with the number of its country. */
export async function places(source: string): Promise<string> {
  const duckdb = await DuckDBInstance.create(':memory:')
  const connection = await duckdb.connect()
  try {
    const rows = (await connection.runAndReadAll(PLACES, [source])).getRowsJS() as [
      string,
      number,
      number,
      number,
      string,
      string,
    ][]
    const countries = [...new Set(rows.map(([, , , , country]) => country))]
    const index = new Map(countries.map((country, n) => [country, n]))
    const lines = rows.map(([name, longitude, latitude, rank, country, ascii]) => {
      const plain = fold(name) === fold(ascii) ? [] : [ascii]
      return JSON.stringify([name, longitude, latitude, rank, index.get(country), ...plain])
    })
    return `{"countries":${JSON.stringify(countries)},"places":[\n${lines.join(',\n')}\n]}\n`
  } finally {
    connection.closeSync()
    duckdb.closeSync()
  }
}

if (process.argv[1] === import.meta.filename) {
  const [source] = process.argv.slice(2)
  if (source === undefined) throw new Error('Name a file: npm run places -- populated-places.parquet')
  await writeFile(FILE, await places(source))
}
