/** Which layers are made of what the sources hold, and what they are called. */

import type { Description } from '../engines/duckdb/host/inspection.ts'
import type { Problem } from '../model/layer.ts'
import type { WantedSource } from './configure.ts'
import type { LayerOptions } from './layer-options.ts'
import { uniqueNames } from './names.ts'
import type { ForeignLayer } from './prepare/foreign-layer.ts'
import type { ServedSource } from './served-source.ts'
import type { ForeignSource } from './sources.ts'

export interface Offer {
  readonly name: string
  /** Null for a layer that nobody has configured. */
  readonly options: LayerOptions | null
}

export interface WantedServed {
  readonly wants: WantedSource
  readonly served: ServedSource
}

export type WantedForeign = WantedSource<ForeignSource>

export interface Offers {
  /** By source, then by what of it: `identity`. */
  readonly of: ReadonlyMap<ServedSource, ReadonlyMap<string, readonly Offer[]>>
  /** Of files of other formats; their copies, which come later, are offered as these. */
  readonly ofForeign: ReadonlyMap<ForeignLayer, readonly Offer[]>
  readonly problems: readonly Problem[]
}

/** What was offered until now. */
export interface Past {
  readonly before: Pick<Offers, 'of' | 'ofForeign'> | null
  /** By sources that are new, the one that each takes the place of. */
  readonly heirs: ReadonlyMap<ServedSource, ServedSource>
}

/** The same table is the same layer after a change. */
export function identity({ relation }: Description): string {
  return relation.kind === 'parquet' ? '' : `${relation.schema}.${relation.table}`
}

/**
 * Configured layers have their names. Of the others a table is called like itself, then like its database and itself; a file like itself,
 * then like its folder and itself. What was offered before keeps its name.
 */
export function chooseOffers(
  wanted: readonly WantedServed[],
  wantedForeign: readonly WantedForeign[],
  foreign: readonly ForeignLayer[],
  { before, heirs }: Past = { before: null, heirs: new Map() },
): Offers {
  const problems: Problem[] = []
  const of = new Map(wanted.map(({ served }) => [served, new Map<string, readonly Offer[]>()]))
  for (const { wants, served } of wanted) {
    for (const options of wants.layers) {
      const [description, ...more] = served.described.layers.filter((candidate) => isMeant(candidate, options))
      if (description && more.length === 0) add(of.get(served)!, identity(description), options)
      // What cannot be read at all is a problem already.
      else if (served.failure === null) problems.push({ source: served.source.label, reason: unmet(options, more.length + 1) })
    }
  }
  const ofForeign = new Map<ForeignLayer, readonly Offer[]>()
  for (const { source, layers } of wantedForeign) {
    for (const options of layers) {
      const ofFile = foreign.filter(({ file }) => file.source === source)
      const [layer, ...more] = ofFile.filter(({ table }) => options.table === undefined || options.table === table)
      if (layer && more.length === 0) add(ofForeign, layer, options)
      else if (ofFile.length > 0) problems.push({ source: source.label, reason: unmet(options, more.length + 1) })
    }
  }
  const rest = wanted
    .filter(({ wants }) => wants.plain)
    .flatMap(({ served }) => served.described.layers.map((description) => ({ served, description })))
    .filter(({ served, description }) => !of.get(served)?.has(identity(description)))
  const plainFiles = new Set(wantedForeign.filter(({ plain }) => plain).map(({ source }) => source))
  const restForeign = foreign.filter((layer) => plainFiles.has(layer.file.source) && !ofForeign.has(layer))
  const configured = [...wanted.map(({ wants }) => wants), ...wantedForeign].flatMap(({ layers }) =>
    layers.map(({ name }) => [name]),
  )
  const plain = [
    ...rest.map(({ served, description }) => ({
      wishes: wishes({ served, description }),
      kept: kept(before?.of.get(heirs.get(served) ?? served)?.get(identity(description))),
      offer: (offers: readonly Offer[]) => void of.get(served)?.set(identity(description), offers),
    })),
    ...restForeign.map((layer) => ({
      wishes: layer.names,
      kept: kept(before?.ofForeign.get(layer)),
      offer: (offers: readonly Offer[]) => void ofForeign.set(layer, offers),
    })),
  ]
  // What has a name keeps it: newcomers, whose wishes are many, give way.
  const ordered = [...plain.filter((one) => one.kept !== null), ...plain.filter((one) => one.kept === null)]
  const names = uniqueNames([...configured, ...ordered.map((one) => (one.kept === null ? one.wishes : [one.kept]))])
  for (const [index, { offer }] of ordered.entries()) offer([{ name: names[configured.length + index] ?? '', options: null }])
  return { of, ofForeign, problems }
}

/** The name of what nobody has configured. */
function kept(offers: readonly Offer[] | undefined): string | null {
  return offers?.find(({ options }) => options === null)?.name ?? null
}

function add<Key>(offers: Map<Key, readonly Offer[]>, key: Key, options: LayerOptions): void {
  offers.set(key, [...(offers.get(key) ?? []), { name: options.name, options }])
}

function wishes({
  served: { source },
  description: { names },
}: {
  served: ServedSource
  description: Description
}): readonly string[] {
  return source.kind === 'parquet' ? source.names : [...names, `${source.names[0]}_${names.at(-1)}`]
}

function isMeant({ relation }: Description, { table }: LayerOptions): boolean {
  if (relation.kind === 'parquet') return table === undefined
  return (
    table === undefined ||
    table === `${relation.schema}.${relation.table}` ||
    (relation.schema === 'main' && table === relation.table)
  )
}

function unmet({ name, table }: LayerOptions, found: number): string {
  if (found > 1) return `layer ${name}: it holds ${found} tables with geometry: tell which by \`table\``
  if (table === undefined) return `layer ${name}: it holds no table with geometry`
  return `layer ${name}: it holds no table ${table} with geometry; one that is not in schema main is named schema.table`
}
