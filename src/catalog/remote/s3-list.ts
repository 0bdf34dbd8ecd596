/** Lists the objects of S3, and of stores with its interface, that match a pattern. */
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { SourceError } from '../../engines/duckdb/host/source-error.ts'
import { ObjectError, request } from './range-reader.ts'

/** Milliseconds that a list is used before it is read again. */
const KEPT_MS = 10_000
/** Objects of one pattern. More of them would take longer to describe than anybody waits. */
const MOST_OBJECTS = 10_000
const LIST_ATTEMPTS = 4
const WILDCARD = /[*?[\]{}]/

const lists = new Map<string, { readonly until: number; readonly value: Promise<readonly string[]> }>()

/** True for a pattern, and for a folder: all its GeoParquet, in folders below too. */
export const isList = (address: string): boolean => address.endsWith('/') || WILDCARD.test(address)

/**
 * Returns the addresses of the objects that match, sorted. A list is used for a few seconds, and longer if the store does not
 * answer. @throws SourceError
 */
export async function listObjects(pattern: string): Promise<readonly string[]> {
  const known = lists.get(pattern)
  if (known && known.until > performance.now()) return await known.value
  const value = list(pattern).catch((error: unknown) => {
    if (known) return known.value
    lists.delete(pattern)
    if (error instanceof SourceError) throw error
    if (error instanceof ObjectError) throw new SourceError(error.message, { cause: error })
    throw new SourceError('the objects of its store cannot be listed', { cause: error })
  })
  lists.set(pattern, { until: performance.now() + KEPT_MS, value })
  return await value
}

async function list(pattern: string): Promise<readonly string[]> {
  const [, bucket = '', key = ''] = /^s3:\/\/([^/]+)\/(.*)$/i.exec(pattern) ?? []
  const glob = key.endsWith('/') || key === '' ? `${key}**/*.{parquet,geoparquet}` : key
  const prefix = glob.slice(0, glob.search(WILDCARD))
  const keys: string[] = []
  for (let token: string | undefined = ''; token !== undefined; ) {
    const query = new URLSearchParams({ 'list-type': '2', 'encoding-type': 'url', prefix })
    if (token !== '') query.set('continuation-token', token)
    const page = await pageOf(`s3://${bucket}/?${query}`)
    for (const [, content = ''] of page.matchAll(/<Contents>(.*?)<\/Contents>/gs)) {
      const name = decodeURIComponent(textOf(content, 'Key').replaceAll('+', ' '))
      const isHidden = /(^|\/)[._][^/]*$/.test(name)
      if (!isHidden && Number(textOf(content, 'Size')) > 0 && path.posix.matchesGlob(name, glob)) keys.push(name)
    }
    if (keys.length > MOST_OBJECTS) throw new SourceError(`more than ${MOST_OBJECTS} objects match it: use a narrower pattern`)
    token = textOf(page, 'IsTruncated') === 'true' ? textOf(page, 'NextContinuationToken') : undefined
  }
  return keys.sort().map((name) => objectAddress(bucket, name))
}

/** Keeps `=`, because folders may be columns (key=value). */
export function objectAddress(bucket: string, key: string): string {
  return `s3://${bucket}/${key.split('/').map(encodeURIComponent).join('/').replaceAll('%3D', '=')}`
}

async function pageOf(address: string): Promise<string> {
  for (let attempt = 1; ; attempt++) {
    try {
      const response = await request(address, {})
      const body = await text(response)
      if (response.statusCode === 200) return body
      const code = textOf(body, 'Code') || `status ${response.statusCode}`
      if ((response.statusCode ?? 0) < 500)
        throw new SourceError(`its store does not list it (${code}): it is not there, or needs other credentials`)
      throw new Error(code)
    } catch (error) {
      if (error instanceof SourceError || error instanceof ObjectError || attempt === LIST_ATTEMPTS) throw error
    }
  }
}

/** The values of a list have no markup: keys are encoded as in a URL. */
function textOf(xml: string, name: string): string {
  const [, value = ''] = new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml) ?? []
  return value.replaceAll('&quot;', '"').replaceAll('&amp;', '&')
}
