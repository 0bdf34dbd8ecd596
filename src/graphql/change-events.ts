/**
 * The events of `changes`: a snapshot of a live layer, and then the differences between the version that the client has and the latest one. A file that
 * is replaced is compared with the one before, if that is possible: otherwise another snapshot follows.
 */

import { type ChangePosition, encodeToken } from '../ask/change-token.ts'
import { fingerprintOf } from '../ask/cursor.ts'
import { type FeatureRequest, layerNotFound, operationContext } from '../ask/feature-request.ts'
import type { Selection } from '../ask/selection.ts'
import { OperationClock } from '../engines/deadline.ts'
import type { Batch, OperationContext, Page } from '../engines/engine.ts'
import { GeoduckError } from '../model/errors.ts'
import type { BBox, Field, Layer } from '../model/layer.ts'
import type { DifferencePart, FeatureQuery, RowPosition } from '../model/query.ts'
import type { Context, FollowedVersions, Release } from './context.ts'
import type { Delivery } from './delivery.ts'
import { versionOf } from './file-versions.ts'
import { SharedDifferences } from './shared-differences.ts'

/** The outputs that a selection of `ChangeEvent` needs. */
export interface ChangeSelection extends Selection {
  readonly difference: DifferenceSelection
}

export interface DifferenceSelection extends Pick<Selection, 'outputs' | 'message'> {
  /** The part of each output. */
  readonly parts: readonly DifferencePart[]
  /** Response key of `added` or `updated` → response key of its field → index into `outputs`. */
  readonly fields: ReadonlyMap<string, ReadonlyMap<string, number>>
  /** Response key of `geojsonDiff` → indexes of the collections of added and updated features. */
  readonly diffs: ReadonlyMap<string, readonly [added: number, updated: number]>
  /** The properties of updated features. */
  readonly watched: readonly Field[]
  /** Index of the keys that were removed. Null if they are not selected. */
  readonly removed: number | null
}

export interface ChangeRequest extends FeatureRequest {
  readonly selection: ChangeSelection
}

interface Position {
  readonly token: string
  readonly version: number
}

export interface SnapshotDelivery extends Position, Delivery<Batch> {
  readonly __typename: 'SnapshotBatch'
}

export interface ChangeDelivery extends Position, Delivery<Page, ChangeRequest> {
  readonly __typename: 'ChangeBatch'
  readonly complete: boolean
}

export type ChangeEvent =
  | SnapshotDelivery
  | ChangeDelivery
  | (Position & { readonly __typename: 'UpToDate' | 'Heartbeat' })
  | { readonly __typename: 'Reset'; readonly token: string }

/** An event in the form that the resolver of the root field takes. */
export interface ChangeResult {
  readonly changes: ChangeEvent
}

export interface ChangeOptions {
  /** The position that the client has reached. Null: it has nothing. */
  readonly since: ChangePosition | null
  readonly maxPerSecond: number
  readonly batchSize: number
  /** Reads the request again, for another version of a file. */
  readonly renew: (layer: Layer) => Promise<ChangeRequest>
}

/** Milliseconds without another event after which there is a heartbeat. */
const HEARTBEAT_MS = 5_000
/** Most features in a part of a difference. */
export const MOST_CHANGES = 5_000

/**
 * Yields events while the client pulls. Between two pulls it only holds the client's position. `return()` ends every wait, which an async
 * generator alone does not do.
 */
export class ChangeEvents implements AsyncIterableIterator<ChangeResult> {
  #request: ChangeRequest
  readonly #options: ChangeOptions
  readonly #context: Context
  readonly #live: FollowedVersions
  readonly #mayMatch: (extent: BBox | null) => boolean
  readonly #closing = new AbortController()
  /** Aborted when the client has gone, or the server stops. */
  readonly #signal: AbortSignal
  readonly #events: AsyncGenerator<ChangeEvent, void>
  /** Resolved by a commit. */
  #commit = Promise.withResolvers<void>()
  #lastEvent = performance.now()
  #lastDifference = Number.NEGATIVE_INFINITY

