/**
 * Reads a download request. The path names layer and format. Arguments are JSON: one parameter each in a GET, one object in a
 * POST.
 */
import type { IncomingMessage } from 'node:http'
import type { DownloadFormat, DownloadRequest } from '../ask/download-query.ts'
import { GeoduckError } from '../model/errors.ts'
import { mostJsonParts, parseJson } from './http-operation.ts'
import type { RequestLimits } from './limits.ts'

export type DownloadLimits = Pick<RequestLimits, 'maxBodyBytes' | 'maxVertices'>

const PATH = /^\/download\/([^/]+)\.(arrows|geojsonl)$/

/**
 * Reads a download request. Null if the path is not one of a download.
 * @throws GeoduckError BAD_INPUT, LIMIT_EXCEEDED
 */
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

/** Reads `?limit=10&where={"bbox":[0,50,1,51]}`. A value that is no JSON is a text, such as a cursor or a CRS. */
function fromQuery(parameters: URLSearchParams, jsonParts: number): Record<string, unknown> {
  const given = Object.create(null) as Record<string, unknown>
  for (const [name, text] of parameters) {
    if (name in given) throw new GeoduckError('BAD_INPUT', `\`${name.slice(0, 100)}\` is given twice; give it once.`)
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

/** Parses JSON, or returns the text. @throws GeoduckError LIMIT_EXCEEDED */
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
