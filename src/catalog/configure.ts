/** The layers of a configuration and the plain PATH arguments as one list of sources. */
import type { Problem } from './layer.ts'
import type { LayerOptions } from './layer-options.ts'
import { expandSources, identityOf, type Source } from './sources.ts'

/** A source, and which layers are made of it. */
export interface WantedSource {
  readonly source: Source
  /** Of its files or tables, in the configuration's order. */
  readonly layers: readonly LayerOptions[]
  /** What of it no configured layer is made of is a layer, too. */
  readonly plain: boolean
}

interface Wanted {
  readonly sources: readonly WantedSource[]
  readonly problems: readonly Problem[]
}

/** Configured layers take the place of those that the same files would have been. Nothing throws. */
export async function wantedSources(paths: readonly string[], layers: readonly LayerOptions[]): Promise<Wanted> {
  const wanted = new Map<string, { source: Source; layers: LayerOptions[]; plain: boolean }>()
  const problems: Problem[] = []
  for (const layer of layers) {
    const found = await expandSources([layer.path])
    problems.push(...found.problems.map(({ source, reason }) => ({ source, reason: `layer ${layer.name}: ${reason}` })))
    const [source, ...more] = found.sources
    if (!source) continue
    if (more.length > 0) {
      const reason = `layer ${layer.name}: its path holds ${found.sources.length} sources: name one of them, or use a pattern`
      problems.push({ source: layer.path.replace(/^.*[\\/](?=.)/, ''), reason })
      continue
    }
    const known = wanted.get(identityOf(source)) ?? { source, layers: [], plain: false }
    wanted.set(identityOf(source), { ...known, layers: [...known.layers, layer] })
  }
  const taken = new Set([...wanted.values()].flatMap(({ source }) => (source.kind === 'parquet' ? source.files : [])))
  const plain = await expandSources(paths)
  for (const source of plain.sources) {
    const known = wanted.get(identityOf(source)) ?? { source, layers: [] }
    if (source.kind === 'parquet' && source.files.every((file) => taken.has(file))) continue
    wanted.set(identityOf(source), { ...known, plain: true })
  }
  return { sources: [...wanted.values()], problems: [...problems, ...plain.problems] }
}
