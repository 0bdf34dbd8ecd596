import { expandSources, type ForeignSource, type Source } from '../../catalog/sources.ts'
import type { Config } from '../../config/config.ts'
import type { Finding } from './finding.ts'

const KINDS: Readonly<Record<string, string>> = { parquet: 'Parquet', database: 'DuckDB database' }

/** What each path holds, by the first bytes of its files. Whether it can be served, only serving tells. */
export async function checkSources({ sources, layers }: Pick<Config, 'sources' | 'layers'>): Promise<Finding[]> {
  const paths = [
    ...sources.map((path) => ({ what: 'source', path })),
    ...layers.map(({ name, path }) => ({ what: `layer ${name}`, path })),
  ]
  if (paths.length > 0) return Promise.all(paths.map(({ what, path }) => checkPath(what, path)))
  return [
    { what: 'source', state: 'note', text: 'none is named', remedy: 'name files, folders or globs: geoduck doctor PATH...' },
  ]
}

async function checkPath(what: string, path: string): Promise<Finding> {
  const { sources, foreign, problems } = await expandSources([path])
  const reasons = problems.map(({ source, reason }) => (path.endsWith(source) ? reason : `${source}: ${reason}`))
  if (sources.length + foreign.length === 0)
    return { what, state: 'wrong', text: path, remedy: reasons.join('\n') || 'it holds nothing that can be served' }
  const text = `${path}: ${summaryOf([...sources, ...foreign])}`
  return reasons.length === 0 ? { what, state: 'ok', text } : { what, state: 'note', text, remedy: reasons.join('\n') }
}

function summaryOf(sources: readonly (Source | ForeignSource)[]): string {
  const kinds = sources.map((source) =>
    'kind' in source ? (KINDS[source.kind] ?? source.kind) : `${source.format}, to be prepared`,
  )
  return [...Map.groupBy(kinds, (kind) => kind)].map(([kind, those]) => `${those.length} ${kind}`).join(', ')
}
