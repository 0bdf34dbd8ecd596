/** Sends vector tiles of a layer, `/tiles/LAYER/Z/X/Y.mvt`, and their description as TileJSON 3, `/tiles/LAYER.json`. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { GraphQLSchema } from 'graphql'
import { type FeatureRequest, findLayer, operationContext, readWhere } from '../ask/feature-request.ts'
import { isInDegrees } from '../ask/selection.ts'
import { isOfPoints, readTileCells } from '../ask/tile-cells.ts'
import {
  type Lattices,
  MAP_ZOOM,
  readTileArguments,
  readTileQuery,
  requirePlace,
  requireTiles,
  type TileArguments,
  type TileRequest,
} from '../ask/tile-query.ts'
import { viewOf } from '../ask/view.ts'
import type { Config } from '../config/config.ts'
import type { Operation } from '../delivery/operation.ts'
import type { JsonPiece } from '../delivery/raw-json.ts'
import { POINT_COUNT } from '../encode/tile/cells.ts'
import type { Page } from '../engines/engine.ts'
import { HALF_WORLD, lonLatOf, MAX_LATITUDE } from '../geometry/cells.ts'
import type { TilePlace } from '../geometry/tile-place.ts'
import type { Context, Services } from '../graphql/context.ts'
import type { BBox, Layer } from '../model/layer.ts'
import type { View } from '../model/query.ts'
import { MOST_TILE_FEATURES } from '../model/tile-budget.ts'
import type { Access, ClientAddress, Origins, PublicAddress } from './access.ts'
import type { DownloadLimits } from './download-request.ts'
import { type EntityTags, forbidsStoring, type TaggedRequest } from './entity-tags.ts'
import { answerFile, type FileRequest } from './file-request.ts'
import { sendJson } from './http-operation.ts'
import type { Operations } from './operations.ts'
import { type TileCache, tileKey } from './tile-cache.ts'
import { TileLattices } from './tile-lattices.ts'
import { readTile } from './tile-request.ts'
import { type Thinned, TileThinning } from './tile-thinning.ts'

const METHODS = 'GET'
const TYPE = 'application/vnd.mapbox-vector-tile'

export interface TileEndpointOptions {
  readonly schema: GraphQLSchema
  readonly services: Services
  readonly operations: Operations
  readonly access: Access
  readonly addressOf: ClientAddress
  readonly publicAddress: PublicAddress
  readonly limits: DownloadLimits
  readonly origins: Origins
  readonly tags: EntityTags
  readonly compression: Config['compression']
  readonly cache: TileCache
}

export class TileEndpoint {
  readonly #options: TileEndpointOptions
  readonly #lattices = new TileLattices()
  readonly #latticeOf: Lattices = (layer, context) => this.#lattices.of(layer, context)
  readonly #thinning: TileThinning

  constructor(options: TileEndpointOptions) {
    this.#options = options
    this.#thinning = new TileThinning(options.cache)
  }

  /** Answers the request in every case. */
  async answer(req: IncomingMessage, res: ServerResponse, asked: FileRequest): Promise<void> {
    await answerFile(req, res, { ...this.#options, methods: METHODS, verb: 'request tiles' }, (operation) =>
      this.#send(req, res, operation, asked),
    )
  }

  async #send(req: IncomingMessage, res: ServerResponse, operation: Operation, { isHead, notFound }: FileRequest): Promise<void> {
    if (req.method !== 'GET') {
      res.setHeader('allow', METHODS)
      return sendJson(res, 405, { error: 'Request a tile by GET.' })
    }
    const { tags, services, limits } = this.#options
    operation.kind = 'tile'
    const pageKey = tags.pageKeyOf(req, `${this.#thinning.generation} ${req.url}`, TYPE)
    const request = { req, res, isHead, operation, services, pageKey }
    if (await tags.sendCached(request)) return
    const tile = readTile(req, limits)
    if (!tile) return notFound()
    if (tile.place) await this.#sendTile(request, tile, tile.place)
    else await this.#describe(request, tile)
  }

  async #sendTile(request: TaggedRequest, tile: TileRequest, place: TilePlace): Promise<void> {
    const { schema, tags, compression, cache } = this.#options
    const { operation, services } = request
    requirePlace(place)
    const args = readTileArguments(schema, tile, services.cursorSecret)
    const { request: asked, filter } = await readTileQuery(tile.layer, place, args, request, this.#latticeOf)
    const { layer } = asked.query.view
    const hasCells = args.cells > 0 && isOfPoints(layer)
    const thinned: Thinned = { layer, filter, args }
    const question = [place, args.only, filter?.digest ?? null, hasCells && args.cells, layer.tailoring?.importance ?? null]
    const known = this.#thinning.known(thinned, place.zoom)
    const tagged = await tags.bytesOf(request, layer, question)
    if (tagged.tag !== null && tags.sendNotModified(request, withLevel(tagged.tag, known ?? levelIn(request.req)))) return
    let level = known ?? (await this.#thinning.at(thinned, place.zoom, request))
    const mayKeep = tagged.tag !== null && !forbidsStoring(request.req)
    const key = () => tileKey(thinned, services.catalog.writes(layer), [...question, level])
    const send = (pieces: readonly JsonPiece[]) => {
      const headers = { 'geoduck-dropped': hasCells ? '0' : String(1 - 1 / 2 ** level) }
      const tag = tagged.tag && withLevel(tagged.tag, level)
      return tags.sendBytes(request, tagged, { type: TYPE, headers, tag, pieces, compression })
    }
    const kept = mayKeep ? await cache.get(key()) : null
    if (kept) {
      const { heldMemory, signal } = operation
      operation.deliveredCached({ name: null, layers: [], rows: kept.rows })
      if (!heldMemory.hasRoom) await heldMemory.room(signal, { timed: true, whole: true })
      heldMemory.add(kept.bytes.length)
      return await send([kept.bytes])
    }
    for (;;) {
      const isOfCells = hasCells && level > 0
      const page = isOfCells
        ? await this.#cells(tile.layer, place, args, request)
        : await this.#features(asked, thinned, level, request)
      // A smaller share has the same cells.
      if (page.hasMore && page.count > 1 && !isOfCells) {
        page.release()
        level = this.#thinning.raise(thinned, place.zoom, level)
        continue
      }
      operation.delivered(page)
      operation.whenEnded(page.release)
      if (mayKeep) cache.put(key(), page.count, page.outputs[0]!)
      return await send(page.outputs[0]!)
    }
  }

  async #features({ query, ...asked }: FeatureRequest, thinned: Thinned, level: number, request: TaggedRequest): Promise<Page> {
    const { services, operation } = request
    const ranked = await this.#thinning.rank(thinned, level, request)
    const shown = Object.freeze({ ...query, ...(ranked ? { ranked } : { thinning: level }) })
    return await services.engine.page(shown, MOST_TILE_FEATURES, operationContext(request, { query, ...asked }), operation.signal)
  }

  async #cells(layer: string, place: TilePlace, args: TileArguments, request: TaggedRequest): Promise<Page> {
    const { services, operation } = request
    // The query for features does not run.
    operation.queries.pop()
    const { request: asked } = await readTileCells(layer, place, args, request, this.#latticeOf)
    // Cells at the edges belong to the neighbours.
    const most = (args.cells + 4) ** 2
    return await services.engine.page(asked.query, most, operationContext(request, asked), operation.signal)
  }

  /** Sends the TileJSON of a layer. */
  async #describe(request: TaggedRequest, tile: TileRequest): Promise<void> {
    const { schema, publicAddress } = this.#options
    const { req, res, services } = request
    const args = readTileArguments(schema, tile, services.cursorSecret)
    const layer = await findLayer(tile.layer, request)
    requireTiles(layer)
    const view = viewOf(layer)
    const filter = args.where ? await readWhere(args.where, view, request) : null
    const lattice = await this.#latticeOf(layer, request)
    const hasCells = args.cells > 0 && isOfPoints(layer)
    const dropped = await this.#dropped({ layer, filter, args }, request)
    const [path = '', parameters] = (req.url ?? '').split('?', 2) as [string, string?]
    const base = `${publicAddress(req)}${path.replace(/\.json$/, '')}`
    res.setHeader('cache-control', 'no-cache')
    sendJson(res, 200, {
      tilejson: '3.0.0',
      name: layer.tailoring?.title ?? layer.name,
      ...(layer.tailoring?.description && { description: layer.tailoring.description }),
      tiles: [`${base}/{z}/{x}/{y}.mvt${parameters === undefined ? '' : `?${parameters}`}`],
      minzoom: 0,
      maxzoom: MAP_ZOOM,
      ...boundsOf(layer, lattice?.lattice.extent ?? null),
      vector_layers: [
        {
          id: layer.name,
          fields: { ...fieldsOf(view, args.only), ...(hasCells && dropped.length > 0 && { [POINT_COUNT]: 'Number' }) },
          minzoom: 0,
          maxzoom: MAP_ZOOM,
        },
      ],
      ...(hasCells && dropped.length > 0
        ? { cells: { property: POINT_COUNT, maxzoom: dropped.length - 1, across: args.cells }, dropped: [] }
        : { dropped }),
    })
  }

  /** The share of the features that the tiles of each zoom leave out, from zoom 0 on. Zooms that leave out none are not listed. */
  async #dropped(thinned: Thinned, context: Context): Promise<readonly number[]> {
    const shares: number[] = []
    for (let zoom = 0; zoom <= MAP_ZOOM; zoom++) {
      const level = await this.#thinning.at(thinned, zoom, context)
      if (level === 0) break
      shares.push(1 - 1 / 2 ** level)
    }
    return shares
  }
}

