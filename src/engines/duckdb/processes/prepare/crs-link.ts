/**
 * Refuses a GeoJSON file in which any `crs` member is a link. In GeoJSON of 2008, `crs` may say where the CRS is defined instead of
 * naming it. GDAL fetches that address for every object with such a member, in upper or lower case and with any escapes. The search takes
 * about 3 ms per megabyte.
 */
import { createReadStream } from 'node:fs'

/** No real CRS is longer. Without this limit, the rest of the file could be read into memory. */
const MOST_CHARACTERS = 1 << 20

/** The name of the member. GDAL ignores case, and its parser accepts both kinds of quotes. */
const KEY = /["'](?:[cC]|\\u00[46]3)(?:[rR]|\\u00[57]2)(?:[sS]|\\u00[57]3)["']/g
const GAP = /(?:\s|\/\*[\s\S]*?\*\/|\/\/[^\n]*\n)*/y
const STRING = /"(?:[^"\\]|\\[\s\S])*"|'(?:[^'\\]|\\[\s\S])*'/y

/** A link by which OGC names a CRS. GDAL understands it without following it. */
const NAME_OF_OGC = /https?:\/\/(?:www\.)?opengis\.net\/def\/crs[-\w./?&=:]*/gi
/** A string that begins like the type `link` or `url`, like the member `url` or `href`, or like a link or a path. */
const LINK = /["']\s*(?:link|url|href|\w+:\/\/|\/)/i
const ADDRESS = /(\w+:\/\/|\/vsi\w+\/)+([^/"'\s]*)/i

/** @throws Error that names the target of the link */
export async function refuseLinks(file: string): Promise<void> {
  let rest = ''
  for await (const chunk of createReadStream(file, { encoding: 'latin1', highWaterMark: 1 << 20 }) as AsyncIterable<string>) {
    rest = scan(rest + chunk)
    if (rest.length > MOST_CHARACTERS + chunk.length) throw new Error('its crs is longer than a megabyte')
  }
}

/** Returns the end of the text that must be searched again together with the next text. */
function scan(text: string): string {
  for (const { index, 0: key } of text.matchAll(KEY)) {
    const value = valueAfter(text, index + key.length)
    if (value === 'UNFINISHED') return text.slice(index)
    if (value !== null && isLink(value)) throw new Error(`its crs is a link${toWhere(value)}, which is not followed: ${REMEDY}`)
  }
  // The end of the text may cut a key in two.
  return text.slice(-24)
}

const REMEDY = 'name the CRS instead, as in {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::25832"}}'

function isLink(value: string): boolean {
  return LINK.test(unescaped(value).replace(NAME_OF_OGC, ''))
}

function toWhere(value: string): string {
  const host = ADDRESS.exec(unescaped(value))?.[2]
  return host ? ` to ${host}` : ''
}

function unescaped(text: string): string {
  return text
    .replace(/\\u([0-9a-f]{4})/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
    .replaceAll('\\/', '/')
}

/** Returns the object after the name of a member. Null if there is none; UNFINISHED if the text ends before it. */
function valueAfter(text: string, from: number): string | 'UNFINISHED' | null {
  const colon = after(GAP, text, from)
  // The parser also accepts comments. One may end in the next text.
  if (colon === text.length || text[colon] === '/') return 'UNFINISHED'
  if (text[colon] !== ':') return null
  const start = after(GAP, text, colon + 1)
  if (start === text.length || text[start] === '/') return 'UNFINISHED'
  if (text[start] !== '{') return null
  let depth = 0
  for (let at = start; at < text.length; ) {
    const character = text[at]
    if (character === '{') depth++
    if (character === '}' && --depth === 0) return text.slice(start, at + 1)
    const next = character === '"' || character === "'" ? after(STRING, text, at) : at + 1
    if (next === at) return 'UNFINISHED'
    at = next
  }
  return 'UNFINISHED'
}

/** Returns the end of the match, or the same position if nothing matches. */
function after(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at
  return pattern.test(text) ? pattern.lastIndex : at
}
