/** The layers of all sources by name, brought up to date as their files change and as scans prove what they are. */

import type { Inspector } from '../engines/duckdb/host/inspector.ts'
import type { Access, DatabaseAccess } from '../engines/engine.ts'
import { GeoduckError } from '../model/errors.ts'
import type { Layer, Problem } from '../model/layer.ts'
import type { Catalog, CatalogOptions } from './catalog.ts'
import { chooseOffers, type Offer, type Offers } from './offers.ts'
import { type ForeignLayer, preparingLayer } from './prepare/foreign-layer.ts'
import type { ForeignLayers } from './prepare/foreign-layers.ts'
import type { Lineup, Roster } from './roster.ts'
import type { ServedSource } from './served-source.ts'
import { allowedPathsOf, filesOf } from './sources.ts'
import { Subjects } from './subjects.ts'
import { Watch } from './watch.ts'

export interface OpenCatalogParts extends Pick<CatalogOptions, 'log'> {
  readonly inspector: Inspector
  readonly roster: Roster
  /** Of its first look. */
  readonly lineup: Lineup
  /** Their files have been looked at. */
  readonly foreign: ForeignLayers
  readonly admit: (access: Access) => Promise<void>
}

export class OpenCatalog implements Catalog {
  readonly prepared: Promise<void>
  readonly #inspector: Inspector
  readonly #roster: Roster
  #lineup: Lineup
  readonly #foreign: ForeignLayers
  /** Names stay with their layers: by source, then by what the source calls them. */
  #offers: Offers
  readonly #copyOffers = new Map<ServedSource, ReadonlyMap<string, readonly Offer[]>>()
  readonly #subjects: Subjects
  #watch: Watch | null = null
  /** What workers have been given, or are being given. */
  #admitted: string
  readonly #admit: (access: Access) => Promise<void>
  readonly #log: CatalogOptions['log']

