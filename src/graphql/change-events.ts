/**
 * The events of `changes`: a snapshot of a live layer, and then the differences between the version that the client has and the latest one. A file that
 * is replaced is compared with the one before, if that is possible: otherwise another snapshot follows.
 */

import { type ChangePosition, encodeToken } from '../ask/change-token.ts'
import { fingerprintOf } from '../ask/cursor.ts'
import type { FeatureRequest } from '../ask/feature-request.ts'
import type { Selection } from '../ask/selection.ts'
import type { Batch, Page } from '../engines/engine.ts'
import { GeoduckError } from '../model/errors.ts'
import type { BBox, Field, Layer } from '../model/layer.ts'
import type { DifferencePart, FeatureQuery, RowPosition } from '../model/query.ts'
import type { Context, FollowedVersions, Release } from './context.ts'
import type { Delivery } from './delivery.ts'
import { versionOf } from './file-versions.ts'
import { LiveEvents } from './live-events.ts'
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

/** Most features in a part of a difference. */
export const MOST_CHANGES = 5_000

export class ChangeEvents extends LiveEvents<ChangeResult, FollowedVersions> {
  #request: ChangeRequest
  readonly #options: ChangeOptions
  readonly #mayMatch: (extent: BBox | null) => boolean

  constructor(request: ChangeRequest, options: ChangeOptions, context: Context, live: FollowedVersions) {
    // It throws while no worker serves, before anything is watched.
    const mayMatch = context.services.engine.mayMatch(request.query)
    super(request.query.view.layer.name, options.maxPerSecond, context, live)
    this.#request = request
    this.#options = options
    this.#mayMatch = mayMatch
  }

