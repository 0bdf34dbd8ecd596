/**
 * The program. It reads the command line and runs the command. It starts the server, prints its address, and stops it on a
 * signal.
 */

import { nothingThere } from './catalog/find-sources.ts'
import {
  buildCommand,
  type PrepareOptions,
  refuseUnknownCommand,
  type SchemaOptions,
  type ServeOptions,
} from './commands/command-line.ts'
import type { ExplainArguments } from './commands/explain/arguments.ts'
import type { ExportArguments } from './commands/export/arguments.ts'
import type { ImportArguments } from './commands/import/arguments.ts'
import type { LiveArguments } from './commands/live/arguments.ts'
import type { Config } from './config/config.ts'
import { ConfigurationError } from './config/configuration-error.ts'
import { machineDefaults } from './config/defaults.ts'
import { findSpatialExtension } from './config/extension.ts'
import { findConfigFile } from './config/file/read.ts'
import { editorSchema } from './config/file/schema.ts'
import { openLog } from './config/logging.ts'
import { machine } from './config/machine.ts'
import { packageVersion } from './config/package-version.ts'
import { type ConfigInputs, printableConfig, type Resolved, resolveConfig } from './config/resolve.ts'
import { settings } from './config/settings.ts'
import { checkTempDirectory } from './config/temp-directory.ts'
import { GeoduckError } from './model/errors.ts'
import { shownPath } from './model/remote-source.ts'
import type { DemoOptions } from './server/demo.ts'
import { NothingToServe } from './server/nothing-to-serve.ts'
import type { RunningServer } from './server/server.ts'

/** The server stops sooner. This limit is for unforeseen cases. */
const CLOSE_MS = 10_000

async function serve({ given, printConfig }: ServeOptions): Promise<void> {
  const { config, file, origins, warnings } = await resolveConfig(given)
  if (printConfig) return print(printableConfig(config))
  const log = openLog(config)
  if (file !== null) log.info(`Configured by ${file}`)
  for (const warning of warnings) log.warn(warning)
  const paths = await pathsThere(config)
  const { startAhead } = await import('./engines/duckdb/pool/start-process.ts')
  startAhead({ threads: config.threads, execArgv: [] })
  await checkTempDirectory(config.tempDirectory)
  const spatialExtension = await findSpatialExtension(config.spatialExtension, (line) => log.info(line))
  // Without this, graphql-js checks every value against a second copy of the module, which takes a tenth of the time of a batch.
  process.env['NODE_ENV'] ??= 'production'
  // Imported here, so that other commands do not load the server, which takes half a second.
  const { startServer } = await import('./server/server.ts')
  const configuration =
    file === null ? null : { file, read: async () => (await resolveConfig({ ...given, configFile: file })).config }
  const server = await startServer(config, { spatialExtension, configuration, demo: demoOf(config, origins) })
  endWhenTold(server)
  print(`geoduck ${packageVersion()} serves ${paths.map(shownPath).join(', ')}`)
  for (const [what, path] of PLACES) print(`  ${what.padEnd(10)}${server.url}${config.basePath}${path}`)
  for (const url of server.network) print(`  network   ${url}${config.basePath}`)
  const { showProgress } = await import('./commands/progress-bar.ts')
  const hideProgress = showProgress(() => server.layers())
  const layers = await server.ready.finally(hideProgress)
  for (const { name, geometryColumn, geometryTypes, featureCount } of layers) {
    const [kinds, what] = geometryColumn === null ? [['table'], 'rows'] : [geometryTypes, 'features']
    // The count is unknown while the check is still running.
    const count = featureCount === null ? [] : [`${featureCount.toLocaleString('en')} ${what}`]
    print(`  layer     ${[name, ...kinds, ...count].join(', ')}`)
  }
  print(`ready ${server.url}`)
}

/** The live layer of the demo, which a start without a path shows, if it has no live layers. */
function demoOf({ live, writes }: Config, { sources }: Resolved['origins']): DemoOptions | null {
  const { GEODUCK_DEMO_LIVE: folder, GEODUCK_DEMO_WRITER: writer } = process.env
  return folder && writer && sources === 'default' && live === null && !writes ? { folder, writer } : null
}

/** @throws NothingToServe if no path of the configuration exists */
async function pathsThere({ sources, layers }: Config): Promise<readonly string[]> {
  const paths = [...sources, ...new Set(layers.flatMap(({ path }) => path ?? []))]
  // A table has no path.
  const hasTables = layers.some(({ path }) => path === undefined)
  const missing = paths.length === 0 || hasTables ? null : await nothingThere(paths)
  if (missing) throw new NothingToServe(missing)
  return paths
}

const PLACES = [
  ['GraphQL', '/graphql'],
  ['GraphiQL', '/graphiql'],
  ['map', '/map'],
  ['health', '/health'],
] as const

/**
 * The first signal stops the server in order, SIGTERM after a drain period, and the second signal at once. The end of a channel to the parent
 * process stops it too, so that no orphan is left.
 */
function endWhenTold(server: RunningServer): void {
  let told = false
  const end = async (signal?: NodeJS.Signals) => {
    if (told) process.exit(1)
    told = true
    if (signal === 'SIGTERM') await server.drain()
    setTimeout(() => process.exit(1), CLOSE_MS).unref()
    server.close().then(
      () => process.exit(0),
      (error: unknown) => fail(error),
    )
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, end)
  if (process.channel) {
    process.once('disconnect', end)
    process.channel.unref()
  }
}

