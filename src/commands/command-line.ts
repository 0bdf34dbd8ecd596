/**
 * Parses the command line: `geoduck [serve] PATH... [flags]`, `geoduck prepare PATH...`, `geoduck import FILE...`, `geoduck explain LAYER PATH...`,
 * `geoduck doctor`, `geoduck schema PATH...` and `geoduck config-schema`.
 */
import { existsSync } from 'node:fs'
import { Command, Help, type HelpConfiguration, InvalidArgumentError, Option } from 'commander'
import { ConfigurationError } from '../config/configuration-error.ts'
import { machineDefaults } from '../config/defaults.ts'
import { machine } from '../config/machine.ts'
import { packageVersion } from '../config/package-version.ts'
import type { ConfigInputs } from '../config/resolve.ts'
import { COMMON, environmentName, type Setting, settingGroups } from '../config/settings.ts'
import { nearNames } from '../model/near-names.ts'
import { addExplainCommand, type ExplainArguments } from './explain/arguments.ts'
import { addExportCommand, type ExportArguments } from './export/arguments.ts'
import { addImportCommand, type ImportArguments } from './import/arguments.ts'
import { addLiveCommand, type LiveArguments } from './live/arguments.ts'

export interface ServeOptions {
  readonly given: ConfigInputs
  readonly printConfig: boolean
}

export interface PrepareOptions {
  readonly given: ConfigInputs
  /** Clean the cache, after the preparation, if there is any. */
  readonly prune: boolean
}

export interface SchemaOptions {
  readonly given: ConfigInputs
  /** A running server. */
  readonly url: string | null
}

export interface Actions {
  prepare(options: PrepareOptions): Promise<void>
  serve(options: ServeOptions): Promise<void>
  doctor(given: ConfigInputs): Promise<void>
  printSchema(options: SchemaOptions): Promise<void>
  printConfigSchema(): void
  importFiles(options: ImportArguments): Promise<void>
  exportFile(options: ExportArguments): Promise<void>
  explain(options: ExplainArguments): Promise<void>
  live(options: LiveArguments): Promise<void>
}

const EXAMPLES = `
Examples:
  geoduck parcels.parquet                    one file
  geoduck data/ roads.gpkg city.duckdb       a folder, another format, the tables of a database
  geoduck data/ --port 8080 --memory-limit 2GB
  geoduck doctor data/                       whether all is well with the machine and the data

Each flag has a variable: --port is GEODUCK_PORT. geoduck --help-all shows every flag.`

const ALL_EXAMPLES = `
Examples:
  geoduck parcels.parquet                        one GeoParquet file
  geoduck data/ 'tiles/*.parquet' city.duckdb    a folder, a glob, the tables of a database
  geoduck roads.gpkg rivers.shp stops.geojson    other formats, turned into GeoParquet once
  geoduck prepare data/                          only that, for a server to come
  geoduck data/ --port 8080 --memory-limit 2GB   flags
  GEODUCK_SOURCES=data/ GEODUCK_PORT=8080 geoduck    the same by the environment
  geoduck --config geoduck.yaml                  a file for what is more than flags hold
  geoduck doctor data/                           whether all is well with the machine and the data
  geoduck import roads.shp --into city.duckdb --layer roads    see geoduck import --help
  geoduck export data/ --layer roads --out roads.gpkg    see geoduck export --help
  geoduck explain parcels data/ --where '{"bbox": [7, 47, 8, 48]}'    how a query runs
  geoduck schema data/ > schema.graphql          the GraphQL schema`

const SCHEMA_EXAMPLES = `
Examples:
  geoduck schema data/ > schema.graphql          of files, without a server
  geoduck schema --config geoduck.yaml > schema.graphql
  geoduck schema --url http://127.0.0.1:4000/graphql --token TOKEN > schema.graphql    of a running server
  geoduck schema > schema.graphql                the generic part, which is the same for every server

The output is one schema document (SDL) for code generators.`

