/** The events of a subscription to a layer that changes, which has no end. */
import { layerNotFound, operationContext } from '../ask/feature-request.ts'
import { OperationClock } from '../engines/deadline.ts'
import type { OperationContext } from '../engines/engine.ts'
import type { Layer } from '../model/layer.ts'
import type { Context, FollowedVersions, LiveVersions } from './context.ts'
import { versionOf } from './file-versions.ts'

/** Milliseconds without another event after which there is a heartbeat. */
const HEARTBEAT_MS = 5_000

/**
 * Yields events while the client pulls. Between two pulls it only holds the client's position. `return()` ends every wait, which an async
 * generator alone does not do.
 */
export abstract class LiveEvents<Event, Versions extends FollowedVersions = LiveVersions>
  implements AsyncIterableIterator<Event>
{
  protected readonly context: Context
  protected readonly live: Versions
  /** The layer's name. */
  protected readonly name: string
  /** Aborted when the client has gone, or the server stops. */
  protected readonly signal: AbortSignal
  readonly #pauseMs: number
  readonly #closing = new AbortController()
  readonly #events: AsyncGenerator<Event, void>
  /** Resolved by a commit. */
  #commit = Promise.withResolvers<void>()
  #lastEvent = performance.now()
  #lastQuery = Number.NEGATIVE_INFINITY

  constructor(name: string, maxPerSecond: number, context: Context, live: Versions) {
    this.name = name
    this.#pauseMs = 1_000 / maxPerSecond
    this.context = context
    this.live = live
    this.signal = AbortSignal.any([this.#closing.signal, context.services.stopping])
    const unwatch = live.watch(name, () => this.#commit.resolve())
    this.#closing.signal.addEventListener('abort', unwatch)
    this.#events = this.run()
    const { signal } = context.operation
    if (signal.aborted) this.#closing.abort()
    else signal.addEventListener('abort', () => this.#closing.abort(), { once: true, signal: this.#closing.signal })
  }

  /** The events, without an end. It is called in the constructor, and runs from the first pull on. */
  protected abstract run(): AsyncGenerator<Event, void>

  [Symbol.asyncIterator](): this {
    return this
  }

  async next(): Promise<IteratorResult<Event>> {
    try {
      const { value } = await this.#events.next()
      if (value && !this.#closing.signal.aborted) {
        this.#lastEvent = performance.now()
        return { done: false, value }
      }
    } catch (error) {
      if (!this.#closing.signal.aborted) {
        await this.return()
        throw error
      }
    }
    return await this.return()
  }

  return(): Promise<IteratorResult<Event>> {
    this.#closing.abort()
    void this.#events.return().catch(() => {})
    return Promise.resolve({ done: true, value: undefined })
  }

  /** The current version of the layer. @throws GeoduckError LAYER_NOT_FOUND if a file is gone */
  protected get layer(): Layer {
    const layer = this.live.layer(this.name)
    if (!layer) throw layerNotFound(this.name, this.context.services.catalog)
    return layer
  }

  protected get version(): number {
    return versionOf(this.layer)
  }

  /** Each query has a separate clock, because the subscription has no end. */
  protected asker(request: Parameters<typeof operationContext>[1]): OperationContext {
    return { ...operationContext(this.context, request), clock: new OperationClock() }
  }

  /** Returns the version after this one. It is this one if there is no other, or it cannot be compared yet. */
  protected versionAfter(version: number): number {
    return this.live.isPending(this.name, version) ? version : this.version
  }

  /** True if a heartbeat is due. */
  protected get isQuiet(): boolean {
    return this.quietMs <= 0
  }

  /** Milliseconds until a heartbeat is due. */
  protected get quietMs(): number {
    return this.#lastEvent + HEARTBEAT_MS - performance.now()
  }

  /** Waits until another query may be asked. */
  protected async pace(): Promise<void> {
    const ms = this.#lastQuery + this.#pauseMs - performance.now()
    if (ms > 0) await this.wait(ms)
    this.#lastQuery = performance.now()
  }

  /** Waits for another version, but not longer than until a heartbeat is due. */
  protected async hasChanged(version: number): Promise<boolean> {
    for (;;) {
      this.signal.throwIfAborted()
      if (this.isQuiet) return false
      this.#commit = Promise.withResolvers()
      if (this.versionAfter(version) !== version) return true
      await this.wait(this.quietMs, this.#commit.promise)
    }
  }

  /** Waits for the event, but not longer. @throws the reason of the signal */
  protected async wait(ms: number, event?: Promise<void>): Promise<void> {
    const waiting = Promise.withResolvers<void>()
    const stop = () => waiting.reject(this.signal.reason)
    const timer = setTimeout(waiting.resolve, Math.max(ms, 0))
    this.signal.addEventListener('abort', stop, { once: true })
    void event?.then(waiting.resolve)
    try {
      this.signal.throwIfAborted()
      await waiting.promise
    } finally {
      clearTimeout(timer)
      this.signal.removeEventListener('abort', stop)
    }
  }
}
