/** The layers of all sources by name, brought up to date as their files change and as scans prove what they are. */
import { GeoduckError } from '../errors.ts'
import type { Access, DatabaseAccess } from '../pool/messages.ts'
import type { Catalog, CatalogOptions } from './catalog.ts'
import { CheckQueue, type Subject } from './check-queue.ts'
import type { Described, Description } from './inspection.ts'
import type { Inspector } from './inspector.ts'
import type { Layer, Problem } from './layer.ts'
import { uniqueNames } from './names.ts'
import { type ForeignLayer, preparingLayer } from './prepare/foreign-layer.ts'
import type { ForeignLayers } from './prepare/foreign-layers.ts'
import { claimed } from './prove.ts'
import type { ServedSource } from './served-source.ts'
import { allowedPathsOf } from './sources.ts'

export interface OpenCatalogParts extends Pick<CatalogOptions, 'log'> {
  readonly inspector: Inspector
  /** Those of arguments that are no source. */
  readonly problems: readonly Problem[]
  /** Each has been read once. */
  readonly served: readonly ServedSource[]
  /** Their files have been looked at. */
  readonly foreign: ForeignLayers
  readonly admit: (access: Access) => Promise<void>
}

export class OpenCatalog implements Catalog {
  readonly prepared: Promise<void>
  readonly #inspector: Inspector
  readonly #argumentProblems: readonly Problem[]
  readonly #served: readonly ServedSource[]
  readonly #foreign: ForeignLayers
  /** Names stay with their layers: by source, then by what the source calls them. */
  readonly #names: Map<ServedSource, ReadonlyMap<string, string>>
  readonly #foreignNames: ReadonlyMap<ForeignLayer, string>
  readonly #subjects = new Map<string, Subject>()
  /** What the layers of each source are made of. */
  readonly #taken = new Map<ServedSource, Described>()
  readonly #checks: CheckQueue
  /** As workers know them. */
  #databases: string
  /** Workers get what there is now. */
  readonly #admit: () => Promise<void>
  readonly #log: CatalogOptions['log']