export function buildCommand(actions: Actions): Command {
  const program = new Command('geoduck')
    .description(
      'Serves spatial files as GraphQL and streams their features: point it at GeoParquet files, folders, DuckDB databases.',
    )
    .usage('[serve] PATH... [flags]')
    .version(packageVersion(), '--version', 'print the version')
    .helpOption('--help', 'print this')
    .option('--help-all', 'print every flag, with its variable')
    .helpCommand(false)
    .configureHelp(SHORT)
    .configureOutput({ outputError: (text, write) => write(withoutValue(text)) })
    .argument('[PATH...]', 'files, folders and globs to serve (or GEODUCK_SOURCES)')
    .addOption(
      new Option(
        '--config <file>',
        'configuration file, JSON or YAML (default: geoduck.json, .yaml or .yml, if there is one)',
      ).env('GEODUCK_CONFIG'),
    )
    .addOption(new Option('--print-config', 'print the configuration that results, and end').hideHelp())
    .addHelpText('after', () => (showsAll ? ALL_EXAMPLES : EXAMPLES))
    .showHelpAfterError('See geoduck --help.')
  const table = Object.entries(settingGroups(machineDefaults(machine()))).flatMap(([heading, group]) =>
    Object.entries<Setting>(group).map(([name, setting]) => ({ name, setting, heading, option: toOption(setting) })),
  )
  const common = new Set<string>(COMMON)
  for (const { name, option } of table) program.addOption(option.hideHelp(!common.has(name)))
  let showsAll = false
  program.on('option:help-all', () => {
    showsAll = true
    for (const option of program.options) option.hideHelp(false)
    for (const { heading, option } of table) option.helpGroup(`${heading}:`)
    program.configureHelp(LONG).help()
  })
  const givenWith = (paths: readonly string[]): ConfigInputs => ({
    paths,
    configFile: program.getOptionValue('config') ?? null,
    settings: Object.fromEntries(
      table.flatMap(({ name, setting, option }) => {
        const from = FROM[program.getOptionValueSource(option.attributeName()) ?? '']
        const word = option.isBoolean() ? process.env[environmentName(option.flags)] : undefined
        if (!from && word) return [[name, { value: checked(setting, word), from: 'environment' }]]
        return from ? [[name, { value: program.getOptionValue(option.attributeName()), from }]] : []
      }),
    ),
  })
  program.action((words: string[], options: Record<string, unknown>) =>
    actions.serve({ given: givenWith(pathsOf(words)), printConfig: options['printConfig'] === true }),
  )
  program
    .command('prepare')
    .description('turn files of other formats into GeoParquet, without serving them; takes the same flags')
    .argument('[PATH...]', 'files, folders and globs')
    .option('--prune', 'clean the cache of copies: what was left unfinished, and, above --cache-limit, what is not served')
    .action((paths: string[], { prune }: { readonly prune?: boolean }) =>
      actions.prepare({ given: givenWith(paths), prune: prune === true }),
    )
  addImportCommand(
    program,
    () => givenWith([]),
    (options) => actions.importFiles(options),
  )
  addExportCommand(program, givenWith, (options) => actions.exportFile(options))
  addLiveCommand(
    program,
    () => givenWith([]),
    (options) => actions.live(options),
  )
  addExplainCommand(program, givenWith, (options) => actions.explain(options))
  program
    .command('doctor')
    .argument('[PATH...]', 'as for serving')
    .description('check the machine, the configuration and the data; accepts the same flags')
    .action((paths: string[]) => actions.doctor(givenWith(paths)))
  program
    .command('schema')
    .argument('[PATH...]', 'as for serving; without PATH and --url, the generic part is printed')
    .description('print the GraphQL schema, with the types and root fields of each layer; accepts the same flags')
    .option('--url <url>', 'print the schema of a running server; with --token, if it needs one')
    .helpOption('--help', 'print this')
    .addHelpText('after', SCHEMA_EXAMPLES)
    .action((paths: string[], { url = null }: { readonly url?: string | null }) =>
      actions.printSchema({ given: givenWith(paths), url }),
    )
  program
    .command('config-schema')
    .description('print the JSON schema of the configuration file')
    .action(() => actions.printConfigSchema())
  return program
}

/** Commander's names for the origin of a value. */
const FROM: Readonly<Record<string, 'flag' | 'environment'>> = { cli: 'flag', env: 'environment' }

const COMMANDS = ['serve', 'prepare', 'import', 'export', 'live', 'explain', 'doctor', 'schema', 'config-schema']

/** Returns the paths after `serve`, which may be omitted. */
function pathsOf(words: readonly string[]): readonly string[] {
  if (words[0] === 'serve') return words.slice(1)
  refuseUnknownCommand(words[0])
  return words
}

/**
 * Refuses a first word that is neither a command nor a path. Without this, a mistyped command would be a source that is missing.
 *
 * @throws ConfigurationError
 */
export function refuseUnknownCommand(word: string | undefined): void {
  if (word === undefined || !/^\p{L}[\p{L}\p{N}-]*$/u.test(word) || COMMANDS.includes(word) || existsSync(word)) return
  const near = nearNames(word, COMMANDS).map((name) => `geoduck ${name}`)
  const hint = near.length > 0 ? `Near: ${near.join(', ')}.` : `Commands: ${COMMANDS.join(', ')}.`
  throw new ConfigurationError(`\`${word}\` is neither a command nor a file or folder. ${hint} See geoduck --help.`)
}

/** Removes the value from the name of an unknown flag: a secret may follow a mistyped flag. */
function withoutValue(text: string): string {
  return text.replace(/^(error: unknown option '(?:--[^='\n]*|-[^-])).*'/s, "$1'")
}

/** `--help` shows the common flags, with the first part of each description. `--help-all` is the help of Commander. */
const SHORT: HelpConfiguration = {
  subcommandTerm: (command) => command.name(),
  subcommandDescription: (command) => firstPart(command.description()),
  optionDescription({ description, defaultValue, defaultValueDescription: words = String(defaultValue) }) {
    if (defaultValue === undefined) return description
    return words === 'none' ? firstPart(description) : `${firstPart(description)} (default: ${words})`
  },
}

const LONG: HelpConfiguration = {
  subcommandTerm: Help.prototype.subcommandTerm,
  subcommandDescription: Help.prototype.subcommandDescription,
  optionDescription: Help.prototype.optionDescription,
}

const firstPart = (description: string) => description.split(';')[0]!

function toOption(setting: Setting): Option {
  const option = new Option(setting.flag, setting.description).default(setting.fallback, setting.fallbackText)
  // Commander would read `false` in the variable of a flag without a value as true.
  return option.isBoolean() ? option : option.env(environmentName(setting.flag)).argParser((given) => checked(setting, given))
}

function checked<T>({ flag, value: { schema, takes }, isSecret }: Setting<T>, given: string): T {
  const { success, data } = schema.safeParse(given)
  if (success) return data
  // Commander shows the value that it refuses.
  if (isSecret) throw new ConfigurationError(`${flag} or ${environmentName(flag)} is invalid. It takes ${takes}.`)
  throw new InvalidArgumentError(`It takes ${takes}.`)
}
