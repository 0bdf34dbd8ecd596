/**
 * The layers by what identifies them, because names may change. They are built from the content of their sources, rebuilt when that changes, and proven by one check
 * after the other.
 */
import { isDeepStrictEqual } from 'node:util'
import type { CheckResult } from '../engines/duckdb/host/inspection.ts'
import { SourceError } from '../engines/duckdb/host/source-error.ts'
import { identityOf, type Layer, type LayerChange } from '../model/layer.ts'
import type { Preparation } from '../model/preparation.ts'
import type { NamedLayer } from './layer-names.ts'
import { fingerprintWith, withOptions } from './layer-options.ts'
import { claimedLayer, preparingLayer, provenLayer, renamed, reservations } from './layer-states.ts'
import type { Contents, ServedDescription, Source, SourceContext, SourcePart, Version } from './source.ts'

/** The progress of a layer's copy. */
export interface LayerPreparation extends Preparation {
  readonly layer: string
}

/** A layer of a source. A new version replaces it; it is never modified. */
interface Entry {
  named: NamedLayer
  readonly source: Source
  part: SourcePart
  readonly version: Version | null
  /** The description with the layer's options. */
  readonly description: ServedDescription | null
  /** Null if it is prepared first, or must not be served. */
  layer: Layer | null
  /** Problems of the layer with its source or its options. */
  readonly findings: Finding[]
}

interface Finding {
  readonly reason: string
  /** True if the source does not say which layer it is. */
  readonly namesLayer: boolean
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

  all(): Layer[] {
    return [...this.#entries.keys()].flatMap((identity) => this.get(identity) ?? [])
  }

  get(identity: string): Layer | undefined {
    const entry = this.#entries.get(identity)
    if (!entry) return undefined
    const { named, layer, version, part } = entry
    if (layer || version || !part.preparation) return layer ?? undefined
    return renamed(preparingLayer(named.name, part.kind, part.preparation), named)
  }

  /** Layers that are being prepared, also those whose last copy is served meanwhile. */
  preparations(): LayerPreparation[] {
    return [...this.#entries.values()].flatMap(({ named, part: { preparation } }) =>
      preparation ? [{ layer: named.name, ...preparation }] : [],
    )
  }

  sourceOf(identity: string): Source | undefined {
    return this.#entries.get(identity)?.source
  }

  versionOf(identity: string): Version | null {
    return this.#entries.get(identity)?.version ?? null
  }

  /** Problems of layers by their source. */
  get findings(): ReadonlyMap<Source, readonly string[]> {
    const bySource = Map.groupBy(this.#entries.values(), ({ source }) => source)
    return new Map([...bySource].map(([source, entries]) => [source, entries.flatMap(findingsOf)]))
  }

  /** Adds a problem that a query has found in this version of the layer. */
  unreadable(layer: Layer, reason: string): void {
    const entry = this.#entries.get(identityOf(layer))
    if (!entry?.description || entry.layer?.fingerprint !== layer.fingerprint) return
    if (!entry.findings.some((finding) => finding.reason === reason)) this.#find(entry, entry.description, reason)
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
        made.add(identityOf(named))
        this.#make(source, part, named)
      }
    }
    for (const [identity, { source: of }] of this.#entries) {
      if (of === source && !made.has(identity)) this.#entries.delete(identity)
    }
  }

  /** Removes layers of other sources. */
  keep(sources: ReadonlySet<Source>): void {
    for (const [identity, { source }] of this.#entries) if (!sources.has(source)) this.#entries.delete(identity)
    for (const source of this.#taken.keys()) if (!sources.has(source)) this.#taken.delete(source)
  }

  /** Emits the changes since the last call, and returns them. A layer with another name is one that is removed, and one that is added. */
  emitChanges(): readonly LayerChange[] {
    const current = new Map(this.all().map((layer) => [layer.name, layer]))
    const names = new Set([...this.#emitted.keys(), ...current.keys()])
    const changes = [...names].flatMap((name) => this.#changeOf(name, current.get(name)))
    for (const change of changes) this.#emit(change)
    return changes
  }

  #changeOf(name: string, layer: Layer | undefined): LayerChange | [] {
    const before = this.#emitted.get(name)
    if (!layer) this.#emitted.delete(name)
    else this.#emitted.set(name, layer)
    if (!layer) return before ? { kind: 'REMOVED', layer: before } : []
    if (!before) return { kind: 'ADDED', layer }
    if (before.fingerprint !== layer.fingerprint || !looksSame(before, layer)) return { kind: 'NEW_VERSION', layer }
    return before.state === layer.state ? [] : { kind: 'CHECKED', layer }
  }

  #make(source: Source, part: SourcePart, named: NamedLayer): void {
    const { version } = part
    const { options } = named
    const known = this.#entries.get(identityOf(named))
    if (known?.source === source && known.version === version && isDeepStrictEqual(known.named.options, options)) {
      const { name, longName } = known.named
      if (known.layer && (name !== named.name || longName !== named.longName)) known.layer = renamed(known.layer, named)
      known.named = named
      known.part = part
      return
    }
    const findings: Finding[] = []
    let layer: Layer | null = null
    let description: ServedDescription | null = null
    try {
      if (version) {
        const made = options ? withOptions(version.description, options) : { description: version.description, problems: [] }
        findings.push(...made.problems.map((reason) => ({ reason, namesLayer: true })))
        description = made.description
        layer = renamed(claimedLayer(named.name, fingerprintWith(options, version.fingerprint), description), named)
      }
    } catch (error) {
      findings.push({ reason: (error as Error).message, namesLayer: true })
    }
    const entry: Entry = { named, source, part, version, description, layer, findings }
    this.#entries.set(identityOf(named), entry)
    if (layer) this.checked = this.checked.then(() => this.#check(entry))
  }

  async #check(entry: Entry): Promise<void> {
    const { version, description } = entry
    const { log, inspector } = this.#context
    const isCurrent = () => this.#entries.get(identityOf(entry.named)) === entry
    if (!version || !description || !isCurrent()) return
    const began = performance.now()
    let result: CheckResult | SourceError
    try {
      result = await version.reader.check(description)
    } catch (error) {
      if (inspector.closed) return
      if (!(error instanceof SourceError)) {
        const { name } = entry.named
        log.warn({ err: error, layer: name }, `layer ${name} could not be scanned and stays as its source claims it to be`)
        return
      }
      result = error
    }
    // The data has changed during the check, so the next query starts it again. This is tested last, because the layer may be renewed during the look.
    if (!(await version.reader.isCurrent()) || !isCurrent()) return
    this.#conclude(entry, description, result, Math.round(performance.now() - began))
    this.emitChanges()
  }

  #conclude(entry: Entry, description: ServedDescription, result: CheckResult | SourceError, ms: number): void {
    const { named, layer } = entry
    const { name } = named
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

  #find({ named, source, findings }: Entry, { tailoring }: ServedDescription, reason: string, err?: SourceError): void {
    const finding = { reason, namesLayer: source.describe().parts.length > 1 || tailoring !== undefined }
    findings.push(finding)
    const { name } = named
    const text = textOf(finding, named)
    this.#context.log.warn({ source: source.label, layer: name, ...(err && { err }) }, `${source.label}: ${text}`)
  }
}

function findingsOf({ findings, named }: Entry): readonly string[] {
  return findings.map((finding) => textOf(finding, named))
}

function textOf({ reason, namesLayer }: Finding, { name }: NamedLayer): string {
  return namesLayer ? `layer ${name}: ${reason}` : reason
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