  constructor({ log, inspector, problems, served, foreign, admit }: OpenCatalogParts) {
    this.#log = log
    this.#inspector = inspector
    this.#argumentProblems = problems
    this.#served = served
    this.#foreign = foreign
    this.#admit = () => admit({ allowedPaths: this.files, databases: this.databases() })
    this.#databases = JSON.stringify(this.databases())
    const { names, foreignNames } = chooseNames(served, foreign.layers)
    this.#names = names
    this.#foreignNames = foreignNames
    this.#checks = new CheckQueue(inspector, log, this.#subjects)
    const copies = foreign.layers.flatMap((layer) => (layer.served ? [layer.served] : []))
    for (const layer of foreign.layers) if (layer.served) this.#named(layer, layer.served)
    for (const source of [...served, ...copies].sort((a, b) => a.bytes - b.bytes)) this.#renew(source)
    foreign.start({ admit: this.#admit, onServed: (layer) => this.#serve(layer) })
    this.prepared = foreign.settled()
  }

  get files(): readonly string[] {
    return [...this.#served.flatMap(({ source }) => allowedPathsOf(source)), ...this.#foreign.files()]
  }

  layers(): readonly Layer[] {
    const served = [...this.#subjects.values()].map(({ layer }) => layer)
    const preparing = [...this.#foreignNames]
      .map(([layer, name]) => this.#preparing(name, layer))
      .filter((layer) => layer !== null)
    return [...served, ...preparing].sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  layer(name: string): Layer | undefined {
    const served = this.#subjects.get(name)?.layer
    const foreign = this.#foreignOf(name)
    return served ?? (foreign ? (this.#preparing(name, foreign) ?? undefined) : undefined)
  }

  problems(): readonly Problem[] {
    const copies = this.#foreign.layers.flatMap(({ served }) => served?.problems ?? [])
    return [
      ...this.#argumentProblems,
      ...this.#served.flatMap(({ problems }) => problems),
      ...this.#foreign.problems(),
      ...copies,
    ]
  }

  databases(): readonly DatabaseAccess[] {
    return this.#served.flatMap(({ database }) => database ?? [])
  }

  get checked(): Promise<void> {
    return this.#checks.done
  }

  async fresh(layer: Layer): Promise<Layer> {
    const foreign = this.#foreignOf(layer.name)
    if (foreign) return await this.#freshCopy(layer, foreign)
    const source = this.#subjects.get(layer.name)?.source
    if (source) await this.#refresh(source)
    const now = this.#subjects.get(layer.name)
    if (now && now.source.failure === null) return now.layer
    throw unreadable(layer.name)
  }

  async refresh(): Promise<void> {
    for (const source of this.#served) await this.#refresh(source)
  }

  async close(): Promise<void> {
    await Promise.all([this.#inspector.close(), this.#foreign.close()])
    await this.#checks.done
  }

  async #refresh(source: ServedSource): Promise<void> {
    const isCurrent = await source.isCurrent()
    if (!isCurrent) await source.read()
    // Also behind a reading that somebody else has asked for.
    if (this.#taken.get(source) !== source.described) this.#renew(source)
    if (isCurrent) return
    const databases = JSON.stringify(this.databases())
    if (databases === this.#databases) return
    this.#databases = databases
    this.#admit().catch((error: unknown) =>
      this.#log.warn({ err: error }, 'workers could not be given the databases that have changed'),
    )
  }

  /** What is served of a changed file is its last copy, until there is a new one. */
  async #freshCopy({ name }: Layer, foreign: ForeignLayer): Promise<Layer> {
    await this.#foreign.renew(foreign)
    if (!foreign.served) this.#subjects.delete(name)
    const now = this.layer(name)
    if (now) return now
    throw unreadable(name)
  }

  #foreignOf(name: string): ForeignLayer | undefined {
    return this.#foreign.layers.find((layer) => this.#foreignNames.get(layer) === name)
  }

  #preparing(name: string, { preparation, served }: ForeignLayer): Layer | null {
    return preparation && !served ? preparingLayer(name, preparation) : null
  }

  /** Workers may read its copy from now on. */
  #serve(layer: ForeignLayer): void {
    if (!layer.served) return
    this.#named(layer, layer.served)
    this.#renew(layer.served)
  }

  #named(layer: ForeignLayer, copy: ServedSource): void {
    this.#names.set(copy, new Map([['', this.#foreignNames.get(layer) ?? '']]))
  }

  /** After a reading: layers whose data is other than before start over, tables that are gone go. */
  #renew(source: ServedSource): void {
    if (source.failure !== null) return
    this.#taken.set(source, source.described)
    const names = this.#names.get(source)
    const present = new Set<string>()
    for (const description of source.described.layers) {
      const name = names?.get(identity(description))
      if (name === undefined) continue
      present.add(name)
      if (this.#subjects.get(name)?.layer.fingerprint === source.fingerprint) continue
      this.#subjects.set(name, { source, description, layer: claimed(name, source.fingerprint, description) })
      this.#checks.add(name)
    }
    for (const [name, subject] of this.#subjects) if (subject.source === source && !present.has(name)) this.#subjects.delete(name)
  }
}

/** The same table is the same layer after a change. */
function identity({ relation }: Description): string {
  return relation.kind === 'parquet' ? '' : `${relation.schema}.${relation.table}`
}

function unreadable(name: string): GeoduckError {
  return new GeoduckError(
    'SOURCE_UNREADABLE',
    `The source of layer ${name} cannot be read any more; \`health.problems\` says why.`,
  )
}

/** A table is called like itself, then like its database and itself; a file like itself, then like its folder and itself. */
function chooseNames(served: readonly ServedSource[], foreign: readonly ForeignLayer[]) {
  const all = served.flatMap((source) => source.described.layers.map((description) => ({ source, description })))
  const wishes = all.map(({ source: { source }, description: { names } }) =>
    source.kind === 'parquet' ? source.names : [...names, `${source.names[0]}_${names.at(-1)}`],
  )
  const chosen = uniqueNames([...wishes, ...foreign.map((layer) => layer.names)])
  const names = new Map(served.map((source) => [source, new Map<string, string>()]))
  for (const [index, { source, description }] of all.entries()) names.get(source)?.set(identity(description), chosen[index] ?? '')
  const foreignNames = new Map(foreign.map((layer, index) => [layer, chosen[all.length + index] ?? '']))
  return { names, foreignNames }
}
