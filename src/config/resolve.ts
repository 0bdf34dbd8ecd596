import { delimiter, resolve } from 'node:path'
import type { Config } from './config.ts'
import { ConfigurationError } from './configuration-error.ts'
import { machineDefaults } from './defaults.ts'
import { type ConfigFile, findConfigFile } from './file/read.ts'
import { MASK } from './file/schema.ts'
import { machine } from './machine.ts'
import { storedSecret } from './secret.ts'
import { type Setting, type SettingName, type Settings, settings } from './settings.ts'

/** What the command line and the environment say. Nothing of it is a default. */
export interface ConfigInputs {
  readonly paths: readonly string[]
  /** As `--config` or GEODUCK_CONFIG name it. */
  readonly configFile: string | null
  readonly settings: Readonly<Partial<Record<SettingName, { readonly value: unknown; readonly from: 'flag' | 'environment' }>>>
}

/** Where a value came from. */
export type Origin = 'default' | 'file' | 'environment' | 'flag'

export interface Resolved {
  readonly config: Config
  /** Of the configuration file; null if there is none. */
  readonly file: string | null
  readonly origins: Readonly<Record<keyof Config, Origin>>
  /** What the one who starts the server should know of it. */
  readonly warnings: readonly string[]
}

const LOOPBACK = /^(localhost|127(\.\d+){3}|::1)$/

/**
 * The configuration that the server runs with: a flag wins over the environment, that over the file, and that over the default.
 *
 * @param options.mayBeEmpty it is not to be served
 * @throws ConfigurationError when the file is wrong, there is nothing to serve, or other machines would be served without having been asked for a
 *   token
 */
export async function resolveConfig(given: ConfigInputs, { mayBeEmpty = false } = {}): Promise<Resolved> {
  const table = settings(machineDefaults(machine()))
  const path = await findConfigFile(given.configFile)
  // Only here: who has no file need not load the reader of YAML.
  const file = path === null ? null : await (await import('./file/read.ts')).readConfigFile(path, table)
  const { values, origins } = merge(table, given, file)
  const warnings: string[] = []
  if (!LOOPBACK.test(values.host) && values.token === null) {
    if (!values.allowAnonymous) {
      throw new ConfigurationError(
        `Other machines could read every layer on ${values.host}: give a --token, or say --allow-anonymous true.`,
      )
    }
    warnings.push(`Listening on ${values.host}: whoever can reach it can read every layer`)
  }
  let { cursorSecret } = values
  if (cursorSecret === '') {
    const { secret, kept } = await storedSecret()
    cursorSecret = secret
    if (!kept) warnings.push('The cursor secret can not be kept: cursors end with this server. Give one with --cursor-secret')
  }
  const layers = file?.layers ?? []
  const [sources, sourcesFrom] = sourcesOf(given.paths, file, mayBeEmpty || layers.length > 0)
  const config = { ...values, sources, layers, cursorSecret }
  return {
    config: Object.freeze(config),
    file: path,
    origins: { ...origins, sources: sourcesFrom, layers: layers.length > 0 ? 'file' : 'default' },
    warnings,
  }
}

type Values = Omit<Config, 'sources' | 'layers'>

function merge(
  table: Settings,
  given: ConfigInputs,
  file: ConfigFile | null,
): { values: Values; origins: Record<SettingName, Origin> } {
  const entries = Object.entries<Setting>(table).map(([name, { fallback, isPath }]) => {
    const told = given.settings[name as SettingName]
    const inFile = file?.settings[name as SettingName]
    const [value, from] = told
      ? [told.value, told.from]
      : inFile !== undefined
        ? [inFile, 'file' as const]
        : [fallback, 'default' as const]
    return { name, value: isPath && typeof value === 'string' ? resolve(value) : value, from }
  })
  // Each value is either its setting's fallback or came through its setting's schema.
  return {
    values: Object.fromEntries(entries.map(({ name, value }) => [name, value])) as unknown as Values,
    origins: Object.fromEntries(entries.map(({ name, from }) => [name, from])) as Record<SettingName, Origin>,
  }
}

/** Absolute: the server's working directory means nothing later on. */
function sourcesOf(
  paths: readonly string[],
  file: ConfigFile | null,
  mayBeEmpty: boolean,
): [sources: readonly string[], from: Origin] {
  if (paths.length > 0) return [paths.map((path) => resolve(path)), 'flag']
  const environment = pathsIn('GEODUCK_SOURCES')
  if (environment.length > 0) return [environment, 'environment']
  if (file?.sources) return [file.sources, 'file']
  // What the launcher of a checkout shows to those who name nothing.
  const demo = file?.layers.length ? [] : pathsIn('GEODUCK_DEMO')
  if (demo.length > 0 || mayBeEmpty) return [demo, 'default']
  throw new ConfigurationError(
    'Nothing to serve: name files, folders or globs, e.g. geoduck parcels.parquet. See geoduck --help.',
  )
}

function pathsIn(variable: string): string[] {
  const paths = process.env[variable]?.split(delimiter).filter((path) => path !== '') ?? []
  return paths.map((path) => resolve(path))
}

/** As JSON, fit to be shown, and to be given back as a configuration file: secrets are masked, which a file takes for not given. */
export function printableConfig(config: Config): string {
  const table: Readonly<Record<string, Setting>> = settings(machineDefaults(machine()))
  const shown = Object.entries(config).map(([name, value]) => [name, value !== null && table[name]?.isSecret ? MASK : value])
  return JSON.stringify(Object.fromEntries(shown), null, 2)
}
