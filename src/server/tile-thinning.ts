/**
 * Decides how many of a layer's features the tiles of a zoom show, so that no tile has too many. It is one share for the whole layer, filter and
 * zoom: the 1/2^n of the features with the largest ranks. A rank is a column that the configuration names, or the size of lines and polygons.
 * Other layers have a hash of their row instead. So neighbouring tiles show the same features at their common edge, and features only
 * appear when a map zooms in. The share follows from the tile with the most features, which is counted once per version of the layer and filter.
 */
import { LRUCache } from 'lru-cache'
import { operationContext } from '../ask/feature-request.ts'
import { type GroupRequest, readGroupRequest } from '../ask/groups/read-groups.ts'
import { MOST_ZOOM, type TileArguments } from '../ask/tile-query.ts'
import { viewOf } from '../ask/view.ts'
import { join } from '../delivery/raw-json.ts'
import { type Grid, MAX_LATITUDE, parseCellId } from '../geometry/cells.ts'
import type { Context } from '../graphql/context.ts'
import type { Layer } from '../model/layer.ts'
import type { Filter } from '../model/predicate.ts'
import type { Rank, RankThreshold } from '../model/query.ts'
import { MOST_THINNING, TILE_FEATURES, thinningFor } from '../model/tile-budget.ts'
import { type TileCache, tileKey } from './tile-cache.ts'

/** Tiles that are counted at a time. The ones with the most features count, if there are more. */
const MOST_COUNTED = 4_096
/** Zooms from one count to the next. The zooms between follow from it. */
const STEP = 4
/** The zoom that is counted first without an extent. */
const FIRST_ZOOM = 6
const MOST_KEPT = 1_000
/** Shares that have ranks. A smaller one has the features by a hash. */
const MOST_RANKS = 24

/** The shares of one version of a layer and one filter. */
interface Known {
  /** The power of two by zoom. */
  readonly levels: Map<number, number>
  /** The zoom up to which all are known. Null: none. */
  counted: { readonly zoom: number; readonly most: number } | null
  counting: Promise<void> | null
  ranks: Promise<readonly RankThreshold[]> | null
}

/** The same as JSON. */
interface Kept {
  readonly levels: readonly (readonly [zoom: number, level: number])[]
  readonly counted: Known['counted']
}

/** The layer and filter of tiles. */
export interface Thinned {
  readonly layer: Layer
  readonly filter: Filter | null
  readonly args: TileArguments
}

export class TileThinning {
  readonly #cache: TileCache
  readonly #known = new LRUCache<string, Known>({ max: MOST_KEPT })
  /** Grows when a share was too large, so that tiles that were made with it are not sent again. */
  generation = 0

  /** `cache` keeps the shares between starts. */
  constructor(cache: TileCache) {
    this.#cache = cache
  }

  /** Returns n, where the tiles of the zoom show 1/2^n of the features. Null if it has not been counted yet. */
  known(thinned: Thinned, zoom: number): number | null {
    const { featureCount } = thinned.layer
    const known = this.#known.get(keyOf(thinned))
    const level = known?.levels.get(zoom)
    if (level !== undefined) return level
    return featureCount !== null && featureCount <= TILE_FEATURES ? 0 : null
  }

  /** Returns the same, and counts if it is not known. */
  async at(thinned: Thinned, zoom: number, context: Context): Promise<number> {
    for (;;) {
      const level = this.known(thinned, zoom)
      if (level !== null) return level
      const known = this.#of(thinned)
      // Tiles of one map arrive together. The first of them counts for all.
      if (known.counting !== null) {
        await known.counting.catch(() => {})
        context.operation.signal.throwIfAborted()
        continue
      }
      known.counting = this.#count(known, thinned, zoom, context).finally(() => {
        known.counting = null
      })
      await known.counting
    }
  }

  /** Returns the rank from which tiles show features that show 1/2^n of them. Null: they show features by a hash. */
  async rank(thinned: Thinned, level: number, context: Context): Promise<RankThreshold | null> {
    const by = rankOf(thinned.layer)
    if (by === null || level === 0) return null
    const known = this.#of(thinned)
    known.ranks ??= this.#readRanks(thinned, by, context)
    try {
      return (await known.ranks)[level - 1] ?? null
    } catch (error) {
      known.ranks = null
      throw error
    }
  }

  /** Other requests wait for them too, so they do not end with their own. */
  async #readRanks({ layer, filter }: Thinned, by: Rank, context: Context): Promise<readonly RankThreshold[]> {
    const key = tileKey({ layer, filter }, context.services.catalog.writes(layer), ['ranks', by])
    const kept = layer.state === 'READY' ? await this.#cache.get(key) : null
    if (kept) return (JSON.parse(kept.bytes.toString()) as RankThreshold[]).map((one) => ({ ...one, by }))
    const all = { orderBy: [], limit: null, after: null, outputs: [], properties: [] }
    const query = { kind: 'features', view: viewOf(layer), where: filter, ...all } as const
    const asker = operationContext(context, { query, deadlineMs: null })
    const ranks = await context.services.engine.ranks(query, by, MOST_RANKS, asker)
    if (layer.state === 'READY') this.#cache.put(key, 0, [Buffer.from(JSON.stringify(ranks))])
    return ranks
  }

  /** Records that a tile had too many features, and returns the next n. Lower zooms show no more than this one. */
  raise(thinned: Thinned, zoom: number, level: number): number {
    const { levels } = this.#of(thinned)
    this.generation++
    const next = Math.min(MOST_THINNING, level + 1)
    levels.set(zoom, next)
    for (let lower = 0; lower < zoom; lower++) levels.set(lower, Math.max(levels.get(lower) ?? next, next))
    return next
  }

  #of(thinned: Thinned): Known {
    const key = keyOf(thinned)
    const known = this.#known.get(key) ?? { levels: new Map(), counted: null, counting: null, ranks: null }
    this.#known.set(key, known)
    return known
  }

  async #count(known: Known, thinned: Thinned, zoom: number, context: Context): Promise<void> {
    const key = tileKey(thinned, context.services.catalog.writes(thinned.layer), ['shares'])
    if (known.counted === null) {
      const kept = thinned.layer.state === 'READY' ? await this.#cache.get(key) : null
      if (kept) {
        const { levels, counted } = JSON.parse(kept.bytes.toString()) as Kept
        for (const [place, level] of levels) known.levels.set(place, Math.max(known.levels.get(place) ?? 0, level))
        known.counted = counted
        if (known.levels.has(zoom)) return
      }
    }
    let at = known.counted ? Math.min(MOST_ZOOM, known.counted.zoom + STEP) : firstZoom(thinned.layer)
    for (;;) {
      const tiles = await countTiles(thinned, at, context)
      const least = known.counted ? known.counted.zoom + 1 : 0
      const most = mostByZoom(tiles, at, least)
      for (const [place, count] of most) {
        const level = thinningFor(count)
        known.levels.set(place, Math.max(known.levels.get(place) ?? 0, level))
      }
      known.counted = { zoom: at, most: most.get(at) ?? 0 }
      if (known.counted.most <= TILE_FEATURES) break
      // A higher zoom has no tile with more.
      if (at >= zoom) break
      at = Math.min(MOST_ZOOM, at + STEP)
    }
    if (known.counted.most <= TILE_FEATURES) {
      for (let higher = known.counted.zoom + 1; higher <= MOST_ZOOM; higher++) {
        if (!known.levels.has(higher)) known.levels.set(higher, 0)
      }
    }
    const kept: Kept = { levels: [...known.levels], counted: known.counted }
    if (thinned.layer.state === 'READY') this.#cache.put(key, 0, [Buffer.from(JSON.stringify(kept))])
  }
}

