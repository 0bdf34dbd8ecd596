/**
 * The layers by name. They are built from the content of their sources, rebuilt when that changes, and proven by one check
 * after the other.
 */
import { isDeepStrictEqual } from 'node:util'
import type { CheckResult, Description } from '../engines/duckdb/host/inspection.ts'
import { SourceError } from '../engines/duckdb/host/source-error.ts'
import type { Layer } from '../model/layer.ts'
import type { NamedLayer } from './layer-names.ts'
import { fingerprintWith, type LayerOptions, withOptions } from './layer-options.ts'
import { claimedLayer, preparingLayer, provenLayer, reservations } from './layer-states.ts'
import type { Contents, Source, SourceContext, SourcePart, Version } from './source.ts'

/** NEW_VERSION: other data, another configuration, or the first data after its preparation. CHECKED: the same data, proven by a check. */
export interface LayerChange {
  readonly kind: 'ADDED' | 'NEW_VERSION' | 'CHECKED' | 'REMOVED'
  /** The current layer; for a removed layer, its last state. */
  readonly layer: Layer
}

/** A layer of a source. A new version replaces it; it is never modified. */
interface Entry {
  readonly name: string
  readonly source: Source
  part: SourcePart
  readonly version: Version | null
  readonly options: LayerOptions | null
  /** The description with the layer's options. */
  readonly description: Description | null
  /** Null if it is prepared first, or must not be served. */
  layer: Layer | null
  /** Problems of the layer with its source or its options. */
  readonly findings: string[]
}

export class ServedLayers {
  /** Settles when no check is running or waiting. It never rejects. */
  checked: Promise<void> = Promise.resolve()
  readonly #entries = new Map<string, Entry>()
  /** The parts and options for the layers of each source. */
  readonly #taken = new Map<Source, Contents['parts']>()
  /** The layers that the last change reported. */
  readonly #emitted = new Map<string, Layer>()
  readonly #context: Pick<SourceContext, 'inspector' | 'log'>
  readonly #emit: (change: LayerChange) => void

  constructor(context: Pick<SourceContext, 'inspector' | 'log'>, emit: (change: LayerChange) => void) {
    this.#context = context
    this.#emit = emit
  }

