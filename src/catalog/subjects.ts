/** The layers that are served, by name: made of what their sources hold, made anew when that is another, proven by scans. */

import type { Described, Description } from '../engines/duckdb/host/inspection.ts'
import type { Inspector } from '../engines/duckdb/host/inspector.ts'
import type { CatalogLog } from './catalog.ts'
import { CheckQueue, type Subject } from './check-queue.ts'
import { fingerprintWith } from './layer-options.ts'
import { identity, type Offer } from './offers.ts'
import { claimed } from './prove.ts'
import type { ServedSource } from './served-source.ts'
import { tailor } from './tailor.ts'

export class Subjects {
  readonly #byName = new Map<string, Subject>()
  /** What the layers of each source are made of. */
  readonly #taken = new Map<ServedSource, Described>()
  readonly #checks: CheckQueue

  constructor(inspector: Inspector, log: CatalogLog) {
    this.#checks = new CheckQueue(inspector, log, this.#byName)
  }

  /** No scan is under way or waiting. */
  get checked(): Promise<void> {
    return this.#checks.done
  }

  get(name: string): Subject | undefined {
    return this.#byName.get(name)
  }

  all(): readonly Subject[] {
    return [...this.#byName.values()]
  }

  delete(name: string): void {
    this.#byName.delete(name)
  }

  /** Layers of other sources go. */
  keep(sources: ReadonlySet<ServedSource | null>): void {
    for (const [name, { source }] of this.#byName) if (!sources.has(source)) this.#byName.delete(name)
    for (const source of this.#taken.keys()) if (!sources.has(source)) this.#taken.delete(source)
  }

  /** Whether its layers are made of what it is known to hold now. */
  isTaken(source: ServedSource): boolean {
    return this.#taken.get(source) === source.described
  }

  /** After a reading: layers whose data is other than before start over, tables that are gone go. `offers` by what the source calls them. */
  renew(source: ServedSource, offers: ReadonlyMap<string, readonly Offer[]> | undefined): void {
    if (source.failure !== null) return
    this.#taken.set(source, source.described)
    const present = new Set<string>()
    for (const description of source.described.layers) {
      for (const offer of offers?.get(identity(description)) ?? []) {
        if (this.#offer(source, description, offer)) present.add(offer.name)
      }
    }
    for (const [name, subject] of this.#byName) if (subject.source === source && !present.has(name)) this.#byName.delete(name)
  }

  /** False if it is not served. */
  #offer(source: ServedSource, found: Description, { name, options }: Offer): boolean {
    const fingerprint = fingerprintWith(options, source.fingerprint)
    const known = this.#byName.get(name)
    if (known?.source === source && known.layer.fingerprint === fingerprint) return true
    try {
      const { description, problems } = options ? tailor(found, options) : { description: found, problems: [] }
      source.findings.push(...problems.map((problem) => `layer ${name}: ${problem}`))
      this.#byName.set(name, { source, description, layer: claimed(name, fingerprint, description) })
      this.#checks.add(name)
      return true
    } catch (error) {
      const problem = `layer ${name}: ${(error as Error).message}`
      if (!source.findings.includes(problem)) source.findings.push(problem)
      return false
    }
  }
}