/** A tag that contains the share of the features too. */
function withLevel(tag: string, level: number): string {
  return tag.replace(/"$/, `-${level}"`)
}

/** The level of the tile that the client has. If the share is not counted yet, the client's tile is as good as any. */
function levelIn({ headers }: IncomingMessage): number {
  return Number(/-(\d{1,2})"/.exec(headers['if-none-match'] ?? '')?.[1] ?? 0)
}

/** Longitudes and latitudes. Left out if they are not known without a worker. */
function boundsOf(layer: Layer, placed: BBox | null): { readonly bounds?: BBox } {
  const { extent, crs } = layer
  if (placed) return { bounds: withinWorld(placed) }
  if (!extent) return {}
  if (isInDegrees(layer)) return { bounds: withinWorld(extent) }
  if (crs?.code !== 'EPSG:3857') return {}
  const within = (metres: number) => Math.max(-HALF_WORLD, Math.min(HALF_WORLD, metres))
  const [west, south, east, north] = extent.map(within) as unknown as BBox
  return { bounds: withinWorld([...lonLatOf([west, south]), ...lonLatOf([east, north])]) }
}

function withinWorld([west, south, east, north]: BBox): BBox {
  const [low, high] = [south, north].map((latitude) => Math.max(-MAX_LATITUDE, Math.min(MAX_LATITUDE, latitude)))
  return west < -180 || east > 180 ? [-180, low!, 180, high!] : [west, low!, east, high!]
}

/** The properties with their types, as tiles have them. */
function fieldsOf({ fields }: View, only: readonly string[] | null): Readonly<Record<string, string>> {
  const shown = fields.filter(({ name }) => only === null || only.includes(name))
  return Object.fromEntries(shown.map(({ name, type }) => [name, typeName(type.kind)]))
}

function typeName(kind: View['fields'][number]['type']['kind']): string {
  if (kind === 'bool') return 'Boolean'
  return kind === 'int' || kind === 'float' || kind === 'decimal' ? 'Number' : 'String'
}
