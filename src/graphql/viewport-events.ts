/** The events of `viewport`: the features of a box that moves, and how they change. */
import { randomUUID } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import type { GraphQLResolveInfo } from 'graphql'
import { type ChangePosition, decodeToken, encodeToken } from '../ask/change-token.ts'
import type { FeatureRequest, RowRequest } from '../ask/feature-request.ts'
import type { GroupRequest } from '../ask/groups/read-groups.ts'
import { type CellsArguments, cellsRequest } from '../ask/groups/viewport-cells.ts'
import { inBox, readBoxFor } from '../ask/read/read-filter.ts'
import { join } from '../delivery/raw-json.ts'
import type { Page } from '../engines/engine.ts'
import type { BBox, Layer } from '../model/layer.ts'
import type { FeatureQuery } from '../model/query.ts'
import {
  type ChangeDelivery,
  ChangeEvents,
  type ChangeOptions,
  type ChangeRequest,
  MOST_CHANGES,
  type SnapshotDelivery,
  tooLarge,
} from './change-events.ts'
import type { Context, LiveVersions } from './context.ts'
import type { Delivery } from './delivery.ts'
import { versionOf } from './file-versions.ts'
import { featuresIn, selectCells } from './group-selection.ts'
import { LiveEvents } from './live-events.ts'

/** The features that a client has: those of a box. */
interface Held {
  readonly box: BBox
  /** Null: nothing yet. */
  readonly position: ChangePosition | null
  /** The client has a part of the move to this box. */
  readonly moving?: BBox
}

/** The position in a token. It has no box if the client has no features. */
export interface ViewportPosition extends Partial<Held> {
  readonly store: string
}

export interface CellsDelivery extends Delivery<Page, GroupRequest> {
  readonly __typename: 'ViewportCells'
  readonly token: string
  readonly version: number
  readonly bbox: BBox
  readonly coarse: boolean
  readonly totalCount: number
}

export type ViewportEvent =
  | { readonly __typename: 'ViewportOpened'; readonly token: string; readonly id: string }
  | CellsDelivery
  | SnapshotDelivery
  | ChangeDelivery
  | { readonly __typename: 'ViewportReached'; readonly token: string; readonly version: number; readonly bbox: BBox }
  | { readonly __typename: 'Heartbeat'; readonly token: string; readonly version: number }
  | { readonly __typename: 'Reset'; readonly token: string }

export interface ViewportResult {
  readonly viewport: ViewportEvent
}

export interface ViewportOptions extends Omit<ChangeOptions, 'since' | 'renew'> {
  readonly bbox: BBox
  readonly since: ViewportPosition | null
  readonly maxFeatures: number
}

/** Milliseconds between two results of cells while a layer changes. They read all features of the box. */
const CELLS_MS = 1_000
/** Most cells of a result. */
const MOST_CELLS = 2_048
/** The part of `maxFeatures` that may change before the features are counted again. */
const UNCOUNTED = 0.25

const viewports = new WeakMap<LiveVersions, Map<string, ViewportEvents>>()

/** Returns the viewports that are open. */
export function viewportsOf(live: LiveVersions): Map<string, ViewportEvents> {
  const known = viewports.get(live) ?? new Map<string, ViewportEvents>()
  viewports.set(live, known)
  return known
}

/**
 * Yields events while the client pulls. Between two pulls it only holds the box that the client has, with its version, and the latest box. So a client that
 * reads slowly gets one difference for all moves.
 */
export class ViewportEvents extends LiveEvents<ViewportResult> {
  /** Nobody else can know it. */
  readonly #id = randomUUID()
  /** The request without the box. */
  readonly #request: ChangeRequest
  readonly #options: ViewportOptions
  readonly #info: GraphQLResolveInfo
  /** The latest box. */
  #target: BBox
  /** Resolved to end a wait. */
  #woken = Promise.withResolvers<void>()
  #changes: ChangeEvents | null = null
  /** Features that the client had when they were counted, and those that have changed since. */
  #counted = 0
  #uncounted = 0

