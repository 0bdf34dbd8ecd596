/** Which layers are made of what the sources hold, and what they are called. */
import type { WantedSource } from './configure.ts'
import type { Description } from './inspection.ts'
import type { Problem } from './layer.ts'
import type { LayerOptions } from './layer-options.ts'
import { uniqueNames } from './names.ts'
import type { ServedSource } from './served-source.ts'

export interface Offer {
  readonly name: string
  /** Null for a layer that nobody has configured. */
  readonly options: LayerOptions | null
}

export interface Offers {
  /** By source, then by what of it: `identity`. */
  readonly of: ReadonlyMap<ServedSource, ReadonlyMap<string, readonly Offer[]>>
  readonly problems: readonly Problem[]
}

/** The same table is the same layer after a change. */
export function identity({ relation }: Description): string {
  return relation.kind === 'parquet' ? '' : `${relation.schema}.${relation.table}`
}

/**
 * Configured layers have their names. Of the others a table is called like itself, then like its database and itself; a file like itself,
 * then like its folder and itself.
 */
export function chooseOffers(wanted: readonly { readonly wants: WantedSource; readonly served: ServedSource }[]): Offers {
  const problems: Problem[] = []
  const of = new Map(wanted.map(({ served }) => [served, new Map<string, Offer[]>()]))
  for (const { wants, served } of wanted) {
    for (const options of wants.layers) {
      const [description, ...more] = served.described.layers.filter((candidate) => isMeant(candidate, options))
      if (description && more.length === 0) {
        const offers = of.get(served)?.get(identity(description)) ?? []
        of.get(served)?.set(identity(description), [...offers, { name: options.name, options }])
      } else if (served.failure === null) {
        // What cannot be read at all is a problem already.
        problems.push({ source: served.source.label, reason: unmet(options, more.length + 1) })
      }
    }
  }
  const rest = wanted
    .filter(({ wants }) => wants.plain)
    .flatMap(({ served }) => served.described.layers.map((description) => ({ served, description })))
    .filter(({ served, description }) => !of.get(served)?.has(identity(description)))
  const configured = wanted.flatMap(({ wants }) => wants.layers.map(({ name }) => [name]))
  const names = uniqueNames([...configured, ...rest.map(wishes)]).slice(configured.length)
  for (const [index, { served, description }] of rest.entries())
    of.get(served)?.set(identity(description), [{ name: names[index] ?? '', options: null }])
  return { of, problems }
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
