import { readFileSync } from 'node:fs'
import { ConfigurationError } from './configuration-error.ts'

const PLATFORMS: Readonly<Record<string, string>> = {
  'linux-x64': 'linux_amd64',
  'linux-arm64': 'linux_arm64',
  'darwin-x64': 'osx_amd64',
  'darwin-arm64': 'osx_arm64',
  'win32-x64': 'windows_amd64',
}

/** The engine's version, such as `1.5.5`, from the pinned dependency, so that an upgrade changes one line of package.json. */
export function duckdbVersion(): string {
  const manifest: { dependencies: Record<string, string> } = JSON.parse(
    readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
  )
  return manifest.dependencies['@duckdb/node-api']!.replace(/-.*$/, '')
}

/** DuckDB's name of this platform, which is part of the path of its extensions. */
export function duckdbPlatform(): string {
  const platform = PLATFORMS[`${process.platform}-${process.arch}`]
  if (platform === undefined) throw new ConfigurationError(`DuckDB has no extensions for ${process.platform} on ${process.arch}.`)
  return platform
}