  constructor({ log, inspector, roster, lineup, foreign, admit }: OpenCatalogParts) {
    this.#log = log
    this.#inspector = inspector
    this.#roster = roster
    this.#lineup = lineup
    this.#foreign = foreign
    this.#offers = chooseOffers(lineup.wanted, lineup.wantedForeign, foreign.layers)
    this.#admit = admit
    this.#admitted = JSON.stringify(this.#access())
    this.#subjects = new Subjects(inspector, log)
    const copies = foreign.layers.flatMap((layer) => (layer.served ? [layer.served] : []))
    for (const layer of foreign.layers) if (layer.served) this.#named(layer, layer.served)
    for (const source of [...this.#served, ...copies].sort((a, b) => a.bytes - b.bytes)) this.#renew(source)
    foreign.start({ admit: () => this.#admitNow(), onServed: (layer) => this.#serve(layer) })
    this.prepared = foreign.settled()
  }

  get files(): readonly string[] {
    return [...this.#served.flatMap(({ source }) => allowedPathsOf(source)), ...this.#foreign.files()]
  }

  layers(): readonly Layer[] {
    const served = this.#subjects.all().map(({ layer }) => layer)
    const preparing = [...this.#offers.ofForeign]
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
      ...this.#lineup.problems,
      ...this.#offers.problems,
      ...this.#served.flatMap(({ problems }) => problems),
      ...this.#foreign.problems(),
      ...copies,
    ]
  }

  databases(): readonly DatabaseAccess[] {
    return this.#served.flatMap(({ database }) => database ?? [])
  }

  get checked(): Promise<void> {
    return this.#subjects.checked
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

  /** What the arguments hold now is served from now on. One at a time. */
  async takeUp(): Promise<void> {
    const before = new Set(this.layers().map(({ name }) => name))
    const lineup = await this.#roster.look()
    await this.#foreign.look(lineup.wantedForeign.map(({ source }) => source))
    this.#lineup = lineup
    // Before workers may not read it any more; what another source is heir to stays until that can be read.
    this.#keep([...lineup.heirs.values()])
    if (JSON.stringify(this.#access()) !== this.#admitted) await this.#admitNow()
    const { of, ofForeign } = this.#offers
    this.#offers = chooseOffers(lineup.wanted, lineup.wantedForeign, this.#foreign.layers, {
      before: { of, ofForeign },
      heirs: lineup.heirs,
    })
    for (const source of this.#served) {
      const isSame = this.#subjects.isTaken(source) && isEqual(of.get(source), this.#offers.of.get(source))
      if (!isSame) this.#renew(source)
    }
    for (const layer of this.#foreign.layers) {
      if (layer.served && !isEqual(ofForeign.get(layer), this.#offers.ofForeign.get(layer))) this.#serve(layer)
    }
    this.#keep([])
    this.#tell(before)
  }

  /** Every file that is looked at, also those that no argument names: logs, parts. */
  get #parts(): readonly string[] {
    const foreign = this.#lineup.wantedForeign.flatMap(({ source }) => source.files)
    return [...this.#served.flatMap(({ source }) => filesOf(source)), ...foreign]
  }

  /** Sees by itself what changes; `taken` is the picture that it was made of. */
  watch(picture: (parts: readonly string[]) => Promise<string>, taken: string): void {
    const options = { picture: () => picture(this.#parts), takeUp: () => this.takeUp(), log: this.#log }
    this.#watch = new Watch(options, taken)
  }

  async close(): Promise<void> {
    await Promise.all([this.#watch?.close(), this.#inspector.close(), this.#foreign.close()])
    await this.#subjects.checked
  }

  async #refresh(source: ServedSource): Promise<void> {
    const isCurrent = await source.isCurrent()
    if (!isCurrent) await source.read()
    // Also behind a reading that somebody else has asked for.
    if (!this.#subjects.isTaken(source)) this.#renew(source)
    if (isCurrent) return
    if (JSON.stringify(this.#access()) === this.#admitted) return
    this.#admitNow().catch((error: unknown) =>
      this.#log.warn({ err: error }, 'workers could not be given the databases that have changed'),
    )
  }

  get #served(): readonly ServedSource[] {
    return this.#lineup.wanted.map(({ served }) => served)
  }

  #access(): Access {
    return { allowedPaths: this.files, databases: this.databases() }
  }

  /** Workers get what there is now. */
  async #admitNow(): Promise<void> {
    const access = this.#access()
    this.#admitted = JSON.stringify(access)
    try {
      await this.#admit(access)
    } catch (error) {
      this.#admitted = ''
      throw error
    }
  }

  /** Layers of what is not there any more go. */
  #keep(others: readonly ServedSource[]): void {
    const copies = this.#foreign.layers.map(({ served }) => served)
    const sources = new Set([...this.#served, ...copies, ...others])
    this.#subjects.keep(sources)
    for (const source of this.#copyOffers.keys()) if (!sources.has(source)) this.#copyOffers.delete(source)
  }

  #renew(source: ServedSource): void {
    this.#subjects.renew(source, this.#offers.of.get(source) ?? this.#copyOffers.get(source))
  }

  #tell(before: ReadonlySet<string>): void {
    const now = new Set(this.layers().map(({ name }) => name))
    for (const layer of now) if (!before.has(layer)) this.#log.info({ layer }, `layer ${layer} has come`)
    for (const layer of before)
      if (!now.has(layer)) this.#log.warn({ layer }, `layer ${layer} is gone: its source is not there any more`)
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
    return this.#foreign.layers.find((layer) => this.#offers.ofForeign.get(layer)?.some((offer) => offer.name === name))
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
    this.#copyOffers.set(copy, new Map([['', this.#offers.ofForeign.get(layer) ?? []]]))
  }
}

/** Of offers: whether they say the same. */
function isEqual(a: Iterable<unknown> | undefined, b: Iterable<unknown> | undefined): boolean {
  return JSON.stringify([...(a ?? [])]) === JSON.stringify([...(b ?? [])])
}

function unreadable(name: string): GeoduckError {
  return new GeoduckError(
    'SOURCE_UNREADABLE',
    `The source of layer ${name} cannot be read any more; \`health.problems\` says why.`,
  )
}
