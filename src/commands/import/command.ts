/** `geoduck import` with its output for the user. */
import { basename } from 'node:path'
import { ConfigurationError } from '../../config/configuration-error.ts'
import { formatSize } from '../../config/size.ts'
import { type ImportRequest, type ImportSummary, importFiles } from './import.ts'
import { ImportError } from './import-error.ts'
import { ImportProgress } from './progress.ts'

export interface ImportCommand extends Omit<ImportRequest, 'inputs' | 'store' | 'mode'> {
  readonly files: readonly string[]
  readonly into: string
  readonly append: boolean
  readonly replace: boolean
}

/** Runs the import. Ctrl-C undoes everything. @throws ConfigurationError with what to do */
export async function runImport({ files, into, append, replace, ...rest }: ImportCommand): Promise<void> {
  const stopping = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => stopping.abort())
  const progress = new ImportProgress(process.stderr)
  const began = performance.now()
  const mode = append ? 'APPEND' : replace ? 'REPLACE' : 'CREATE'
  try {
    const summary = await importFiles(
      { ...rest, inputs: files, store: into, mode },
      { onProgress: (step) => progress.show(step), signal: stopping.signal, formatSize },
    )
    progress.end()
    process.stdout.write(`${told(into, rest.layer, summary, performance.now() - began).join('\n')}\n`)
  } catch (error) {
    progress.end()
    throw error instanceof ImportError ? new ConfigurationError(error.message) : error
  }
}

function told(into: string, layer: string, summary: ImportSummary, ms: number): string[] {
  const { kind, rows, added, skipped, problems, covered, unordered, uncomputable, built, geometryTypes, crs, bytes } = summary
  const { key, sorted } = summary
  const count = (n: number) => n.toLocaleString('en')
  const isTable = kind === 'TABLE'
  const lines = [
    `imported ${count(added)} ${isTable ? 'rows' : 'features'} into ${layer} of ${basename(into)} (${formatSize(bytes)}) in ${(ms / 1000).toFixed(1)} s`,
  ]
  if (isTable) lines.push(`  rows      ${count(rows)}, without geometry, in the order of the files`)
  else
    lines.push(
      `  features  ${count(rows)}, ${[...geometryTypes, crs ?? 'no CRS'].join(', ')}`,
      `  order     ${unordered === null ? 'Hilbert' : `existing rows first, then Hilbert: ${unordered}`}`,
      `  pruning   ${covered ? 'covering column bbox' : 'statistics of the geometry: the layer has a column named bbox, or no column could be added'}`,
    )
  if (key !== null) lines.push(`  key       ${key}`)
  if (sorted.length > 0) lines.push(`  copies    sorted by ${sorted.join(', by ')}`)
  if (built.length > 0) lines.push(`  index     ${built.join(', ')}`)
  if (skipped > 0) lines.push(`  left out  ${count(skipped)}, whose geometry cannot be read safely`)
  for (const problem of problems) lines.push(`  problem   ${problem}`)
  if (uncomputable > 0) lines.push(`  broken    ${count(uncomputable)}, which are kept: spatial filters pass over them`)
  return lines
}
