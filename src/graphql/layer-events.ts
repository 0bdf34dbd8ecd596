import type { Layer, LayerChange } from '../model/layer.ts'

/** An event in the form that the resolver of the root field takes. */
export interface LayerEvent {
  readonly layerChanged: { readonly kind: LayerChange['kind']; readonly name: string; readonly layer: Layer | null }
}

/** A change in the list of changes. The list has no beginning: a part that no subscription will read is freed. */
interface Link {
  readonly change: LayerChange | null
  next: Link | null
}

/**
 * The changes of all layers, for any number of subscriptions, each of which only holds its place in the list. A change that is older than another of
 * the same layer is not delivered any more, so a slow client gets one event per layer.
 */
export class LayerChanges {
  last: Link = { change: null, next: null }
  readonly #newest = new Map<string, LayerChange>()
  readonly #waiting = new Set<() => void>()

  add(change: LayerChange): void {
    const link = { change, next: null }
    if (change.kind === 'REMOVED') this.#newest.delete(change.layer.name)
    else this.#newest.set(change.layer.name, change)
    this.last.next = link
    this.last = link
    for (const wake of this.#waiting) wake()
  }

  isNewest(change: LayerChange): boolean {
    const newest = this.#newest.get(change.layer.name)
    return change.kind === 'REMOVED' ? newest === undefined : newest === change
  }

  /** Calls `wake` at every change. */
  join(wake: () => void): void {
    this.#waiting.add(wake)
  }

  leave(wake: () => void): void {
    this.#waiting.delete(wake)
  }
}

export interface LayerSubscription {
  /** Null: all layers. */
  readonly layer: Layer | null
  /** The fingerprint of the layer that the client has. */
  readonly fingerprint: string | null
  /** Aborted when the client has disconnected. */
  readonly left: AbortSignal
  /** Aborted when the server stops. Its reason is the error for the client. */
  readonly stopping: AbortSignal
}

/** Yields the changes of layers while the client pulls. It is no async generator, so that `return()` ends a wait. */
export class LayerEvents implements AsyncIterableIterator<LayerEvent> {
  readonly #changes: LayerChanges
  readonly #subscription: LayerSubscription
  #wait = Promise.withResolvers<void>()
  #place: Link
  #missed: LayerChange | null
  #isOver = false

  constructor(changes: LayerChanges, subscription: LayerSubscription) {
    const { layer, fingerprint, left, stopping } = subscription
    this.#changes = changes
    this.#subscription = subscription
    this.#place = changes.last
    const isKnown = fingerprint === null || fingerprint === layer?.fingerprint
    this.#missed = layer && !isKnown ? { kind: 'NEW_VERSION', layer } : null
    changes.join(this.#wake)
    left.addEventListener('abort', () => void this.return(), { once: true })
    stopping.addEventListener('abort', this.#wake)
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async next(): Promise<IteratorResult<LayerEvent>> {
    for (;;) {
      if (this.#isOver) return { done: true, value: undefined }
      if (this.#subscription.stopping.aborted) {
        await this.return()
        throw this.#subscription.stopping.reason
      }
      const change = this.#take()
      if (change) return { done: false, value: { layerChanged: eventOf(change) } }
      this.#wait = Promise.withResolvers()
      await this.#wait.promise
    }
  }

  return(): Promise<IteratorResult<LayerEvent>> {
    this.#isOver = true
    this.#changes.leave(this.#wake)
    this.#subscription.stopping.removeEventListener('abort', this.#wake)
    this.#wake()
    return Promise.resolve({ done: true, value: undefined })
  }

  readonly #wake = () => this.#wait.resolve()

  #take(): LayerChange | null {
    const missed = this.#missed
    this.#missed = null
    if (missed) return missed
    while (this.#place.next) {
      this.#place = this.#place.next
      const change = this.#place.change!
      if (this.#isWanted(change.layer) && this.#changes.isNewest(change)) return change
    }
    return null
  }

  #isWanted({ name }: Layer): boolean {
    const { layer } = this.#subscription
    return layer === null || layer.name === name
  }
}

function eventOf({ kind, layer }: LayerChange): LayerEvent['layerChanged'] {
  return { kind, name: layer.name, layer: kind === 'REMOVED' ? null : layer }
}
