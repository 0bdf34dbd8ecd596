/** The catalogue of a server with live layers: those of its files, and the live ones. */
import { EventEmitter } from 'node:events'
import type { FileAccess } from '../../engines/engine.ts'
import { GeoduckError } from '../../model/errors.ts'
import type { Layer, LayerChange, Problem } from '../../model/layer.ts'
import type { Catalog, KeptVersion } from '../catalog.ts'
import type { LayerPreparation } from '../served-layers.ts'
import type { LiveLayers } from './live-layers.ts'

export class LiveCatalog extends EventEmitter<{ changed: [LayerChange] }> implements Catalog {
  readonly live: LiveLayers
  readonly #files: Catalog

  constructor(files: Catalog, live: LiveLayers) {
    super()
    this.setMaxListeners(0)
    this.#files = files
    this.live = live
    files.on('changed', (change) => this.emit('changed', change))
    live.on('created', (layer) => this.emit('changed', { kind: 'ADDED', layer }))
  }

  /** A live layer keeps its name when a file that asks for it is added. */
  layers(): readonly Layer[] {
    const live = this.live.layers()
    const names = new Set(live.map(({ name }) => name))
    const files = this.#files.layers().filter(({ name }) => !names.has(name))
    return [...files, ...live].sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  layer(name: string): Layer | undefined {
    return this.live.layer(name) ?? this.#files.layer(name)
  }

  rivals(name: string): readonly string[] {
    return this.live.layer(name) ? [] : this.#files.rivals(name)
  }

  preparations(): readonly LayerPreparation[] {
    return this.#files.preparations()
  }

  problems(): readonly Problem[] {
    return this.#files.problems()
  }

  unreadable(layer: Layer, reason: string): void {
    if (layer.relation.kind !== 'live') this.#files.unreadable(layer, reason)
  }

  access(): FileAccess {
    return { ...this.#files.access(), live: this.live.directory }
  }

  get files(): readonly string[] {
    return this.#files.files
  }

  get prepared(): Promise<void> {
    return this.#files.prepared
  }

  get engines(): Catalog['engines'] {
    return this.#files.engines
  }

  get mirrored(): Promise<void> {
    return this.#files.mirrored
  }

  get checked(): Promise<void> {
    return this.#files.checked
  }

  async fresh(layer: Layer): Promise<Layer> {
    if (layer.relation.kind !== 'live') return await this.#files.fresh(layer)
    const current = this.live.layer(layer.name)
    if (current) return current
    throw new GeoduckError('LAYER_NOT_FOUND', `No layer is named \`${layer.name}\`; \`layers\` lists them.`)
  }

  writes(layer: Layer): number {
    return layer.relation.kind === 'live' ? 0 : this.#files.writes(layer)
  }

  keep(layer: Layer): Promise<KeptVersion | null> {
    return this.#files.keep(layer)
  }

  refresh(): Promise<void> {
    return this.#files.refresh()
  }

  async close(): Promise<void> {
    await Promise.all([this.#files.close(), this.live.close()])
  }
}
