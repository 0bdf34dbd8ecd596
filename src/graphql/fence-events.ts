/** The events of `fences`: what each change of a live layer means for the fences, in the order of the changes. */

import { type ChangePosition, encodeToken } from '../ask/change-token.ts'
import type { FeatureRequest } from '../ask/feature-request.ts'
import { viewOf } from '../ask/view.ts'
import type { Page } from '../engines/engine.ts'
import { GeoduckError } from '../model/errors.ts'
import type { BBox, Layer, LiveRelation } from '../model/layer.ts'
import type { FeatureQuery, Fencing, RowPosition } from '../model/query.ts'
import type { Context, LiveVersions } from './context.ts'
import type { Delivery } from './delivery.ts'
import { LiveEvents } from './live-events.ts'
import { SharedDifferences } from './shared-differences.ts'
import { Stays } from './stays.ts'

export interface FenceRequest extends FeatureRequest {
  readonly fencing: Fencing
  /** Identifies the fences and what they detect. */
  readonly digest: string
}

export interface FenceDelivery extends Delivery<Page, FenceRequest> {
  readonly __typename: 'FenceBatch'
  readonly token: string
}

export type FenceUpdate =
  | FenceDelivery
  | { readonly __typename: 'UpToDate' | 'Heartbeat'; readonly token: string; readonly version: number }

/** An event in the form that the resolver of the root field takes. */
export interface FenceResult {
  readonly fences: FenceUpdate
}

/** Changes of which a statement computes the events. */
const CHANGES_AT_ONCE = 5_000
/** Most events in a batch. */
const MOST_EVENTS = 5_000

export class FenceEvents extends LiveEvents<FenceResult> {
  readonly #request: FenceRequest
  readonly #since: ChangePosition | null
  readonly #mayMatch: (extent: BBox | null) => boolean
  /** The stays that may dwell. Null without DWELL. */
  readonly #stays: Stays | null

  constructor(
    request: FenceRequest,
    { since, maxPerSecond }: { readonly since: ChangePosition | null; readonly maxPerSecond: number },
    context: Context,
    live: LiveVersions,
  ) {
    // It throws while no worker serves, before anything is watched.
    const meets = mayMatch(request, context)
    super(request.query.view.layer.name, maxPerSecond, context, live)
    this.#request = request
    this.#since = since
    this.#mayMatch = meets
    const { dwell } = request.fencing
    this.#stays = dwell ? new Stays(dwell.seconds, since?.stays?.known ?? []) : null
  }

