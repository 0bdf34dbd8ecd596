import { delimiter, resolve } from 'node:path'
import { remoteReason, shownPath } from '../model/remote-source.ts'
import type { Config } from './config.ts'
import { ConfigurationError } from './configuration-error.ts'
import { machineDefaults } from './defaults.ts'
import { type ConfigFile, findConfigFile } from './file/read.ts'
import { MASK } from './file/schema.ts'
import { machine } from './machine.ts'
import { OWN_SECRET, storedSecret } from './secret.ts'
import { type Setting, type SettingName, type Settings, settings } from './settings.ts'

/** The inputs of the command line and the environment, without defaults. */
export interface ConfigInputs {
  readonly paths: readonly string[]
  /** The path from `--config` or GEODUCK_CONFIG. */
  readonly configFile: string | null
  readonly settings: Readonly<Partial<Record<SettingName, { readonly value: unknown; readonly from: 'flag' | 'environment' }>>>
}

/** The origin of a value. */
export type Origin = 'default' | 'file' | 'environment' | 'flag'

export interface Resolved {
  readonly config: Config
  /** The path of the configuration file. Null if there is none. */
  readonly file: string | null
  readonly origins: Readonly<Record<keyof Config, Origin>>
  /** Warnings for the user who starts the server. */
  readonly warnings: readonly string[]
}

const LOOPBACK = /^(localhost|127(\.\d+){3}|::1)$/

/**
 * Resolves the configuration. A flag takes precedence over the environment, the environment over the file, and the file over the default.
 *
 * @param options.mayBeEmpty true if the configuration is not served
 * @throws ConfigurationError if the file is wrong, if there is nothing to serve, or if other machines could connect without a token and this is
 *   not allowed
 */
export async function resolveConfig(given: ConfigInputs, { mayBeEmpty = false } = {}): Promise<Resolved> {
  const table = settings(machineDefaults(machine()))
  const path = await findConfigFile(given.configFile)
  // Imported here, so that a start without a file does not load the YAML reader.
  const file = path === null ? null : await (await import('./file/read.ts')).readConfigFile(path, table)
  const { values, origins } = merge(table, given, file)
  const warnings: string[] = []
  if (!LOOPBACK.test(values.host) && values.token === null) {
    if (!values.allowAnonymous) {
      throw new ConfigurationError(
        `Other machines could read every layer on ${values.host}: set --token, or --allow-anonymous true.`,
      )
    }
    warnings.push(`Listening on ${values.host}: every client that can reach it can read every layer`)
  }
  if (values.writes) requireWriter(values)
  let { cursorSecret } = values
  if (cursorSecret === '') {
    const { secret, kept } = await storedSecret()
    cursorSecret = secret
    if (values.trustProxy !== 0) warnings.push(`${OWN_SECRET.what}; ${OWN_SECRET.remedy}`)
    if (!kept)
      warnings.push('The cursor secret cannot be stored: cursors are invalid after this server stops. Set --cursor-secret')
  }
  const { layers = [], stores = [], engines = [] } = file ?? {}
  const [sources, sourcesFrom] = sourcesOf(given.paths, file, mayBeEmpty || layers.length > 0 || values.live !== null)
  const mirrors = sourcesFrom === 'file' ? (file?.mirrors ?? []) : []
  const config = { ...values, sources, mirrors, layers, stores, engines, cursorSecret }
  return {
    config: Object.freeze(config),
    file: path,
    origins: {
      ...origins,
      sources: sourcesFrom,
      mirrors: 'default',
      layers: layers.length > 0 ? 'file' : 'default',
      stores: stores.length > 0 ? 'file' : 'default',
      engines: engines.length > 0 ? 'file' : 'default',
    },
    warnings,
  }
}

/** @throws ConfigurationError if clients could write that may only read, or that nobody knows */
function requireWriter({ host, token, live, writeToken }: Values): void {
  if (live === null) throw new ConfigurationError('--writes needs --live DIRECTORY, the folder of the layers that are written.')
  if (writeToken !== null && writeToken === token)
    throw new ConfigurationError('--write-token and --token are the same: every client that may read could write.')
  if (writeToken === null && (!LOOPBACK.test(host) || token !== null))
    throw new ConfigurationError('--writes needs --write-token where other machines can connect, and where --token is set.')
}

type Values = Omit<Config, 'sources' | 'mirrors' | 'layers' | 'stores' | 'engines'>

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
  // Each value is the fallback of its setting, or was checked by the schema of its setting.
  return {
    values: Object.fromEntries(entries.map(({ name, value }) => [name, value])) as unknown as Values,
    origins: Object.fromEntries(entries.map(({ name, from }) => [name, from])) as Record<SettingName, Origin>,
  }
}

function sourcesOf(
  paths: readonly string[],
  file: ConfigFile | null,
  mayBeEmpty: boolean,
): [sources: readonly string[], from: Origin] {
  if (paths.length > 0) return [paths.map(absolute), 'flag']
  const environment = pathsIn('GEODUCK_SOURCES')
  if (environment.length > 0) return [environment, 'environment']
  if (file?.sources) return [file.sources, 'file']
  // The demo of a checkout, for users who name nothing.
  const demo = file?.layers.length ? [] : pathsIn('GEODUCK_DEMO')
  if (demo.length > 0 || mayBeEmpty) return [demo, 'default']
  throw new ConfigurationError(
    'Nothing to serve: name files, folders or globs, e.g. geoduck parcels.parquet. See geoduck --help.',
  )
}

/** An address ends the list, because it may hold colons. */
const LIST_WITH_ADDRESS = new RegExp(`^(.*?${delimiter})??([\\s"']*[a-z][a-z0-9+.-]+://.*)$`, 'is')

function pathsIn(variable: string): string[] {
  const text = process.env[variable] ?? ''
  const [, before = '', address = ''] = LIST_WITH_ADDRESS.exec(text) ?? ['', text]
  return [...before.split(delimiter), address].filter((path) => path !== '').map(absolute)
}

/** The server's working directory has no meaning later. An address has no directory. */
function absolute(path: string): string {
  return remoteReason(path) === null ? resolve(path) : path
}

/** Returns sources and layers without the passwords that an address may hold. */
export function shownSources({ sources, layers }: Pick<Config, 'sources' | 'layers'>): Pick<Config, 'sources' | 'layers'> {
  return {
    sources: sources.map(shownPath),
    layers: layers.map((layer) => (layer.path === undefined ? layer : { ...layer, path: shownPath(layer.path) })),
  }
}

/**
 * The configuration as JSON for display, which is also a valid configuration file: secrets are masked, and a file reads the
 * mask as not given.
 */
export function printableConfig(config: Config): string {
  const table: Readonly<Record<string, Setting>> = settings(machineDefaults(machine()))
  const shown = Object.entries(config).map(([name, value]) => [name, value !== null && table[name]?.isSecret ? MASK : value])
  const { sources: paths, layers } = shownSources(config)
  const sources = paths.map((path, n) => (config.mirrors.includes(config.sources[n]!) ? { path, mirror: true } : path))
  // The members of `sources` say which of them are mirrors.
  return JSON.stringify({ ...Object.fromEntries(shown), sources, mirrors: undefined, layers }, null, 2)
}