  get names(): readonly string[] {
    return [...this.#entries.keys()]
  }

  get(name: string): Layer | undefined {
    const entry = this.#entries.get(name)
    if (!entry) return undefined
    const { layer, version, part } = entry
    if (layer || version || !part.preparation) return layer ?? undefined
    return preparingLayer(name, part.kind, part.preparation)
  }

  sourceOf(name: string): Source | undefined {
    return this.#entries.get(name)?.source
  }

  versionOf(name: string): Version | null {
    return this.#entries.get(name)?.version ?? null
  }

  /** Problems of layers by their source. */
  get findings(): ReadonlyMap<Source, readonly string[]> {
    const bySource = Map.groupBy(this.#entries.values(), ({ source }) => source)
    return new Map([...bySource].map(([source, entries]) => [source, entries.flatMap(({ findings }) => findings)]))
  }

  /** Adds a problem that a query has found in this version of the layer. */
  unreadable({ name, fingerprint }: Layer, reason: string): void {
    const entry = this.#entries.get(name)
    if (!entry?.description || entry.layer?.fingerprint !== fingerprint) return
    if (!entry.findings.some((finding) => finding.endsWith(reason))) this.#find(entry, entry.description, reason)
  }

  /** True if its layers are built from its current content. */
  isTaken(source: Source): boolean {
    return this.#taken.get(source) === source.describe().parts
  }

  /** Rebuilds layers with another version, and removes layers without a part. `names` is by part. */
  renew(source: Source, names: ReadonlyMap<string, readonly NamedLayer[]> | undefined): void {
    const made = new Set<string>()
    const { parts } = source.describe()
    this.#taken.set(source, parts)
    for (const part of parts) {
      for (const named of names?.get(part.id) ?? []) {
        made.add(named.name)
        this.#make(source, part, named)
      }
    }
    for (const { name, source: of } of this.#entries.values()) if (of === source && !made.has(name)) this.#entries.delete(name)
  }

  /** Removes layers of other sources. */
  keep(sources: ReadonlySet<Source>): void {
    for (const [name, { source }] of this.#entries) if (!sources.has(source)) this.#entries.delete(name)
    for (const source of this.#taken.keys()) if (!sources.has(source)) this.#taken.delete(source)
  }

  /** Emits the changes since the last call, and returns them. */
  emitChanges(): readonly LayerChange[] {
    const changes = [...new Set([...this.#emitted.keys(), ...this.#entries.keys()])].flatMap((name) => this.#changeOf(name))
    for (const change of changes) this.#emit(change)
    return changes
  }

  #changeOf(name: string): LayerChange | [] {
    const [before, layer] = [this.#emitted.get(name), this.get(name)]
    if (!layer) this.#emitted.delete(name)
    else this.#emitted.set(name, layer)
    if (!layer) return before ? { kind: 'REMOVED', layer: before } : []
    if (!before) return { kind: 'ADDED', layer }
    if (before.fingerprint !== layer.fingerprint || !looksSame(before, layer)) return { kind: 'NEW_VERSION', layer }
    return before.state === layer.state ? [] : { kind: 'CHECKED', layer }
  }

  #make(source: Source, part: SourcePart, { name, options }: NamedLayer): void {
    const { version } = part
    const known = this.#entries.get(name)
    if (known?.source === source && known.version === version && isDeepStrictEqual(known.options, options)) {
      known.part = part
      return
    }
    const findings: string[] = []
    let layer: Layer | null = null
    let description: Description | null = null
    try {
      if (version) {
        const made = options ? withOptions(version.description, options) : { description: version.description, problems: [] }
        findings.push(...made.problems.map((problem) => `layer ${name}: ${problem}`))
        description = made.description
        layer = claimedLayer(name, fingerprintWith(options, version.fingerprint), description)
      }
    } catch (error) {
      findings.push(`layer ${name}: ${(error as Error).message}`)
    }
    const entry: Entry = { name, source, part, version, options, description, layer, findings }
    this.#entries.set(name, entry)
    if (layer) this.checked = this.checked.then(() => this.#check(entry))
  }

  async #check(entry: Entry): Promise<void> {
    const { name, version, description } = entry
    const { log, inspector } = this.#context
    if (!version || !description || this.#entries.get(name) !== entry) return
    const began = performance.now()
    let result: CheckResult | SourceError
    try {
      result = await version.reader.check(description)
    } catch (error) {
      if (inspector.closed) return
      if (!(error instanceof SourceError)) {
        log.warn({ err: error, layer: name }, `layer ${name} could not be scanned and stays as its source claims it to be`)
        return
      }
      result = error
    }
    // The data has changed during the check, so the next query starts it again. This is tested last, because the layer may be renewed during the look.
    if (!(await version.reader.isCurrent()) || this.#entries.get(name) !== entry) return
    this.#conclude(entry, description, result, Math.round(performance.now() - began))
    this.emitChanges()
  }

  #conclude(entry: Entry, description: Description, result: CheckResult | SourceError, ms: number): void {
    const { name, layer } = entry
    if (layer && !(result instanceof SourceError) && result.outcome === 'PROVEN') {
      entry.layer = provenLayer(layer, description, result)
      const { featureCount: features, report } = result
      this.#context.log.info(
        { layer: name, features, ...(report && { invalid: report.invalid }), ms },
        `layer ${name} is scanned`,
      )
      for (const reason of reservations(description, result)) this.#find(entry, description, reason)
      return
    }
    entry.layer = null
    if (result instanceof SourceError) this.#find(entry, description, `its scan failed: ${result.message}`, result)
    else this.#find(entry, description, unsafe(result))
  }

  #find({ name, source, findings }: Entry, { tailoring }: Description, reason: string, err?: SourceError): void {
    const finding = source.describe().parts.length > 1 || tailoring ? `layer ${name}: ${reason}` : reason
    findings.push(finding)
    this.#context.log.warn({ source: source.label, layer: name, ...(err && { err }) }, `${source.label}: ${finding}`)
  }
}

/** True if both have the same columns and configuration. Usually they are the same objects. A check adds the values of enums. */
function looksSame(before: Layer, layer: Layer): boolean {
  const both = [before, layer].map(({ columns, tailoring }) => ({
    columns: columns.map(({ values, ...column }) => column),
    tailoring,
  }))
  return isDeepStrictEqual(both[0], both[1])
}

function unsafe(result: CheckResult): string {
  if (result.outcome === 'PROVEN') return 'it is not served'
  const { column, count, rows } = result
  const some = `${rows.join(', ')}${count > rows.length ? ', ...' : ''}, counted from 0`
  return `it is not served: ${count === 1 ? 'a value' : `${count} values`} of its column ${column} cannot be read safely (${some}): mend them in the source, or remove their rows`
}