  protected async *run(): AsyncGenerator<FenceResult, void> {
    for await (const fences of this.#updates()) yield { fences }
  }

  async *#updates(): AsyncGenerator<FenceUpdate, void> {
    const since = this.#since ?? { store: this.live.store, version: this.version }
    if (since.store !== this.live.store) throw expired()
    let { version } = since
    if (since.stays?.since !== undefined) await this.#readStays(since.stays.since, since)
    if (since.difference) {
      yield* this.#events(version, since.difference.to, since.difference.after)
      version = since.difference.to
    }
    for (let isUpToDate = false; ; ) {
      this.signal.throwIfAborted()
      if (version < this.version) {
        await this.pace()
        const to = this.#lastWithin(version)
        yield* this.#events(version, to, null)
        version = to
        if (this.isQuiet) yield { __typename: 'Heartbeat', ...this.#at(version) }
      } else if (!isUpToDate) {
        isUpToDate = true
        yield { __typename: 'UpToDate', ...this.#at(version) }
      } else if (!(await this.hasChanged(version))) yield { __typename: 'Heartbeat', ...this.#at(version) }
    }
  }

  /** The last version of the next page. The fences are the same in all of it. */
  #lastWithin(version: number): number {
    const { area } = this.#request.fencing
    const last = this.live.lastWithin(this.name, version, CHANGES_AT_ONCE)
    if (area.kind !== 'layer' || area.view.layer.relation.kind !== 'live') return last
    return Math.min(last, this.live.nextChange(area.view.layer.name, version))
  }

  async *#events(from: number, to: number, after: RowPosition | null): AsyncGenerator<FenceUpdate, void> {
    if (!this.live.keepsChangesSince(this.name, from)) throw expired()
    const boxes = this.live.boxesOfChanges(this.name, from, to)
    // An object that crosses a fence may be beyond it before and after.
    if (boxes && after === null && !this.#mayMatch(extentOf(boxes))) return
    const fencing = await this.#fencingAt(from)
    if (!fencing) return
    for (let place = after; ; ) {
      const page = await this.#page(fencing, from, to, place)
      try {
        if (page.tooLarge !== undefined) throw tooLarge(page.tooLarge)
        const batch = this.#stays?.choose(page) ?? page
        if (batch.count > 0) {
          this.context.operation.delivered(page)
          const position = page.hasMore ? { version: from, difference: { to, after: page.position! } } : { version: to }
          yield { __typename: 'FenceBatch', token: this.#tokenOf(position), batch, request: this.#request }
        }
        if (!page.hasMore) return
      } finally {
        page.release()
      }
      place = page.position
    }
  }

  /** Reads the stays at a position from the changes after a version. */
  async #readStays(from: number, { version, difference }: ChangePosition): Promise<void> {
    if (!this.live.keepsChangesSince(this.name, from)) throw expired()
    while (from < version) {
      const to = Math.min(this.#lastWithin(from), version)
      await this.#follow(from, to, Number.POSITIVE_INFINITY)
      from = to
    }
    if (difference) await this.#follow(version, difference.to, Number(difference.after.keys[0]))
  }

  /** Follows the stays in the first events of a range of versions. */
  async #follow(from: number, to: number, most: number): Promise<void> {
    const fencing = await this.#fencingAt(from)
    let [left, place]: [number, RowPosition | null] = [most, null]
    while (fencing && left > 0) {
      this.signal.throwIfAborted()
      const page = await this.#page(fencing, from, to, place)
      if (page.tooLarge !== undefined) throw tooLarge(page.tooLarge)
      this.#stays!.follow(page, left)
      page.release()
      left -= page.count
      place = page.position
      if (!page.hasMore) return
    }
  }

  /** The fences at a version. Null: there are none yet. */
  async #fencingAt(version: number): Promise<Fencing | null> {
    const { fencing } = this.#request
    const { area } = fencing
    if (area.kind === 'geometry') return fencing
    const { layer } = area.view
    const isLive = layer.relation.kind === 'live'
    const then = isLive ? this.live.asOf(layer.name, version) : await this.context.services.catalog.fresh(layer)
    if (then === undefined) throw expired()
    if (then && area.kind === 'layer') requireFew(then, fencing.detect)
    return then && { ...fencing, area: { ...area, view: viewOf(then) } }
  }

  async #page(fencing: Fencing, from: number, to: number, after: RowPosition | null): Promise<Page> {
    const { query, selection, digest } = this.#request
    const { relation } = this.layer
    if (relation.kind !== 'live') throw new Error('only live layers have changes')
    const { outputs, message } = selection
    const layer = { ...this.layer, relation: { ...relation, version: to, since: from, steps: true } satisfies LiveRelation }
    const asked: FeatureQuery = { ...query, view: { ...query.view, layer }, after, outputs, fencing }
    const fences = fencing.area.kind === 'geometry' ? null : fencing.area.view.layer
    const { catalog, engine } = this.context.services
    // The log of changes never changes.
    const asker = {
      ...this.asker({ ...this.#request, query: asked }),
      unchanged: async () =>
        fences === null || fences.relation.kind === 'live' || (await catalog.fresh(fences)).fingerprint === fences.fingerprint,
    }
    const release = fences ? this.live.use(fences) : () => {}
    try {
      const { where, view, representations } = query
      const same = [where?.digest, view.digest, digest, fences?.fingerprint, outputs, representations, message]
      const name = JSON.stringify([relation.layer, from, to, after, ...same])
      return await SharedDifferences.of(this.live).page(name, this.signal, () =>
        engine.page(asked, MOST_EVENTS, asker, this.signal, message),
      )
    } catch (error) {
      throw this.live.keepsChangesSince(this.name, from) ? error : expired()
    } finally {
      release()
    }
  }

  #at(version: number) {
    return { token: this.#tokenOf({ version }), version }
  }

  #tokenOf(position: Omit<ChangePosition, 'store'>): string {
    const { query, digest } = this.#request
    const stays = this.#stays && { stays: this.#stays.position }
    const { cursorSecret } = this.context.services
    return encodeToken(cursorSecret, query, { ...position, ...stays, store: this.live.store }, `fences ${digest}`)
  }
}

function extentOf(boxes: readonly BBox[]): BBox | null {
  const side = (n: 0 | 1 | 2 | 3) => boxes.map((box) => box[n])
  return boxes.length > 0 ? [Math.min(...side(0)), Math.min(...side(1)), Math.max(...side(2)), Math.max(...side(3))] : null
}

/** Most fences of a layer for OUTSIDE, which is about all pairs of changes and fences. */
const MOST_OUTSIDE = 100

/** @throws GeoduckError LIMIT_EXCEEDED */
export function requireFew({ name, featureCount }: Layer, detect: Fencing['detect']): void {
  if (!detect.includes('OUTSIDE') || (featureCount ?? Number.POSITIVE_INFINITY) <= MOST_OUTSIDE) return
  throw new GeoduckError(
    'LIMIT_EXCEEDED',
    `OUTSIDE takes a layer of at most ${MOST_OUTSIDE} fences, and ${name} has more; leave it out.`,
  )
}

/** Returns whether changes within an extent may be events. */
function mayMatch({ query, fencing }: FenceRequest, { services }: Context): (extent: BBox | null) => boolean {
  const { area, detect } = fencing
  if (area.kind !== 'geometry' || detect.includes('OUTSIDE')) return () => true
  const predicate = { kind: 'spatial', relation: 'intersects', geometry: area.geometry } as const
  const meets = services.engine.mayMatch({ ...query, where: { predicate, digest: '' } })
  // The short way of an object may be over the antimeridian, beyond the box of its places.
  return (extent) => (extent !== null && extent[2] - extent[0] > 180) || meets(extent)
}

function expired(): GeoduckError {
  return new GeoduckError(
    'CURSOR_EXPIRED',
    'The changes since the last event are not kept any more, so events were missed. Subscribe again without `since`.',
  )
}

function tooLarge(bytes: number): GeoduckError {
  return new GeoduckError(
    'LIMIT_EXCEEDED',
    `An event takes a message of ${bytes} bytes (--max-feature-bytes): simplify its object, or select less.`,
  )
}
