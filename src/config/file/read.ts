/** Reads a configuration file in JSON or YAML (which includes JSON) and checks its values. */
import { access, readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { type Document, LineCounter, parseDocument } from 'yaml'
import { remoteReason } from '../../model/remote-source.ts'
import { ConfigurationError } from '../configuration-error.ts'
import { type EngineConfig, engineFaults } from '../engine-config.ts'
import { type LayerConfig, layerFaults } from '../layer-config.ts'
import type { SettingName, Settings } from '../settings.ts'
import { type StoreConfig, storeFaults } from '../store-config.ts'
import { type ConfigIssue, describeIssues } from './issues.ts'
import { fileSchema, MASK } from './schema.ts'

export interface ConfigFile {
  readonly path: string
  /** Null if the file names no sources. */
  readonly sources: readonly string[] | null
  /** The sources that have a copy of their objects on this machine. */
  readonly mirrors: readonly string[]
  readonly layers: readonly LayerConfig[]
  readonly stores: readonly StoreConfig[]
  readonly engines: readonly EngineConfig[]
  /** The values in the file. Paths are absolute; in the file they are relative to its folder. */
  readonly settings: Readonly<Partial<Record<SettingName, unknown>>>
}

/** @throws ConfigurationError with the file and, one per line, each fault, its place and what is accepted */
export async function readConfigFile(path: string, table: Settings): Promise<ConfigFile> {
  const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    const why = cause.code === 'ENOENT' ? 'it is not there' : 'it cannot be read'
    throw new ConfigurationError(`The configuration file ${path}: ${why}. Correct --config or GEODUCK_CONFIG.`)
  })
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const syntax = document.errors.map(({ pos, message }) => `line ${lines.linePos(pos[0]).line}: ${withoutText(message)}`)
  if (syntax.length > 0) throw wrong(path, syntax)
  const { data, error } = fileSchema(table).safeParse(contentOf(document, path))
  const { layers: given = [], stores: named = [], engines: others = [] } = data ?? {}
  const faults: readonly ConfigIssue[] = error?.issues ?? [
    ...layerFaults(given),
    ...storeFaults(named),
    ...engineFaults(others, given),
  ]
  if (!data || faults.length > 0) throw wrong(path, describeIssues(faults, { document, lines, table }))
  const absolute = (name: string) => (remoteReason(name) === null ? resolve(dirname(path), name) : name)
  const { $schema: _, sources, layers = [], stores = [], engines = [], ...settings } = data
  return {
    path,
    sources: sources?.map((source) => absolute(typeof source === 'string' ? source : source.path)) ?? null,
    mirrors: sources?.flatMap((source) => (typeof source !== 'string' && source.mirror ? [source.path] : [])) ?? [],
    layers: layers.map((layer) => (layer.path === undefined ? layer : { ...layer, path: absolute(layer.path) })),
    stores,
    engines: engines.map((engine) => ({ ...engine, resultSets: absolute(engine.resultSets) })),
    settings: Object.fromEntries(
      Object.entries(settings)
        .filter(([, value]) => value !== MASK)
        .map(([name, value]) => [name, table[name as SettingName].isPath && typeof value === 'string' ? absolute(value) : value]),
    ),
  }
}

/** Some YAML, such as an alias of nothing or an alias of aliases, fails only here. */
function contentOf(document: Document, path: string): unknown {
  try {
    return document.toJS() ?? {}
  } catch (error) {
    throw wrong(path, [withoutText((error as Error).message)])
  }
}

/** Removes what the YAML reader repeats of the file, because that may be a secret. */
function withoutText(message: string): string {
  return message.replace(/(?<=extra characters|resolve tag|alias\)): .*$/s, '')
}

function wrong(path: string, lines: readonly string[]): ConfigurationError {
  return new ConfigurationError([`The configuration file ${path} is wrong:`, ...lines.map((line) => `  ${line}`)].join('\n'))
}

const NAMES = ['geoduck.json', 'geoduck.yaml', 'geoduck.yml']

/**
 * Finds the configuration file: the named file, otherwise the one in the working directory, if there is one. The path is absolute.
 *
 * @throws ConfigurationError if there are two, because neither is the obvious one
 */
export async function findConfigFile(named: string | null): Promise<string | null> {
  if (named !== null) return resolve(named)
  const there: string[] = []
  for (const name of NAMES)
    await access(name).then(
      () => there.push(name),
      () => undefined,
    )
  if (there.length > 1) throw new ConfigurationError(`${there.join(' and ')} are both here: keep one, or name one with --config.`)
  return there[0] === undefined ? null : resolve(there[0])
}