  protected async *run(): AsyncGenerator<ChangeResult, void> {
    for await (const changes of this.#run()) yield { changes }
  }

  async *#run(): AsyncGenerator<ChangeEvent, void> {
    for (let { since } = this.#options; ; since = null) {
      this.signal.throwIfAborted()
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
    const layer = this.layer
    await this.#renew(layer)
    const snapshot = { fingerprint: fingerprintOf({ ...this.#request.query.view, layer }), after: null }
    return { store: this.live.store, version: versionOf(layer), snapshot }
  }

  /** Reads the request again for another version of a file, whose columns and ids may be others than before. */
  async #renew(layer: Layer): Promise<void> {
    if (layer.relation.kind !== 'live' && layer !== this.#request.query.view.layer)
      this.#request = await this.#options.renew(layer)
  }

  /** True if the client can continue from its position. */
  #isKept({ store, version, snapshot, difference }: ChangePosition): boolean {
    const versions = [version, ...(difference ? [difference.to] : [])]
    if (store !== this.live.store || !versions.every((one) => this.live.keepsChangesSince(this.name, one))) return false
    return !snapshot || this.live.versionOf(this.name, snapshot.fingerprint) !== undefined
  }

  /** Yields all events after the position, without an end. */
  async *#follow(since: ChangePosition): AsyncGenerator<ChangeEvent, void> {
    let { version } = since
    let release = () => {}
    let mayReturn = true
    const held: Release[] = []
    const hold = async (one: number) => held.push(await this.live.hold(this.name, one))
    try {
      await hold(version)
      if (since.snapshot) {
        const { fingerprint, after } = since.snapshot
        const layer = this.live.versionOf(this.name, fingerprint)
        if (!layer) throw new Forgotten()
        release = this.live.use(layer)
        yield* this.#snapshot(layer, after)
      } else {
        const to = since.difference?.to ?? this.versionAfter(version)
        await hold(to)
        if (to !== version) yield* this.#difference(version, to, since.difference?.after ?? null)
        held.shift()!()
        version = to
      }
      yield { __typename: 'UpToDate', ...this.#at(version) }
      for (;;) {
        if (!(await this.hasChanged(version))) {
          yield { __typename: 'Heartbeat', ...this.#at(version) }
          continue
        }
        await this.pace()
        const to = this.versionAfter(version)
        if (to === version) continue
        await hold(to)
        yield* this.#difference(version, to, null)
        held.shift()!()
        version = to
        // Until then, the changes since the snapshot had to be kept.
        release()
      }
    } catch (error) {
      mayReturn = !(error instanceof Forgotten)
      throw error
    } finally {
      release()
      for (const one of held) one(mayReturn)
    }
  }

  async *#snapshot(layer: Layer, after: RowPosition | null): AsyncGenerator<ChangeEvent, void> {
    const { query, selection } = this.#request
    const view = { ...query.view, layer }
    const request = { ...this.#request, query: { ...query, view, after } }
    const { engine } = this.context.services
    const { batchSize } = this.#options
    const stream = engine.stream(request.query, { batchSize, message: selection.message }, this.asker(request))
    const stop = () => void stream.return()
    this.signal.addEventListener('abort', stop, { once: true })
    try {
      const fingerprint = fingerprintOf(view)
      const version = versionOf(layer)
      for await (const batch of stream) {
        if (batch.tooLarge !== undefined) throw tooLarge(batch.tooLarge)
        const token = this.#tokenOf({ version, snapshot: { fingerprint, after: batch.position } })
        this.context.operation.delivered(batch)
        try {
          yield { __typename: 'SnapshotBatch', token, version, batch, request }
        } finally {
          batch.release()
        }
      }
    } catch (error) {
      if (!this.signal.aborted && !this.live.holds(layer)) throw new Forgotten()
      throw error
    } finally {
      this.signal.removeEventListener('abort', stop)
    }
    // A stream that was cancelled ends as one that is complete.
    this.signal.throwIfAborted()
  }

  /** Yields the difference, in as many parts as it needs. It yields nothing if nothing that matches has changed. */
  async *#difference(from: number, to: number, after: RowPosition | null): AsyncGenerator<ChangeEvent, void> {
    const boxes = this.live.boxesOfChanges(this.name, from, to)
    if (boxes && after === null && !(boxes.length > 0 ? boxes.some(this.#mayMatch) : this.#mayMatch(null))) return
    const compared = this.live.compared(this.name, from, to)
    // A third version may be current, of which less is known.
    if (compared) await this.#renew(compared.layer)
    for (let place = after; ; ) {
      const page = await this.#page(from, to, place)
      try {
        if (page.tooLarge !== undefined) throw tooLarge(page.tooLarge)
        const complete = !page.hasMore
        if (page.count > 0 || place) {
          this.context.operation.delivered(page)
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
    const compared = this.live.compared(this.name, from, to)
    if (!compared) throw new Forgotten()
    const { layer, earlier, unchanged } = compared
    const { outputs, parts, watched, message } = selection.difference
    const view = { ...query.view, layer }
    const asked: FeatureQuery = { ...query, view, after, outputs, parts, watched, ...(earlier && { earlier }) }
    const asker = { ...this.asker({ ...this.#request, query: asked }), unchanged }
    try {
      if (!this.live.keepsChangesSince(this.name, from)) throw new Forgotten()
      const name = JSON.stringify([
        this.name,
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
      const make = () => this.context.services.engine.page(asked, MOST_CHANGES, asker, this.signal, message)
      return await SharedDifferences.of(this.live).page(name, this.signal, make)
    } catch (error) {
      // If two files cannot be compared for any reason, a snapshot has the same result.
      const isKept = earlier ? this.signal.aborted : this.live.keepsChangesSince(this.name, from)
      throw isKept ? error : new Forgotten()
    }
  }

  #at(version: number): Position {
    return { token: this.#tokenOf({ version }), version }
  }

  #tokenOf(position: Omit<ChangePosition, 'store'>): string {
    const { cursorSecret } = this.context.services
    return encodeToken(cursorSecret, this.#request.query, { ...position, store: this.live.store })
  }
}

/** Changes that the client needs are not kept any more. */
class Forgotten extends Error {}

export function tooLarge(bytes: number): GeoduckError {
  return new GeoduckError(
    'LIMIT_EXCEEDED',
    `A feature takes a message of ${bytes} bytes (--max-feature-bytes): simplify it, or select less.`,
  )
}
