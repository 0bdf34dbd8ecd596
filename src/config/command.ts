/** The command line: `geoduck [serve] PATH... [flags]`, `geoduck prepare PATH...`, `geoduck import FILE...` and `geoduck schema`. */
import { Command, InvalidArgumentError, Option } from 'commander'
import type { Config } from './config.ts'
import { machineDefaults } from './defaults.ts'
import { addImportCommand, type ImportArguments } from './import-command.ts'
import { machine } from './machine.ts'
import { packageVersion } from './package-version.ts'
import { type Setting, settings } from './settings.ts'
import type { Value } from './values.ts'

/** Every setting but the sources, each value checked. `cursorSecret` is empty where none was given. */
export type GivenSettings = Omit<Config, 'sources'>

export interface ServeOptions {
  readonly paths: readonly string[]
  readonly given: GivenSettings
  readonly printConfig: boolean
}

export interface PrepareOptions {
  readonly paths: readonly string[]
  readonly given: GivenSettings
  /** Clean the cache, after what is to be prepared, if anything is. */
  readonly prune: boolean
}

export interface Actions {
  prepare(options: PrepareOptions): Promise<void>
  serve(options: ServeOptions): Promise<void>
  printSchema(): Promise<void>
  importFiles(options: ImportArguments): Promise<void>
}

const EXAMPLES = `
Examples:
  geoduck parcels.parquet                        one GeoParquet file
  geoduck data/ 'tiles/*.parquet' city.duckdb    a folder, a glob, the tables of a database
  geoduck roads.gpkg rivers.shp stops.geojson    other formats, turned into GeoParquet once
  geoduck prepare data/                          only that, for a server to come
  geoduck data/ --port 8080 --memory-limit 2GB   flags
  GEODUCK_SOURCES=data/ GEODUCK_PORT=8080 geoduck    the same by the environment
  geoduck import roads.shp --into city.duckdb --layer roads    see geoduck import --help
  geoduck schema > schema.graphql                the GraphQL schema`

export function buildCommand(actions: Actions): Command {
  const program = new Command('geoduck')
    .description(
      'Serves spatial files as GraphQL and streams their features: point it at GeoParquet files, folders, DuckDB databases.',
    )
    .usage('[serve] PATH... [flags]')
    .version(packageVersion(), '--version', 'print the version')
    .helpOption('--help', 'print this')
    .helpCommand(false)
    .argument('[PATH...]', 'files, folders and globs to serve (or GEODUCK_SOURCES)')
    .option('--print-config', 'print the configuration that results, and end')
    .addHelpText('after', EXAMPLES)
    .showHelpAfterError('See geoduck --help.')
  const table = Object.entries(settings(machineDefaults(machine()))).map(([name, setting]) => ({
    name,
    option: toOption(setting),
  }))
  for (const { option } of table) program.addOption(option)
  // Each value is either its setting's fallback or came through its setting's schema.
  const givenBy = (options: Record<string, unknown>) =>
    Object.fromEntries(table.map(({ name, option }) => [name, options[option.attributeName()]])) as unknown as GivenSettings
  program.action((paths: string[], options: Record<string, unknown>) =>
    actions.serve({ paths, given: givenBy(options), printConfig: options['printConfig'] === true }),
  )
  program
    .command('prepare')
    .description('turn files of other formats into GeoParquet, without serving them; takes the flags above')
    .argument('[PATH...]', 'files, folders and globs')
    .option('--prune', 'clean the cache of copies: what was left unfinished, and, above --cache-limit, what is not served')
    .action((paths: string[], { prune }: { readonly prune?: boolean }) =>
      actions.prepare({ paths, given: givenBy(program.opts()), prune: prune === true }),
    )
  addImportCommand(program, givenBy, (options) => actions.importFiles(options))
  program
    .command('schema')
    .description('print the GraphQL schema')
    .action(() => actions.printSchema())
  return program
}

/** The program's arguments as commander wants them: `serve` may be left out, so it carries nothing. */
export function commandArguments(argv: readonly string[]): string[] {
  const given = argv.slice(2)
  return given[0] === 'serve' ? given.slice(1) : given
}

function toOption({ flag, description, value, fallback, fallbackText }: Setting): Option {
  const name = /^--([a-z-]+)/.exec(flag)![1]!
  return new Option(flag, description)
    .env(`GEODUCK_${name.toUpperCase().replaceAll('-', '_')}`)
    .default(fallback, fallbackText)
    .argParser((given) => checked(value, given))
}

function checked<T>({ schema, takes }: Value<T>, given: string): T {
  const { success, data } = schema.safeParse(given)
  if (!success) throw new InvalidArgumentError(`It takes ${takes}.`)
  return data
}