function keyOf({ layer, filter }: Thinned): string {
  return `${layer.fingerprint} ${layer.state} ${layer.name} ${filter?.digest ?? ''} ${JSON.stringify(layer.tailoring?.importance)}`
}

/** Null for a layer without ranks: it has no sizes, or they are not proven to be safe to read. */
function rankOf({ columns, tailoring, geometryTypes, geometryEncoding, pruning, state }: Layer): Rank | null {
  const field = columns.find(({ name }) => name === tailoring?.importance)
  if (field) return field
  if (geometryTypes.length === 0 || geometryTypes.some((type) => type.includes('Point'))) return null
  const isSafe = pruning.kind === 'COVERING_COLUMN' || (state === 'READY' && geometryEncoding === 'GEOMETRY')
  return isSafe ? 'size' : null
}

/** The zoom at which about as many tiles as are counted cover the layer. */
function firstZoom({ crs, extent }: Layer): number {
  if (!crs?.isLonLat || !extent) return FIRST_ZOOM
  const [west, south, east, north] = extent
  const size = Math.max(east - west, Math.min(MAX_LATITUDE, north) - Math.max(-MAX_LATITUDE, south), 360 / 2 ** MOST_ZOOM)
  return Math.max(0, Math.min(MOST_ZOOM, Math.floor(Math.log2((Math.sqrt(MOST_COUNTED) * 360) / size))))
}

/** A tile and the features whose box has its centre in it. */
interface Counted {
  readonly x: number
  readonly y: number
  readonly count: number
}

async function countTiles(
  { layer, args: { where, deadline } }: Thinned,
  zoom: number,
  context: Context,
): Promise<readonly Counted[]> {
  const args = {
    layer: layer.name,
    where: where ?? null,
    deadline: deadline ?? null,
    cell: { kind: 'TILE', zoom } as const,
    orderBy: [{ by: 'COUNT', direction: 'DESC' } as const],
  }
  const request: GroupRequest = await readGroupRequest(args, context, (columns) => {
    const { grid, indexes } = columns.cell as NonNullable<typeof columns.cell>
    const cell = { key: 'cell', field: 'cell', grid: grid as Grid, indexes, fields: [{ key: 'id', field: 'id' }] } as const
    const count = { key: 'count', field: 'property', name: columns.features().field.name } as const
    return { outputs: [{ kind: 'features', fields: [cell, count] }], indexes: new Map(), startCursor: null, message: null }
  })
  const { services, operation } = context
  const asker = operationContext(context, request)
  const { outputs, release } = await services.engine.page(request.query, MOST_COUNTED, asker, operation.signal)
  const rows = JSON.parse(join(outputs[0]!).toString()) as { cell: { id: string } | null; count: string | number }[]
  release()
  return rows.flatMap(({ cell, count }) => {
    const [x, y] = (cell && parseCellId(cell.id)?.index) ?? []
    return x === undefined || y === undefined ? [] : [{ x, y, count: Number(count) }]
  })
}

/** The most features of a tile by zoom, from `least` up to `zoom`. */
function mostByZoom(tiles: readonly Counted[], zoom: number, least: number): ReadonlyMap<number, number> {
  const most = new Map<number, number>()
  let counts = new Map(tiles.map(({ x, y, count }) => [x * 2 ** zoom + y, count]))
  for (let at = zoom; at >= least; at--) {
    most.set(at, Math.max(0, ...counts.values()))
    const above = new Map<number, number>()
    for (const [place, count] of counts) {
      const [x, y] = [Math.floor(place / 2 ** at), place % 2 ** at]
      const parent = (x >> 1) * 2 ** (at - 1) + (y >> 1)
      above.set(parent, (above.get(parent) ?? 0) + count)
    }
    counts = above
  }
  return most
}