async function doctor(given: ConfigInputs): Promise<void> {
  const { diagnose } = await import('./commands/doctor/doctor.ts')
  const { report, isWell } = await diagnose(given)
  print(report)
  if (!isWell) process.exitCode = 1
}

async function importInto({ given, ...options }: ImportArguments): Promise<void> {
  const { config } = await resolveConfig(given, { mayBeEmpty: true })
  const { memoryLimitBytes, threads } = config
  const extension = await findSpatialExtension(config.spatialExtension, (line) => process.stderr.write(`${line}\n`))
  const { runImport } = await import('./commands/import/command.ts')
  await runImport({ ...options, memoryLimitBytes, threads, spatialExtension: extension.path })
}

async function prepare({ given, prune }: PrepareOptions): Promise<void> {
  const { config } = await resolveConfig(given, { mayBeEmpty: prune })
  const { prepareSources, pruneCopies } = await import('./commands/prepare.ts')
  if (config.sources.length + config.layers.length > 0) {
    await checkTempDirectory(config.tempDirectory)
    const { path } = await findSpatialExtension(config.spatialExtension, print)
    const { lines, whole } = await prepareSources(config, path)
    for (const line of lines) print(line)
    if (!whole) process.exitCode = 1
  }
  if (prune) print(await pruneCopies(config))
}

async function exportFile({ given, ...options }: ExportArguments): Promise<void> {
  const { config } = await resolveConfig(given)
  await pathsThere(config)
  const warn = (line: string) => void process.stderr.write(`${line}\n`)
  const { path } = await findSpatialExtension(config.spatialExtension, warn)
  const { runExport } = await import('./commands/export/export.ts')
  print(await runExport(config, { ...options, spatialExtension: path, warn }))
}

async function live({ given, ...options }: LiveArguments): Promise<void> {
  const { config } = await resolveConfig(given, { mayBeEmpty: true })
  const { path } = await findSpatialExtension(config.spatialExtension, (line) => process.stderr.write(`${line}\n`))
  const { runLive } = await import('./commands/live/live.ts')
  for (const line of await runLive({ ...options, given }, config, path)) print(line)
}

async function explain({ given, layer, encoding, analyze, page }: ExplainArguments): Promise<void> {
  const { config } = await resolveConfig(given)
  await checkTempDirectory(config.tempDirectory)
  const warn = (line: string) => void process.stderr.write(`${line}\n`)
  const { path } = await findSpatialExtension(config.spatialExtension, warn)
  const { explainPage } = await import('./commands/explain/explain.ts')
  print(await explainPage(config, { layer, encoding, analyze, page, spatialExtension: path, warn }))
}

function printConfigSchema(): void {
  process.stdout.write(editorSchema(settings(machineDefaults(machine()))))
}

/** Without sources, this is the generic part, which is the same for every server. */
async function printSchema({ given, url }: SchemaOptions): Promise<void> {
  const { genericSchema, printedSchema, servedSchema } = await import('./commands/schema.ts')
  const write = (text: string) => void process.stdout.write(text)
  if (url !== null) {
    if (given.paths.length > 0) throw new ConfigurationError('Name either PATH or --url: the schema is of files or of a server.')
    return write(await servedSchema(url, (given.settings.token?.value as string | undefined) ?? null))
  }
  const isConfigured = !!process.env['GEODUCK_SOURCES'] || (await findConfigFile(given.configFile)) !== null
  const isLive = given.settings.live !== undefined || !!process.env['GEODUCK_LIVE']
  if (given.paths.length === 0 && !isConfigured && !isLive) return write(await genericSchema())
  const { config } = await resolveConfig(given)
  // Without this, a mistyped path would print a schema without layers.
  await pathsThere(config)
  const warn = (line: string) => void process.stderr.write(`${line}\n`)
  const { path } = await findSpatialExtension(config.spatialExtension, warn)
  write(await printedSchema(config, path, warn))
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

/** Prints a foreseen error as its message. Any other error is a defect, and is printed with its stack. */
function fail(error: unknown): never {
  process.stderr.write(`${foreseen(error) ?? (error instanceof Error ? error.stack : error)}\n`)
  process.exit(1)
}

function foreseen(error: unknown): string | null {
  if (error instanceof ConfigurationError || error instanceof NothingToServe || error instanceof GeoduckError)
    return error.message
  const cannotListen =
    error instanceof Error && 'syscall' in error && (error.syscall === 'listen' || error.syscall === 'getaddrinfo')
  return cannotListen ? `${error.message}: choose another --port (0 takes any free one) or --host` : null
}

// A reader that closes its pipe, as in `geoduck data/ | head -1`, ends neither a server nor a command.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') return
  process.stderr.write(`The output cannot be written: ${error.message}\n`)
  process.exitCode = 1
})
process.stderr.on('error', () => {})

try {
  // Here too, because the flags of a mistyped command are unknown.
  refuseUnknownCommand(process.argv[2])
  await buildCommand({
    serve,
    prepare,
    importFiles: importInto,
    exportFile,
    doctor,
    explain,
    live,
    printSchema,
    printConfigSchema,
  }).parseAsync()
} catch (error) {
  fail(error)
}
