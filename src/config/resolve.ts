import { delimiter, resolve } from 'node:path'
import type { GivenSettings } from './command.ts'
import type { Config } from './config.ts'
import { ConfigurationError } from './configuration-error.ts'
import { keptSecret } from './secret.ts'

export interface Resolved {
  readonly config: Config
  /** What the one who starts the server should know of it. */
  readonly warnings: readonly string[]
}

const LOOPBACK = /^(localhost|127(\.\d+){3}|::1)$/

/**
 * The configuration that the server runs with.
 *
 * @param paths as given; `GEODUCK_SOURCES` stands in where there are none
 * @throws ConfigurationError when there is nothing to serve
 */
export async function resolveConfig(
  paths: readonly string[],
  given: GivenSettings,
  { sourcesRequired = true }: { readonly sourcesRequired?: boolean } = {},
): Promise<Resolved> {
  const warnings: string[] = []
  if (!LOOPBACK.test(given.host)) {
    warnings.push(`Listening on ${given.host}: whoever can reach it can read every layer`)
  }
  let { cursorSecret } = given
  if (cursorSecret === '') {
    const { secret, kept } = await keptSecret()
    cursorSecret = secret
    if (!kept) warnings.push('The cursor secret can not be kept: cursors end with this server. Give one with --cursor-secret')
  }
  const sources = sourcesOf(paths)
  if (sources.length === 0 && sourcesRequired) {
    throw new ConfigurationError(
      'Nothing to serve: name files, folders or globs, e.g. geoduck parcels.parquet. See geoduck --help.',
    )
  }
  const config = {
    ...given,
    sources,
    tempDirectory: resolve(given.tempDirectory),
    cacheDirectory: resolve(given.cacheDirectory),
    cursorSecret,
  }
  return { config: Object.freeze(config), warnings }
}

/** Absolute: the server's working directory means nothing later on. */
function sourcesOf(paths: readonly string[]): string[] {
  const environment = process.env['GEODUCK_SOURCES']?.split(delimiter).filter((path) => path !== '') ?? []
  return (paths.length > 0 ? paths : environment).map((path) => resolve(path))
}

const MASK = '********'

/** As JSON, fit to be shown: the secret is masked. */
export function printableConfig(config: Config): string {
  return JSON.stringify({ ...config, cursorSecret: MASK }, null, 2)
}
