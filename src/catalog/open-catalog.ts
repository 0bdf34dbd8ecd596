/** The layers of all sources by name, brought up to date as their files change and as scans prove what they are. */
import { GeoduckError } from '../errors.ts'
import type { Catalog, CatalogLog } from './catalog.ts'
import { CheckQueue, type Subject } from './check-queue.ts'
import type { WantedSource } from './configure.ts'
import type { Description } from './inspection.ts'
import type { Inspector } from './inspector.ts'
import type { Layer, Problem } from './layer.ts'
import { fingerprintWith } from './layer-options.ts'
import { chooseOffers, identity, type Offer, type Offers } from './offers.ts'
import { claimed } from './prove.ts'
import type { ServedSource } from './served-source.ts'
import { allowedPathsOf } from './sources.ts'
import { tailor } from './tailor.ts'

export class OpenCatalog implements Catalog {
  readonly databases: Catalog['databases']
  readonly files: readonly string[]
  readonly #inspector: Inspector
  readonly #argumentProblems: readonly Problem[]
  readonly #served: readonly ServedSource[]
  /** Names stay with their layers: by source, then by what the source calls them. */
  readonly #offers: Offers['of']
  readonly #subjects = new Map<string, Subject>()
  readonly #checks: CheckQueue

  /** Every source has been read once. `problems` are those of arguments that are no source. */
  constructor(log: CatalogLog, inspector: Inspector, problems: readonly Problem[], wanted: readonly Wanted[]) {
    const served = wanted.map(({ served }) => served)
    const offers = chooseOffers(wanted)
    this.#inspector = inspector
    this.#argumentProblems = [...problems, ...offers.problems]
    this.#served = served
    this.files = served.flatMap(({ source }) => allowedPathsOf(source))
    this.databases = served.flatMap(({ source, alias }) => (source.kind === 'database' ? [{ alias, path: source.file }] : []))
    this.#offers = offers.of
    this.#checks = new CheckQueue(inspector, log, this.#subjects)
    for (const source of [...served].sort((a, b) => a.bytes - b.bytes)) this.#renew(source)
  }

  layers(): readonly Layer[] {
    return [...this.#subjects.values()].map(({ layer }) => layer).sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  layer(name: string): Layer | undefined {
    return this.#subjects.get(name)?.layer
  }

  problems(): readonly Problem[] {
    return [...this.#argumentProblems, ...this.#served.flatMap(({ problems }) => problems)]
  }

  get checked(): Promise<void> {
    return this.#checks.done
  }

  async fresh(layer: Layer): Promise<Layer> {
    const source = this.#subjects.get(layer.name)?.source
    if (source && !(await source.isCurrent())) {
      await source.read()
      this.#renew(source)
    }
    const now = this.#subjects.get(layer.name)
    if (now && now.source.failure === null) return now.layer
    throw new GeoduckError(
      'SOURCE_UNREADABLE',
      `The source of layer ${layer.name} cannot be read any more; \`health.problems\` says why.`,
    )
  }

  writes(layer: Layer): number {
    return this.#subjects.get(layer.name)?.source.writes ?? 0
  }

  async close(): Promise<void> {
    await this.#inspector.close()
    await this.#checks.done
  }

  /** After a reading: layers whose data is other than before start over, tables that are gone go. */
  #renew(source: ServedSource): void {
    if (source.failure !== null) return
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

interface Wanted {
  readonly wants: WantedSource
  readonly served: ServedSource
}
