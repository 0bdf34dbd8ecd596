/** From what a source says of a layer to what its configuration wants it to be. */

import type { Description } from '../engines/duckdb/host/inspection.ts'
import { crsOfText } from '../geometry/read-crs.ts'
import type { LayerKey, OnInvalid } from '../model/layer.ts'
import { nearNames } from '../model/near-names.ts'
import type { LayerOptions } from './layer-options.ts'

export interface Tailored {
  readonly description: Description
  /** What of the configuration does not hold, though the layer is served. */
  readonly problems: readonly string[]
}

/**
 * @throws Error with the reason, for columns that the source has not: a column that is hidden under a wrong name would be there for all
 * to see
 */
export function tailor(description: Description, options: LayerOptions): Tailored {
  const hidden = hiddenColumns(description, options)
  const isShown = (name: string) => !hidden.includes(name)
  const { onInvalid, problems } = handling(description, options.onInvalid ?? 'flag')
  const { title = null, description: text = null, key: wantedKey = null, crs: wantedCrs = null } = options
  return {
    description: {
      ...description,
      columns: description.columns.filter(({ name }) => isShown(name)),
      columnsUncovered: description.columnsUncovered.filter(({ name }) => isShown(name)),
      unproven: description.unproven.filter(({ column }) => isShown(column)),
      keyCandidates: description.keyCandidates.filter(isShown),
      key: keyBeforeScan(description.key, wantedKey, isShown),
      // A footer counts every row.
      featureCount: onInvalid === 'drop' ? null : description.featureCount,
      crs: wantedCrs === null ? description.crs : crsOfText(wantedCrs),
      tailoring: { title, description: text, hidden, onInvalid },
      wantedKey,
      wantedCrs,
    },
    problems,
  }
}

function hiddenColumns({ columnsUncovered, geometryColumn }: Description, { columns }: LayerOptions): string[] {
  const names = columnsUncovered.map(({ name }) => name)
  if (!columns) return []
  const listed = 'include' in columns ? columns.include.filter((name) => name !== geometryColumn) : columns.exclude
  const unknown = listed.find((name) => !names.includes(name))
  if (unknown !== undefined) {
    const near = nearNames(unknown, names).map((name) => `\`${name}\``)
    const hint = unknown === geometryColumn ? ': it is the geometry' : near.length > 0 ? `; near: ${near.join(', ')}` : ''
    throw new Error(`it is not served: its \`columns\` name \`${unknown}\`, which is none of its properties${hint}`)
  }
  return names.filter((name) => listed.includes(name) !== 'include' in columns)
}

/** A primary key needs no proof. */
function keyBeforeScan(key: LayerKey, wanted: string | null, isShown: (name: string) => boolean): LayerKey {
  const stays = key.kind === 'COLUMN' && (wanted === null ? isShown(key.column) : wanted === key.column)
  return stays ? key : { kind: 'ROW_NUMBER' }
}

function handling({ geometryEncoding }: Description, wanted: OnInvalid): { onInvalid: OnInvalid; problems: string[] } {
  if (wanted === 'flag' || geometryEncoding === 'GEOMETRY' || geometryEncoding === 'WKB')
    return { onInvalid: wanted, problems: [] }
  const problem = `\`onInvalid: ${wanted}\` does not hold for geometry that is stored as native ${geometryEncoding}: store it as WKB`
  return { onInvalid: 'flag', problems: [problem] }
}
