/** The layers of all sources by name, brought up to date as their files change and as scans prove what they are. */
import { GeoduckError } from '../errors.ts'
import type { DatabaseAccess } from '../pool/messages.ts'
import type { Catalog, CatalogLog } from './catalog.ts'
import { CheckQueue, type Subject } from './check-queue.ts'
import type { Described, Description } from './inspection.ts'
import type { Inspector } from './inspector.ts'
import type { Layer, Problem } from './layer.ts'
import { uniqueNames } from './names.ts'
import { claimed } from './prove.ts'
import type { ServedSource } from './served-source.ts'
import { allowedPathsOf } from './sources.ts'

export class OpenCatalog implements Catalog {
  readonly files: readonly string[]
  readonly #inspector: Inspector
  readonly #argumentProblems: readonly Problem[]
  readonly #served: readonly ServedSource[]
  /** Names stay with their layers: by source, then by what the source calls them. */
  readonly #names: ReadonlyMap<ServedSource, ReadonlyMap<string, string>>
  readonly #subjects = new Map<string, Subject>()
  /** What the layers of each source are made of. */
  readonly #taken = new Map<ServedSource, Described>()
  readonly #checks: CheckQueue
  /** As the listener knows them. */
  #databases: string
  #onDatabases: () => void = () => {}

  /** Every source has been read once. `problems` are those of arguments that are no source. */
  constructor(log: CatalogLog, inspector: Inspector, problems: readonly Problem[], served: readonly ServedSource[]) {
    this.#inspector = inspector
    this.#argumentProblems = problems
    this.#served = served
    this.files = served.flatMap(({ source }) => allowedPathsOf(source))
    this.#names = chooseNames(served)
    this.#checks = new CheckQueue(inspector, log, this.#subjects)
    this.#databases = JSON.stringify(this.databases())
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

  databases(): readonly DatabaseAccess[] {
    return this.#served.flatMap(({ database }) => database ?? [])
  }

  onDatabases(known: readonly DatabaseAccess[], listener: () => void): void {
    this.#onDatabases = listener
    if (JSON.stringify(known) !== this.#databases) listener()
  }

  get checked(): Promise<void> {
    return this.#checks.done
  }

  async fresh(layer: Layer): Promise<Layer> {
    const source = this.#subjects.get(layer.name)?.source
    if (source) await this.#refresh(source)
    const now = this.#subjects.get(layer.name)
    if (now && now.source.failure === null) return now.layer
    throw new GeoduckError(
      'SOURCE_UNREADABLE',
      `The source of layer ${layer.name} cannot be read any more; \`health.problems\` says why.`,
    )
  }

  async refresh(): Promise<void> {
    for (const source of this.#served) await this.#refresh(source)
  }

  async close(): Promise<void> {
    await this.#inspector.close()
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
    this.#onDatabases()
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

/** A table is called like itself, then like its database and itself; a file like itself, then like its folder and itself. */
function chooseNames(served: readonly ServedSource[]): Map<ServedSource, Map<string, string>> {
  const all = served.flatMap((source) => source.described.layers.map((description) => ({ source, description })))
  const wishes = all.map(({ source: { source }, description: { names } }) =>
    source.kind === 'parquet' ? source.names : [...names, `${source.names[0]}_${names.at(-1)}`],
  )
  const chosen = uniqueNames(wishes)
  const names = new Map(served.map((source) => [source, new Map<string, string>()]))
  for (const [index, { source, description }] of all.entries()) names.get(source)?.set(identity(description), chosen[index] ?? '')
  return names
}
