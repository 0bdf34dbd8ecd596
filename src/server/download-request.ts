/** What a download asks for: the path names layer and format; arguments come as JSON, by GET each in a parameter, by POST as one object. */
import type { IncomingMessage } from 'node:http'
import type { DownloadFormat, DownloadRequest } from '../ask/download-query.ts'
import { GeoduckError } from '../model/errors.ts'
import { mostJsonParts, parseJson } from './http-operation.ts'
import type { RequestLimits } from './limits.ts'

export type DownloadLimits = Pick<RequestLimits, 'maxBodyBytes' | 'maxVertices'>

const PATH = /^\/download\/([^/]+)\.(arrows|geojsonl)$/

/** Null: no download is of this path. Throws BAD_INPUT, LIMIT_EXCEEDED. */
export async function readDownload(req: IncomingMessage, limits: DownloadLimits): Promise<DownloadRequest | null> {
  const { pathname, searchParams } = new URL(req.url ?? '/', 'http://localhost')
  const [, name, format] = PATH.exec(pathname) ?? []
  const layer = name === undefined ? null : decoded(name)
  if (layer === null) return null
  const given = req.method === 'POST' ? await fromBody(req, limits) : fromQuery(searchParams, mostJsonParts(limits))
  return { layer, format: format as DownloadFormat, given }
}

function decoded(name: string): string | null {
  try {
    return decodeURIComponent(name)
  } catch {
    return null
  }
}

/** `?limit=10&where={"bbox":[0,50,1,51]}`; a text that is no JSON is itself: a cursor, a CRS. */
function fromQuery(parameters: URLSearchParams, jsonParts: number): Record<string, unknown> {
  const given = Object.create(null) as Record<string, unknown>
  for (const [name, text] of parameters) {
    if (name in given) throw new GeoduckError('BAD_INPUT', `\`${name.slice(0, 100)}\` is there twice.`)
    given[name] = jsonOrText(text, jsonParts)
    if (given[name] === text && /^\s*[[{]/.test(text)) {
      throw new GeoduckError(
        'BAD_INPUT',
        `\`${name.slice(0, 100)}\` is no JSON: names stand in double quotes, and the whole in its percent-encoding.`,
      )
    }
  }
  return given
}

/** Throws LIMIT_EXCEEDED. */
function jsonOrText(text: string, jsonParts: number): unknown {
  try {
    return parseJson(text, jsonParts)
  } catch (error) {
    if (error instanceof GeoduckError) throw error
    return text
  }
}

async function fromBody(req: IncomingMessage, limits: DownloadLimits): Promise<Record<string, unknown>> {
  if (!/^application\/json\s*(;|$)/i.test(req.headers['content-type'] ?? '')) {
    throw new GeoduckError('BAD_INPUT', "Send a download's arguments as `application/json`, or by GET.")
  }
  const { maxBodyBytes } = limits
  const pieces: Buffer[] = []
  let bytes = 0
  for await (const piece of req as AsyncIterable<Buffer>) {
    bytes += piece.length
    if (bytes > maxBodyBytes) {
      throw new GeoduckError('LIMIT_EXCEEDED', `The body is larger than ${maxBodyBytes} bytes; ask for less at once.`)
    }
    pieces.push(piece)
  }
  const given: unknown = jsonOrText(Buffer.concat(pieces).toString() || '{}', mostJsonParts(limits))
  if (typeof given === 'object' && given !== null && !Array.isArray(given)) return { ...given }
  throw new GeoduckError('BAD_INPUT', "A download's body is a JSON object of its arguments.")
}
