/** Reads a request for a vector tile, or for the description of all tiles of a layer. Arguments are parameters of the address. */
import type { IncomingMessage } from 'node:http'
import type { TileRequest } from '../ask/tile-query.ts'
import { type DownloadLimits, decoded, fromQuery } from './download-request.ts'
import { mostJsonParts } from './http-operation.ts'

const PATH = /^\/tiles\/([^/]+)(?:\.json|\/(\d{1,9})\/(\d{1,9})\/(\d{1,9})\.mvt)$/

/** Returns null if the path is not one of tiles. @throws GeoduckError BAD_INPUT, LIMIT_EXCEEDED */
export function readTile(req: IncomingMessage, limits: DownloadLimits): TileRequest | null {
  const { pathname, searchParams } = new URL(req.url ?? '/', 'http://localhost')
  const [, name, zoom, x, y] = PATH.exec(pathname) ?? []
  const layer = name === undefined ? null : decoded(name)
  if (layer === null) return null
  const place = zoom === undefined ? null : { zoom: Number(zoom), x: Number(x), y: Number(y) }
  return { layer, place, given: fromQuery(searchParams, mostJsonParts(limits)) }
}