  constructor(request: ChangeRequest, options: ChangeOptions, context: Context, live: FollowedVersions) {
    this.#request = request
    this.#options = options
    this.#context = context
    this.#live = live
    this.#mayMatch = context.services.engine.mayMatch(request.query)
    this.#signal = AbortSignal.any([this.#closing.signal, context.services.stopping])
    const unwatch = live.watch(this.#name, () => this.#commit.resolve())
    this.#closing.signal.addEventListener('abort', unwatch)
    this.#events = this.#run()
    const { signal } = context.operation
    if (signal.aborted) this.#closing.abort()
    else signal.addEventListener('abort', () => this.#closing.abort(), { once: true, signal: this.#closing.signal })
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async next(): Promise<IteratorResult<ChangeResult>> {
    try {
      const { value } = await this.#events.next()
      if (value && !this.#closing.signal.aborted) {
        this.#lastEvent = performance.now()
        return { done: false, value: { changes: value } }
      }
    } catch (error) {
      if (!this.#closing.signal.aborted) {
        await this.return()
        throw error
      }
    }
    return await this.return()
  }

  return(): Promise<IteratorResult<ChangeResult>> {
    this.#closing.abort()
    void this.#events.return().catch(() => {})
    return Promise.resolve({ done: true, value: undefined })
  }

  get #name(): string {
    return this.#request.query.view.layer.name
  }

  /** @throws GeoduckError LAYER_NOT_FOUND if a file is gone */
  get #layer(): Layer {
    const layer = this.#live.layer(this.#name)
    if (!layer) throw layerNotFound(this.#name, this.#context.services.catalog)
    return layer
  }

  async *#run(): AsyncGenerator<ChangeEvent, void> {
    for (let { since } = this.#options; ; since = null) {
      this.#signal.throwIfAborted()
      try {
        if (since && this.#isKept(since)) return yield* this.#follow(since)
        // Also at the begin: a library may subscribe again after a lost connection, without the client's knowledge.
        const start = await this.#start()
        yield { __typename: 'Reset', token: this.#tokenOf(start) }
        return yield* this.#follow(start)
      } catch (error) {
        if (!(error instanceof Forgotten)) throw error
      }
    }
  }

  /** The position before a snapshot of the current version. */
  async #start(): Promise<ChangePosition> {
    const layer = this.#layer
    await this.#renew(layer)
    const snapshot = { fingerprint: fingerprintOf({ ...this.#request.query.view, layer }), after: null }
    return { store: this.#live.store, version: versionOf(layer), snapshot }
  }

  /** Reads the request again for another version of a file, whose columns and ids may be others than before. */
  async #renew(layer: Layer): Promise<void> {
    if (layer.relation.kind !== 'live' && layer !== this.#request.query.view.layer)
      this.#request = await this.#options.renew(layer)
  }

  /** True if the client can continue from its position. */
  #isKept({ store, version, snapshot, difference }: ChangePosition): boolean {
    const versions = [version, ...(difference ? [difference.to] : [])]
    if (store !== this.#live.store || !versions.every((one) => this.#live.keepsChangesSince(this.#name, one))) return false
    return !snapshot || this.#live.versionOf(this.#name, snapshot.fingerprint) !== undefined
  }

  /** Yields all events after the position, without an end. */
  async *#follow(since: ChangePosition): AsyncGenerator<ChangeEvent, void> {
    let { version } = since
    let release = () => {}
    const held: Release[] = []
    const hold = async (one: number) => held.push(await this.#live.hold(this.#name, one))
    try {
      await hold(version)
      if (since.snapshot) {
        const { fingerprint, after } = since.snapshot
        const layer = this.#live.versionOf(this.#name, fingerprint)
        if (!layer) throw new Forgotten()
        release = this.#live.use(layer)
        yield* this.#snapshot(layer, after)
      } else {
        const to = since.difference?.to ?? this.#next(version)
        await hold(to)
        if (to !== version) yield* this.#difference(version, to, since.difference?.after ?? null)
        held.shift()!()
        version = to
      }
      yield { __typename: 'UpToDate', ...this.#at(version) }
      for (;;) {
        if (!(await this.#hasChanged(version))) {
          yield { __typename: 'Heartbeat', ...this.#at(version) }
          continue
        }
        await this.#pace()
        const to = this.#next(version)
        if (to === version) continue
        await this.#renew(this.#layer)
        await hold(to)
        yield* this.#difference(version, to, null)
        held.shift()!()
        version = to
        // Until then, the changes since the snapshot had to be kept.
        release()
      }
    } finally {
      release()
      for (const one of held) one(true)
    }
  }

  async *#snapshot(layer: Layer, after: RowPosition | null): AsyncGenerator<ChangeEvent, void> {
    const { query, selection } = this.#request
    const view = { ...query.view, layer }
    const request = { ...this.#request, query: { ...query, view, after } }
    const { engine } = this.#context.services
    const { batchSize } = this.#options
    const stream = engine.stream(request.query, { batchSize, message: selection.message }, this.#asker(request))
    const stop = () => void stream.return()
    this.#closing.signal.addEventListener('abort', stop, { once: true })
    try {
      const fingerprint = fingerprintOf(view)
      const version = versionOf(layer)
      for await (const batch of stream) {
        if (batch.tooLarge !== undefined) throw tooLarge(batch.tooLarge)
        const token = this.#tokenOf({ version, snapshot: { fingerprint, after: batch.position } })
        this.#context.operation.delivered(batch)
        try {
          yield { __typename: 'SnapshotBatch', token, version, batch, request }
        } finally {
          batch.release()
        }
      }
    } catch (error) {
      if (!this.#signal.aborted && !this.#live.holds(layer)) throw new Forgotten()
      throw error
    } finally {
      this.#closing.signal.removeEventListener('abort', stop)
    }
    // A stream that was cancelled ends as one that is complete.
    this.#signal.throwIfAborted()
  }

  /** Yields the difference, in as many parts as it needs. It yields nothing if nothing that matches has changed. */
  async *#difference(from: number, to: number, after: RowPosition | null): AsyncGenerator<ChangeEvent, void> {
    const boxes = this.#live.boxesOfChanges(this.#name, from, to)
    if (boxes && after === null && !(boxes.length > 0 ? boxes.some(this.#mayMatch) : this.#mayMatch(null))) return
    for (let place = after; ; ) {
      const page = await this.#page(from, to, place)
      try {
        if (page.tooLarge !== undefined) throw tooLarge(page.tooLarge)
        const complete = !page.hasMore
        if (page.count > 0 || place) {
          this.#context.operation.delivered(page)
          const difference = { to, after: page.position! }
          const token = this.#tokenOf(complete ? { version: to } : { version: from, difference })
          yield { __typename: 'ChangeBatch', token, version: to, complete, batch: page, request: this.#request }
        }
        if (complete) return
      } finally {
        page.release()
      }
      place = page.position
    }
  }

  async #page(from: number, to: number, after: RowPosition | null): Promise<Page> {
    const { query, selection } = this.#request
    const compared = this.#live.compared(this.#name, from, to)
    if (!compared) throw new Forgotten()
    const { layer, earlier, unchanged } = compared
    const { outputs, parts, watched, message } = selection.difference
    const view = { ...query.view, layer }
    const asked: FeatureQuery = { ...query, view, after, outputs, parts, watched, ...(earlier && { earlier }) }
    const asker = { ...this.#asker({ ...this.#request, query: asked }), unchanged }
    try {
      if (!this.#live.keepsChangesSince(this.#name, from)) throw new Forgotten()
      const name = JSON.stringify([
        this.#name,
        from,
        to,
        after,
        query.where?.digest,
        query.view.digest,
        outputs,
        parts,
        query.representations,
        message,
      ])
      const make = () => this.#context.services.engine.page(asked, MOST_CHANGES, asker, this.#signal, message)
      return await sharedOf(this.#live).page(name, this.#signal, make)
    } catch (error) {
      // If two files cannot be compared for any reason, a snapshot has the same result.
      const isKept = earlier ? this.#signal.aborted : this.#live.keepsChangesSince(this.#name, from)
      throw isKept ? error : new Forgotten()
    }
  }

  /** Each query has a separate clock, because the subscription has no end. */
  #asker(request: FeatureRequest): OperationContext {
    return { ...operationContext(this.#context, request), clock: new OperationClock() }
  }

  /** Waits until another difference may be sent. */
  async #pace(): Promise<void> {
    const least = 1_000 / this.#options.maxPerSecond
    const ms = this.#lastDifference + least - performance.now()
    if (ms > 0) await this.#wait(ms)
    this.#lastDifference = performance.now()
  }

  /** Returns the version after this one. It is this one if there is no other, or it cannot be compared yet. */
  #next(version: number): number {
    return this.#live.isPending(this.#name, version) ? version : versionOf(this.#layer)
  }

  /** Waits for a later version. Returns false after `HEARTBEAT_MS` without an event, also if changes that do not match were made. */
  async #hasChanged(version: number): Promise<boolean> {
    for (;;) {
      this.#signal.throwIfAborted()
      const ms = this.#lastEvent + HEARTBEAT_MS - performance.now()
      if (ms <= 0) return false
      this.#commit = Promise.withResolvers()
      if (this.#next(version) !== version) return true
      await this.#wait(ms, this.#commit.promise)
    }
  }

  /** Waits for the event, but not longer. @throws the reason of the signal */
  async #wait(ms: number, event?: Promise<void>): Promise<void> {
    const waiting = Promise.withResolvers<void>()
    const stop = () => waiting.reject(this.#signal.reason)
    const timer = setTimeout(waiting.resolve, ms)
    this.#signal.addEventListener('abort', stop, { once: true })
    void event?.then(waiting.resolve)
    try {
      this.#signal.throwIfAborted()
      await waiting.promise
    } finally {
      clearTimeout(timer)
      this.#signal.removeEventListener('abort', stop)
    }
  }

  #at(version: number): Position {
    return { token: this.#tokenOf({ version }), version }
  }

  #tokenOf(position: Omit<ChangePosition, 'store'>): string {
    const { cursorSecret } = this.#context.services
    return encodeToken(cursorSecret, this.#request.query, { ...position, store: this.#live.store })
  }
}

const shared = new WeakMap<FollowedVersions, SharedDifferences>()

function sharedOf(live: FollowedVersions): SharedDifferences {
  const known = shared.get(live) ?? new SharedDifferences()
  shared.set(live, known)
  return known
}

/** Changes that the client needs are not kept any more. */
class Forgotten extends Error {}

export function tooLarge(bytes: number): GeoduckError {
  return new GeoduckError(
    'LIMIT_EXCEEDED',
    `A feature takes a message of ${bytes} bytes (--max-feature-bytes): simplify it, or select less.`,
  )
}
