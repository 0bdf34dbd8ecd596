/** `geoduck doctor`: checks everything that a start needs, without starting. */

import { once } from 'node:events'
import { createServer } from 'node:net'
import { expandSources, type FoundSource } from '../../catalog/find-sources.ts'
import { type OpenStores, openStores } from '../../catalog/stores/store.ts'
import type { Config } from '../../config/config.ts'
import { ConfigurationError } from '../../config/configuration-error.ts'
import { machineDefaults } from '../../config/defaults.ts'
import { machine } from '../../config/machine.ts'
import { type ConfigInputs, type Resolved, resolveConfig, shownSources } from '../../config/resolve.ts'
import { OWN_SECRET } from '../../config/secret.ts'
import { type Setting, settings } from '../../config/settings.ts'
import { shownPath } from '../../model/remote-source.ts'
import { checkEngine } from './engine.ts'
import { checkEngines } from './engines.ts'
import { checkCacheDirectory, checkTempDirectory } from './folders.ts'
import { checkMemory, checkNode, checkProcessors } from './machine.ts'
import { type Finding, type OriginRow, reportOf, shownValue } from './report.ts'

export interface Diagnosis {
  readonly report: string
  /** True if nothing is wrong. There may be notes. */
  readonly isWell: boolean
}

export async function diagnose(given: ConfigInputs): Promise<Diagnosis> {
  const findings: Finding[] = [checkNode()]
  const resolved = await readConfig(given, findings)
  if (resolved) findings.push(...(await checkAll(resolved.config)))
  else findings.push(...(await checkEngine(null)), await checkCacheDirectory())
  const report = reportOf(findings, resolved ? originRows(resolved) : [])
  return { report, isWell: findings.every(({ state }) => state !== 'wrong') }
}

/** Null if the configuration is wrong, which is then one of the findings. */
async function readConfig(given: ConfigInputs, findings: Finding[]): Promise<Resolved | null> {
  const what = 'configuration'
  try {
    const resolved = await resolveConfig(given, { mayBeEmpty: true })
    findings.push({ what, state: 'ok', text: resolved.file ?? 'no file; flags, environment and defaults' })
    if (resolved.origins['cursorSecret'] === 'default' && resolved.config.trustProxy !== 0)
      findings.push({ what: 'cursor secret', state: 'note', text: OWN_SECRET.what, remedy: OWN_SECRET.remedy })
    return resolved
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error
    findings.push({ what, state: 'wrong', text: 'it cannot be used', remedy: error.message })
    return null
  }
}

async function checkAll(config: Config): Promise<Finding[]> {
  return [
    checkProcessors(config),
    checkMemory(config),
    ...(await checkEngine(config.spatialExtension)),
    await checkTempDirectory(config),
    await checkCacheDirectory(),
    await checkPort(config),
    ...(await checkSources(config)),
    ...(await checkEngines(config)),
  ]
}

function originRows({ config: resolved, origins, file }: Resolved): OriginRow[] {
  const config = { ...resolved, ...shownSources(resolved) }
  const table: Readonly<Record<string, Setting>> = settings(machineDefaults(machine()))
  return Object.entries(origins)
    .filter(([, from]) => from !== 'default')
    .map(([name, from]) => ({
      name,
      value:
        name === 'layers'
          ? config.layers.map((layer) => layer.name).join(', ')
          : name === 'stores'
            ? config.stores.map((store) => store.url).join(', ')
            : name === 'engines'
              ? config.engines.map((engine) => engine.name).join(', ')
              : shownValue(config[name as keyof Config], table[name]),
      from: from === 'file' ? String(file) : from === 'flag' ? 'command line' : from,
    }))
}

const REMEDIES: Readonly<Record<string, readonly [text: string, remedy: string]>> = {
  EADDRINUSE: ['is in use', 'end the program that listens there, or choose another --port (0 takes any free one)'],
  EACCES: ['may not be listened on by this user', 'choose a --port above 1023'],
  EADDRNOTAVAIL: ['is not an address of this machine', 'correct --host'],
  ENOTFOUND: ['is not a host that is known', 'correct --host'],
}

/** Listens on the address for a moment. */
async function checkPort({ host, port }: Pick<Config, 'host' | 'port'>): Promise<Finding> {
  const what = 'port'
  const server = createServer()
  try {
    server.listen(port, host)
    await once(server, 'listening')
    server.close()
    return { what, state: 'ok', text: port === 0 ? `any free one on ${host}` : `${port} on ${host} is free` }
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException
    const [text, remedy] = REMEDIES[code] ?? [`cannot be listened on: ${message}`, 'choose another --port or --host']
    return { what, state: 'wrong', text: `${port} on ${host} ${text}`, remedy }
  }
}

const IN_PLACE: Readonly<Record<string, string>> = { Parquet: 'Parquet', DuckDB: 'DuckDB database' }

/** Reports the content of each path by the first bytes of its files. Only serving shows whether it can be served. */
async function checkSources({ sources, layers, stores }: Pick<Config, 'sources' | 'layers' | 'stores'>): Promise<Finding[]> {
  const paths = [
    ...sources.map((path) => ({ what: 'source', path })),
    ...layers.flatMap(({ name, path }) => (path === undefined ? [] : { what: `layer ${name}`, path })),
  ]
  if (paths.length + layers.length > 0)
    return Promise.all(paths.map(({ what, path }) => checkPath(what, path, openStores(stores))))
  return [
    { what: 'source', state: 'note', text: 'none is named', remedy: 'name files, folders or globs: geoduck doctor PATH...' },
  ]
}

async function checkPath(what: string, argument: string, stores: OpenStores): Promise<Finding> {
  const { sources, problems } = await expandSources([argument], stores)
  const path = shownPath(argument)
  const reasons = problems.map(({ source, reason }) => (path.endsWith(source) ? reason : `${source}: ${reason}`))
  if (sources.length === 0)
    return { what, state: 'wrong', text: path, remedy: reasons.join('\n') || 'it holds nothing that can be served' }
  const text = `${path}: ${summaryOf(sources)}`
  return reasons.length === 0 ? { what, state: 'ok', text } : { what, state: 'note', text, remedy: reasons.join('\n') }
}

function summaryOf(sources: readonly FoundSource[]): string {
  const kinds = sources.map(({ format }) => IN_PLACE[format] ?? `${format}, to be prepared`)
  return [...Map.groupBy(kinds, (kind) => kind)].map(([kind, those]) => `${those.length} ${kind}`).join(', ')
}
