/**
 * Reads a download request. The path names layer and format. Arguments are parameters of the address; in a POST they are members
 * of one JSON object too.
 */
import type { IncomingMessage } from 'node:http'
import type { DownloadRequest } from '../ask/download-query.ts'
import { GeoduckError } from '../model/errors.ts'
import { FILE_FORMATS, type FileFormat } from '../model/file-format.ts'
import { bodyForm, mostJsonParts, parseJson, readText } from './http-operation.ts'
import type { RequestLimits } from './limits.ts'

export type DownloadLimits = Pick<RequestLimits, 'maxBodyBytes' | 'maxVertices'>

type Given = Record<string, unknown>

const PATH = new RegExp(`^/download/([^/]+?)\\.(${FILE_FORMATS.map((name) => name.replace('.', '\\.')).join('|')})$`)
/** Parameters whose values are lists: JSON, or items with commas between them, or the parameter once per item. */
const LISTS = ['bbox', 'only', 'properties']

/**
 * Reads a download request. Null if the path is not one of a download.
 * @throws GeoduckError BAD_INPUT, LIMIT_EXCEEDED, and GraphQLError with status 415
 */
export async function readDownload(req: IncomingMessage, limits: DownloadLimits): Promise<DownloadRequest | null> {
  const { pathname, searchParams } = new URL(req.url ?? '/', 'http://localhost')
  const [, name, format] = PATH.exec(pathname) ?? []
  const layer = name === undefined ? null : decoded(name)
  if (layer === null) return null
  const given = fromQuery(searchParams, mostJsonParts(limits))
  if (req.method === 'POST') {
    for (const [argument, value] of Object.entries(await fromBody(req, limits))) {
      if (argument in given) throw twice(argument)
      given[argument] = value
    }
  }
  return { layer, format: format as FileFormat, given }
}

export function decoded(name: string): string | null {
  try {
    return decodeURIComponent(name)
  } catch {
    return null
  }
}

/** Reads `?limit=10&where={"bbox":[0,50,1,51]}`. A value that is no JSON is a text, such as a cursor or a CRS. */
export function fromQuery(parameters: URLSearchParams, jsonParts: number): Given {
  const given = Object.create(null) as Given
  for (const [name, text] of parameters) {
    const isList = LISTS.includes(name) && !/^\s*[["]/.test(text)
    const value = isList ? items(name, text) : jsonOrText(text, jsonParts)
    if (value === text && /^\s*[[{]/.test(text)) {
      throw new GeoduckError(
        'BAD_INPUT',
        `\`${name.slice(0, 100)}\` is no JSON: names stand in double quotes, and the whole in its percent-encoding.`,
      )
    }
    const former = given[name]
    if (name in given && !(Array.isArray(former) && Array.isArray(value) && isList)) throw twice(name)
    given[name] = name in given ? [...(former as unknown[]), ...(value as unknown[])] : value
  }
  return given
}

/** Reads `a,b`. A `bbox` is a list of numbers, or true or false. */
function items(name: string, text: string): unknown {
  if (name === 'bbox' && (text === 'true' || text === 'false')) return text === 'true'
  const texts = text === '' ? [] : text.split(',').map((item) => item.trim())
  return name === 'bbox' ? texts.map((item) => (item === '' || Number.isNaN(Number(item)) ? item : Number(item))) : texts
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

async function fromBody(req: IncomingMessage, limits: DownloadLimits): Promise<Given> {
  const { 'content-length': length, 'transfer-encoding': chunked } = req.headers
  if (chunked === undefined && Number(length ?? 0) === 0) return {}
  const text = await readText(req, bodyForm(req.headers), limits.maxBodyBytes)
  const given: unknown = jsonOrText(text || '{}', mostJsonParts(limits))
  if (typeof given === 'object' && given !== null && !Array.isArray(given)) return { ...given }
  throw new GeoduckError('BAD_INPUT', "A download's body is a JSON object of its arguments.")
}

function twice(name: string): GeoduckError {
  return new GeoduckError('BAD_INPUT', `\`${name.slice(0, 100)}\` is given twice; give it once.`)
}
