/** `geoduck export`: writes the features of a layer to a file, without a server. */
import { mkdtemp, rename, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import { readDownloadQuery } from '../../ask/download-query.ts'
import type { Catalog } from '../../catalog/catalog.ts'
import type { Config } from '../../config/config.ts'
import { ConfigurationError } from '../../config/configuration-error.ts'
import { formatSize } from '../../config/size.ts'
import { exportJob } from '../../engines/duckdb/host/export-job.ts'
import type { ExportedFile, ExportNote } from '../../engines/duckdb/host/export-messages.ts'
import { exportFile } from '../../engines/duckdb/host/exporter.ts'
import { openSchema } from '../../graphql/schema.ts'
import { GeoduckError } from '../../model/errors.ts'
import { asking } from '../asking.ts'
import { type CommandSources, openCommandCatalog, requireFiles, warnOfProblems } from '../command-catalog.ts'
import { ProgressBar } from '../progress-bar.ts'
import type { ExportArguments } from './arguments.ts'

export interface ExportOptions extends Omit<ExportArguments, 'given'>, CommandSources {}

/** Returns the line for stdout. Ctrl-C leaves nothing. @throws ConfigurationError for foreseen failures, with what to do */
export async function runExport(config: Config, options: ExportOptions): Promise<string> {
  const { warn, out, replace } = options
  const began = performance.now()
  if (!replace && (await exists(out))) throw new ConfigurationError(`${out} exists: --replace puts the export in its place.`)
  const stopping = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => stopping.abort())
  const folder = await besides(out)
  const progress = new ExportProgress(process.stderr)
  let catalog: Catalog | null = null
  try {
    progress.show('prepare')
    catalog = await openCommandCatalog(config, options)
    await catalog.prepared
    await catalog.checked
    warnOfProblems(catalog, warn)
    const { file, rows, bytes } = await write(catalog, config, options, { folder, signal: stopping.signal, progress })
    if (!replace && (await exists(out)))
      throw new ConfigurationError(`${out} was made meanwhile: --replace puts the export in its place.`)
    stopping.signal.throwIfAborted()
    await rename(file, out)
    const seconds = ((performance.now() - began) / 1000).toFixed(1)
    return `exported ${rows.toLocaleString('en')} features of ${options.layer} to ${out} (${formatSize(bytes)}) in ${seconds} s`
  } catch (error) {
    if (stopping.signal.aborted) throw new ConfigurationError('Stopped: nothing was written.')
    throw error instanceof GeoduckError ? new ConfigurationError(`${error.code}: ${error.message}`) : error
  } finally {
    progress.end()
    await catalog?.close()
    await rm(folder, { recursive: true, force: true })
  }
}

interface Run {
  readonly folder: string
  readonly signal: AbortSignal
  readonly progress: ExportProgress
}

async function write(catalog: Catalog, config: Config, options: ExportOptions, run: Run): Promise<ExportedFile> {
  const { layer, format, download, spatialExtension } = options
  const { query, zooms } = await readDownloadQuery(openSchema(), { layer, format, given: download }, asking(catalog, config))
  requireFiles(query.view.layer, 'export', 'download it from a server')
  const access = catalog.access()
  const { folder, signal, progress } = run
  const { job } = exportJob({ query, format, zooms }, { limits: config, spatialExtension, access })
  const made = await exportFile(
    { ...job, folder },
    {
      fits: () => true,
      timeoutMs: Number.POSITIVE_INFINITY,
      signal,
      onNote: ({ phase, share }) => progress.show(phase, share ?? 0),
    },
  )
  const { layer: source } = query.view
  // A version of a live layer never changes.
  if (!catalog.live?.holds(source) && (await catalog.fresh(source)).fingerprint !== source.fingerprint)
    throw new GeoduckError('SOURCE_CHANGED', 'The data changed while it was read: export it again.')
  return made
}

/** Makes the folder of the export beside the file, so that the file can be renamed. @throws ConfigurationError */
async function besides(out: string): Promise<string> {
  const folder = path.dirname(path.resolve(out))
  try {
    return await mkdtemp(path.join(folder, '.geoduck-export-'))
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new ConfigurationError(`${folder} cannot be written to (${code}): name another folder by --out.`)
  }
}

const exists = (file: string): Promise<boolean> =>
  stat(file).then(
    () => true,
    () => false,
  )

type Step = ExportNote['phase'] | 'prepare'

/** The text of each step, and its part of the bar. */
const STEPS: Readonly<Record<Step, readonly [text: string, from: number, to: number]>> = {
  prepare: ['reading the sources', 0, 20],
  read: ['reading the features', 20, 60],
  write: ['writing the file', 60, 100],
}

/** Shows the steps: a bar on a terminal, otherwise a line per step. */
class ExportProgress {
  readonly #out: NodeJS.WriteStream
  readonly #bar: ProgressBar | null
  #step: Step | null = null

  constructor(out: NodeJS.WriteStream) {
    this.#out = out
    this.#bar = out.isTTY ? new ProgressBar(out) : null
  }

  /** @param share the part of the step that is done, from 0 to 1 */
  show(step: Step, share = 0): void {
    const [text, from, to] = STEPS[step]
    this.#bar?.show(Math.round(from + (to - from) * share), text)
    if (!this.#bar && step !== this.#step) this.#out.write(`${text}\n`)
    this.#step = step
  }

  end(): void {
    this.#bar?.end()
  }
}
