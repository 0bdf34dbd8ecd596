/** The layers of all sources by name, brought up to date as their files change and as scans prove what they are. */
import { GeoduckError } from '../errors.ts'
import type { Access, DatabaseAccess } from '../pool/messages.ts'
import type { Catalog, CatalogOptions } from './catalog.ts'
import { CheckQueue, type Subject } from './check-queue.ts'
import type { Described, Description } from './inspection.ts'
import type { Inspector } from './inspector.ts'
import type { Layer, Problem } from './layer.ts'
import { fingerprintWith } from './layer-options.ts'
import { chooseOffers, identity, type Offer, type WantedForeign, type WantedServed } from './offers.ts'
import { type ForeignLayer, preparingLayer } from './prepare/foreign-layer.ts'
import type { ForeignLayers } from './prepare/foreign-layers.ts'
import { claimed } from './prove.ts'
import type { ServedSource } from './served-source.ts'
import { allowedPathsOf } from './sources.ts'
import { tailor } from './tailor.ts'

export interface OpenCatalogParts extends Pick<CatalogOptions, 'log'> {
  readonly inspector: Inspector
  /** Those of arguments that are no source. */
  readonly problems: readonly Problem[]
  /** Each has been read once. */
  readonly wanted: readonly WantedServed[]
  readonly wantedForeign: readonly WantedForeign[]
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
  readonly #offers: Map<ServedSource, ReadonlyMap<string, readonly Offer[]>>
  readonly #foreignOffers: ReadonlyMap<ForeignLayer, readonly Offer[]>
  readonly #subjects = new Map<string, Subject>()
  /** What the layers of each source are made of. */
  readonly #taken = new Map<ServedSource, Described>()
  readonly #checks: CheckQueue
  /** As workers know them. */
  #databases: string
  /** Workers get what there is now. */
  readonly #admit: () => Promise<void>
  readonly #log: CatalogOptions['log']

  constructor({ log, inspector, problems, wanted, wantedForeign, foreign, admit }: OpenCatalogParts) {
    const served = wanted.map((one) => one.served)
    const offers = chooseOffers(wanted, wantedForeign, foreign.layers)
    this.#log = log
    this.#inspector = inspector
    this.#argumentProblems = [...problems, ...offers.problems]
    this.#served = served
    this.#foreign = foreign
    this.#offers = offers.of
    this.#foreignOffers = offers.ofForeign
    this.#admit = () => admit({ allowedPaths: this.files, databases: this.databases() })
    this.#databases = JSON.stringify(this.databases())
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
    const preparing = [...this.#foreignOffers]
      .flatMap(([layer, offers]) => offers.map(({ name }) => this.#preparing(name, layer)))
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

  writes(layer: Layer): number {
    return this.#subjects.get(layer.name)?.source.writes ?? 0
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
    return this.#foreign.layers.find((layer) => this.#foreignOffers.get(layer)?.some((offer) => offer.name === name))
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
    this.#offers.set(copy, new Map([['', this.#foreignOffers.get(layer) ?? []]]))
  }

  /** After a reading: layers whose data is other than before start over, tables that are gone go. */
  #renew(source: ServedSource): void {
    if (source.failure !== null) return
    this.#taken.set(source, source.described)
    const present = new Set<string>()
    for (const description of source.described.layers) {
      for (const offer of this.#offers.get(source)?.get(identity(description)) ?? []) {
        if (this.#offer(source, description, offer)) present.add(offer.name)
      }
    }
    for (const [name, subject] of this.#subjects) if (subject.source === source && !present.has(name)) this.#subjects.delete(name)
  }

  /** False if it is not served. */
  #offer(source: ServedSource, found: Description, { name, options }: Offer): boolean {
    const fingerprint = fingerprintWith(options, source.fingerprint)
    if (this.#subjects.get(name)?.layer.fingerprint === fingerprint) return true
    try {
      const { description, problems } = options ? tailor(found, options) : { description: found, problems: [] }
      source.findings.push(...problems.map((problem) => `layer ${name}: ${problem}`))
      this.#subjects.set(name, { source, description, layer: claimed(name, fingerprint, description) })
      this.#checks.add(name)
      return true
    } catch (error) {
      const problem = `layer ${name}: ${(error as Error).message}`
      if (!source.findings.includes(problem)) source.findings.push(problem)
      return false
    }
  }
}

function unreadable(name: string): GeoduckError {
  return new GeoduckError(
    'SOURCE_UNREADABLE',
    `The source of layer ${name} cannot be read any more; \`health.problems\` says why.`,
  )
}
