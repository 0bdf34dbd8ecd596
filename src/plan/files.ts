/** Which files of a layer can hold what is asked for: the others are not opened. Each costs 0.1 ms of processor time, with its footer cached. */
import type { BBox, Layer } from '../catalog/layer.ts'
import { checkFilter } from './check-filter.ts'
import { compileFilter } from './filter.ts'
import { Parameters } from './parameters.ts'
import type { FeatureQuery } from './query.ts'

/** By their numbers in the layer, with the first, from which the engine takes the columns' types. Null: all of them, or it is not known. */
export function wantedFiles({ layer, where, limits, after }: FeatureQuery): readonly number[] | null {
  const extents = extentsOf(layer)
  if (!extents || !where) return null
  checkFilter(where, limits)
  const { necessary } = compileFilter(where, layer, new Parameters(limits))
  if (!necessary) return null
  // The position's own file is there whatever its extent says: places are counted in it.
  const at = after ? Number(after.keys.at(-2)) : null
  const isWanted = (extent: BBox | null, file: number) => file === 0 || file === at || !extent || necessary.meets(extent)
  const wanted = extents.flatMap((extent, file) => (isWanted(extent, file) ? [file] : []))
  return wanted.length === extents.length ? null : wanted
}

/**
 * Null where rows are not left unread by what the extents were taken from: it may not hold. Null also for folders that make columns of their
 * names (key=value): their types depend on all of them.
 */
function extentsOf({ relation, pruning }: Layer) {
  if (relation.kind === 'table' || relation.files.length === 1 || pruning.kind === 'NONE') return null
  if (relation.files.some((file) => /[\\/][^\\/]*=[^\\/]*[\\/]/.test(file))) return null
  return relation.fileSummaries?.map(({ extent }) => extent) ?? null
}
