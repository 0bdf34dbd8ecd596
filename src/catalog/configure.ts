/** The layers of a configuration and the plain PATH arguments as one list of sources. */
import type { Problem } from '../model/layer.ts'
import type { LayerOptions } from './layer-options.ts'
import { expandSources, type ForeignSource, identityOf, type ParquetSource, type Source } from './sources.ts'

/** A source, and which layers are made of it. */
export interface WantedSource<Kind extends Source | ForeignSource = Source> {
  readonly source: Kind
  /** Of its files or tables, in the configuration's order. */
  readonly layers: readonly LayerOptions[]
  /** What of it no configured layer is made of is a layer, too. */
  readonly plain: boolean
}

interface Wanted {
  readonly sources: readonly WantedSource[]
  readonly foreign: readonly WantedSource<ForeignSource>[]
  readonly problems: readonly Problem[]
}

/** Configured layers take the place of those that the same files would have been. Nothing throws. */
export async function wantedSources(paths: readonly string[], layers: readonly LayerOptions[]): Promise<Wanted> {
  const wanted = new Map<string, { source: Source | ForeignSource; layers: LayerOptions[]; plain: boolean }>()
  const problems: Problem[] = []
  for (const layer of layers) {
    const found = await expandSources([layer.path])
    problems.push(...found.problems.map(({ source, reason }) => ({ source, reason: `layer ${layer.name}: ${reason}` })))
    const [source, ...more] = [...found.sources, ...found.foreign]
    if (!source) continue
    if (more.length > 0) {
      const reason = `layer ${layer.name}: its path holds ${more.length + 1} sources: name one of them, or use a pattern`
      problems.push({ source: layer.path.replace(/^.*[\\/](?=.)/, ''), reason })
      continue
    }
    const known = wanted.get(identityOf(source)) ?? { source, layers: [], plain: false }
    wanted.set(identityOf(source), { ...known, layers: [...known.layers, layer] })
  }
  const taken = new Set([...wanted.values()].flatMap(({ source }) => (isParquet(source) ? source.files : [])))
  const plain = await expandSources(paths)
  for (const source of [...plain.sources, ...plain.foreign]) {
    const known = wanted.get(identityOf(source)) ?? { source, layers: [] }
    if (isParquet(source) && source.files.every((file) => taken.has(file))) continue
    wanted.set(identityOf(source), { ...known, plain: true })
  }
  const all = [...wanted.values()]
  return {
    sources: all.flatMap(({ source, ...wants }) => ('kind' in source ? [{ source, ...wants }] : [])),
    foreign: all.flatMap(({ source, ...wants }) => ('kind' in source ? [] : [{ source, ...wants }])),
    problems: [...problems, ...plain.problems],
  }
}

function isParquet(source: Source | ForeignSource): source is ParquetSource {
  return 'kind' in source && source.kind === 'parquet'
}
