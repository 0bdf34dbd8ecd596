/** `geoduck import FILE... --into STORE --layer NAME`. Memory, threads and the extension are the program's own flags. */
import type { Command } from 'commander'
import { ConfigurationError } from '../../config/configuration-error.ts'
import type { ConfigInputs } from '../../config/resolve.ts'

export interface ImportArguments {
  readonly files: readonly string[]
  readonly into: string
  readonly layer: string
  readonly append: boolean
  readonly replace: boolean
  readonly rtree: boolean
  readonly key: string | null
  readonly index: readonly string[]
  readonly compress: boolean
  readonly skipUnsafe: boolean
  /** The program's own flags. */
  readonly given: ConfigInputs
}

const EXAMPLES = `
Examples:
  geoduck import parcels.parquet --into city.duckdb --layer parcels           a new table, in a new or existing store
  geoduck import 2024/*.gpkg --into city.duckdb --layer parcels --append      more rows with the same columns
  geoduck import roads.shp --into city.duckdb --layer roads --replace --rtree    replaces the table, with a spatial index
  geoduck import roads.shp --into city.duckdb --layer roads --key osm_id --index name    finds by osm_id and name, sorts by name
  geoduck import roads.shp --into city.duckdb --layer roads --memory-limit 8GB --threads 4    sorts more before it spills

The import writes a copy of the store, and replaces the store when the copy is complete and verified. If the import stops before, the store is
unchanged. It needs disk space for the copy. A server that has the store open changes to the new version automatically.`

/** @param given the program's own flags */
export function addImportCommand(
  program: Command,
  given: () => ConfigInputs,
  run: (options: ImportArguments) => Promise<void>,
): void {
  program
    .command('import')
    .description('write spatial files into a table of a DuckDB database, in the order in which they are read fastest')
    .usage('FILE... --into STORE --layer NAME [flags]')
    .argument(
      '<FILE...>',
      'GeoParquet, GeoPackage, Shapefile, FlatGeobuf, GeoJSON, CSV, or a DuckDB database with one such table',
    )
    .requiredOption('--into <store>', 'DuckDB database that takes it; it is made if it is not there')
    .requiredOption('--layer <name>', 'table, and so the layer that a server makes of it')
    .option('--append', 'add to the table', false)
    .option('--replace', 'put another table in its place', false)
    .option('--rtree', 'build a spatial index, which one that is there is anyway; Geoduck itself does not need it', false)
    .option('--key <column>', 'make this column the key: its values are the ids, and an index finds a feature by its id')
    .option(
      '--index <column...>',
      'keep a copy of the table that is sorted by this column, for equality and for sorted pages; it takes the room of the table',
    )
    .option('--compress', 'compress the table: mostly it takes half the room, and answers take longer', false)
    .option('--skip-unsafe', 'leave out rows whose geometry would end the process that computes with it', false)
    .helpOption('--help', 'print this')
    .addHelpText('after', EXAMPLES)
    .action(
      async (files: string[], options: Omit<ImportArguments, 'files' | 'given' | 'key' | 'index'> & Partial<ImportArguments>) => {
        const { append, replace, layer } = options
        if (append && replace)
          throw new ConfigurationError('--append adds to the table, --replace puts another in its place: give one.')
        if (!/^[\p{L}_][\p{L}\p{M}\p{N}_-]*$/u.test(layer)) {
          throw new ConfigurationError(`--layer takes letters, digits, _ and -, and begins with a letter: ${layer} does not.`)
        }
        const { key = null, index = [] } = options
        await run({ ...options, key, index, files, given: given() })
      },
    )
}