  constructor(request: ChangeRequest, options: ViewportOptions, context: Context, info: GraphQLResolveInfo, live: LiveVersions) {
    super(request.query.view.layer.name, options.maxPerSecond, context, live)
    this.#request = request
    this.#options = options
    this.#info = info
    this.#target = options.bbox
    if (!this.signal.aborted) viewportsOf(live).set(this.#id, this)
    this.signal.addEventListener('abort', () => viewportsOf(live).delete(this.#id))
  }

  /** @throws GeoduckError BAD_INPUT */
  move(bbox: unknown): void {
    this.#target = readBoxFor(bbox, this.layer)
    this.#wake()
  }

  override return(): Promise<IteratorResult<ViewportResult>> {
    void this.#changes?.return()
    return super.return()
  }

  protected async *run(): AsyncGenerator<ViewportResult, void> {
    for await (const viewport of this.#run()) yield { viewport }
  }

  async *#run(): AsyncGenerator<ViewportEvent, void> {
    const { since } = this.#options
    const isKnown = since?.box && since.position && since.store === this.live.store
    let held: Held | null = isKnown ? { ...since, box: since.box, position: since.position } : null
    this.#counted = this.#options.maxFeatures
    yield { __typename: 'ViewportOpened', id: this.#id, token: this.#tokenOf(held) }
    for (;;) {
      this.signal.throwIfAborted()
      held ??= yield* this.#begin()
      held = (yield* this.#moved(held)) ?? null
      if (held) held = yield* this.#follow(held)
    }
  }

  /** Yields cells until the box has few enough features. Returns the box whose snapshot may follow. */
  async *#begin(): AsyncGenerator<ViewportEvent, Held> {
    for (;;) {
      const box = this.#target
      const { batch, request, totalCount } = await this.#cells(box)
      const coarse = totalCount > this.#options.maxFeatures
      const version = versionOf(request.query.view.layer)
      try {
        const token = this.#tokenOf(null)
        yield { __typename: 'ViewportCells', token, version, bbox: box, coarse, totalCount, batch, request }
      } finally {
        batch.release()
      }
      if (!coarse) return { box, position: null }
      yield* this.#remain(box, version)
    }
  }

  /** Ends when the box has moved, or something in it may have changed. */
  async *#remain(box: BBox, version: number): AsyncGenerator<ViewportEvent, void> {
    const mayMatch = this.context.services.engine.mayMatch(this.#requestFor(box).query)
    const unwatch = this.live.watch(this.name, this.#wake)
    const earliest = performance.now() + CELLS_MS
    let seen = version
    try {
      while (isDeepStrictEqual(this.#target, box)) {
        this.#woken = Promise.withResolvers()
        const now = this.version
        const boxes = this.live.boxesOfChanges(this.name, seen, now)
        if (now > seen && (!boxes || boxes.some(mayMatch))) {
          const ms = earliest - performance.now()
          if (ms <= 0) return
          await this.#pause(ms)
          continue
        }
        seen = now
        if (!this.isQuiet) await this.#pause(this.quietMs)
        else yield { __typename: 'Heartbeat', token: this.#tokenOf(null), version: seen }
      }
      await this.pace()
    } finally {
      unwatch()
    }
  }

  /** Yields the move to the latest box. Returns what the client has then. Undefined if it must begin again. */
  async *#moved(held: Held): AsyncGenerator<ViewportEvent, Held | undefined> {
    const { box, position, moving } = held
    if (!position || position.snapshot || position.difference) return held
    if (!moving && isDeepStrictEqual(this.#target, box)) return held
    if (!moving) await this.pace()
    const to = moving ?? this.#target
    if (!moving && (await this.#tooMany(to))) return undefined
    const layer = this.live.asOf(this.name, position.version)
    if (!layer) return undefined
    const release = this.live.use(layer)
    try {
      yield* this.#difference(held, to, layer)
    } finally {
      release()
    }
    return { box: to, position }
  }

  async *#difference({ box, position }: Held, to: BBox, layer: Layer): AsyncGenerator<ViewportEvent, void> {
    const { selection } = this.#request
    const { query } = this.#requestFor(to)
    const { outputs, parts, message } = selection.difference
    const movedFrom = inBox(box, this.#request.query.where)
    const asked = { ...query, view: { ...query.view, layer }, movedFrom, outputs, parts }
    const version = versionOf(layer)
    for (let after: FeatureQuery['after'] = null; ; ) {
      const page = await this.#page({ ...asked, after }, MOST_CHANGES, message)
      try {
        if (page.tooLarge !== undefined) throw tooLarge(page.tooLarge)
        const complete = !page.hasMore
        if (page.count > 0 || after) {
          this.context.operation.delivered(page)
          const token = this.#tokenOf(complete ? { box: to, position } : { box, position, moving: to })
          yield { __typename: 'ChangeBatch', token, version, complete, batch: page, request: this.#request }
        }
        if (complete) return
        after = page.position
      } finally {
        page.release()
      }
    }
  }

  /** Yields the snapshot or difference that the client lacks, and then changes until the box moves. Returns what the client has then, or null if it must begin again. */
  async *#follow({ box, position: since }: Held): AsyncGenerator<ViewportEvent, Held | null> {
    const request = this.#requestFor(box)
    const { cursorSecret } = this.context.services
    const { maxPerSecond, batchSize } = this.#options
    // The columns of a live layer never change.
    const renew = async () => request
    const changes = new ChangeEvents(request, { since, maxPerSecond, batchSize, renew }, this.context, this.live)
    this.#changes = changes
    let position = since
    let isReached = false
    let isComplete = false
    if (!since) [this.#counted, this.#uncounted] = [0, 0]
    try {
      for (;;) {
        const next = changes.next()
        if (isComplete && (await this.#movesBefore(next, box))) return { box, position }
        const { value } = await next
        this.signal.throwIfAborted()
        const event = value!.changes
        // The changes since the client's version are not kept.
        if (event.__typename === 'Reset' && position) return null
        position = decodeToken<ChangePosition>(cursorSecret, request.query, event.token)
        if (event.__typename === 'SnapshotBatch') this.#counted += event.batch.count
        if (event.__typename === 'ChangeBatch') this.#uncounted += event.batch.count
        const token = this.#tokenOf({ box, position })
        if (event.__typename === 'UpToDate') yield { __typename: 'ViewportReached', token, version: event.version, bbox: box }
        else yield { ...event, token }
        isReached ||= event.__typename === 'UpToDate'
        isComplete = isReached && !position.difference
        if (isComplete && this.#isUncounted && (await this.#tooMany(box))) return null
      }
    } finally {
      await changes.return()
    }
  }

  /** Waits for the next event, or for a move. Returns true if the box has moved before. */
  async #movesBefore(next: Promise<unknown>, box: BBox): Promise<boolean> {
    let isThere = false
    const arrived = next.then(
      () => {
        isThere = true
      },
      () => {
        isThere = true
      },
    )
    while (!isThere) {
      this.#woken = Promise.withResolvers()
      if (!isDeepStrictEqual(this.#target, box)) return true
      await Promise.race([arrived, this.#woken.promise])
      this.signal.throwIfAborted()
    }
    return false
  }

  /** True if so many features have changed that there may be too many. */
  get #isUncounted(): boolean {
    const { maxFeatures } = this.#options
    return this.#uncounted > UNCOUNTED * maxFeatures && this.#counted + this.#uncounted > maxFeatures
  }

  /** Counts the features of the box. */
  async #tooMany(box: BBox): Promise<boolean> {
    const { batch, totalCount } = await this.#cells(box)
    batch.release()
    ;[this.#counted, this.#uncounted] = [totalCount, 0]
    return totalCount > this.#options.maxFeatures
  }

  /** Reads the cells of the latest version, in a grid that has few enough of them. */
  async #cells(box: BBox): Promise<Pick<CellsDelivery, 'batch' | 'request' | 'totalCount'>> {
    const layer = this.layer
    const release = this.live.use(layer)
    try {
      for (let level = 0; ; level++) {
        const request = requestCells({ layer, where: this.#request.query.where, box, level }, this.context, this.#info)
        const batch = await this.#page(request.query, MOST_CELLS, request.selection.message)
        if (!batch.hasMore && batch.tooLarge === undefined) {
          this.context.operation.delivered({ ...batch, count: 0 })
          return { batch, request, totalCount: featuresIn(join(batch.outputs.at(-1)!)) }
        }
        batch.release()
      }
    } finally {
      release()
    }
  }

  #requestFor(box: BBox): ChangeRequest {
    const { query } = this.#request
    return { ...this.#request, query: { ...query, where: inBox(box, query.where) } }
  }

  #page(query: RowRequest['query'], first: number, message: FeatureRequest['selection']['message']): Promise<Page> {
    return this.context.services.engine.page(query, first, this.asker({ query, deadlineMs: null }), this.signal, message)
  }

  /** Waits until `#wake` is called, but not longer. */
  async #pause(ms: number): Promise<void> {
    await this.wait(ms, this.#woken.promise)
  }

  readonly #wake = () => this.#woken.resolve()

  #tokenOf(held: Held | null): string {
    const { cursorSecret } = this.context.services
    return encodeToken(cursorSecret, this.#request.query, { ...held, store: this.live.store }, 'viewport')
  }
}

/** @throws GeoduckError BAD_INPUT if the selection of `ViewportCells` is wrong */
export function requestCells(asked: CellsArguments, context: Context, info: GraphQLResolveInfo): GroupRequest {
  const { aggregateVertices } = context.services.filterLimits
  return cellsRequest(asked, aggregateVertices, (columns) => selectCells(info, columns))
}
