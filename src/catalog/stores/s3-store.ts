/** The objects of S3, and of stores with its interface. */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { SourceError } from '../../engines/duckdb/host/source-error.ts'
import { objectAddress } from '../../model/remote-source.ts'
import { HttpStore, type Method, type Target } from './http-store.ts'
import { type Access, readAccess, signed } from './s3-access.ts'
import { ObjectError, type Store } from './store.ts'

/** Milliseconds that a list, and credentials, are used before they are read again. */
const KEPT_MS = 10_000
/** Objects of one pattern. More of them would take longer to describe than anybody waits. */
const MOST_OBJECTS = 10_000
const MOST_ATTEMPTS = 4
const FIRST_WAIT_MS = 50
const WILDCARD = /[*?[\]{}]/

interface Kept<T> {
  readonly until: number
  readonly value: Promise<T>
}

export class S3Store extends HttpStore implements Store {
  readonly #lists = new Map<string, Kept<readonly string[]>>()
  #access: Kept<Access> | null = null

  /** A list is used for a few seconds, and longer if the store does not answer. */
  async list(pattern: string): Promise<readonly string[]> {
    const known = this.#lists.get(pattern)
    if (known && known.until > performance.now()) return await known.value
    const value = this.#listNow(pattern).catch((error: unknown) => {
      if (known) return known.value
      this.#lists.delete(pattern)
      if (error instanceof SourceError) throw error
      if (error instanceof ObjectError) throw new SourceError(error.message, { cause: error })
      throw new SourceError('the objects of its store cannot be listed', { cause: error })
    })
    this.#lists.set(pattern, { until: performance.now() + KEPT_MS, value })
    return await value
  }

  /** Up to 5 GB, which is the most that S3 takes at once. An own attempt without an answer counts as another that was first. */
  async putIfAbsent(file: string, address: string): Promise<boolean> {
    const digest = createHash('sha256')
    await pipeline(createReadStream(file), digest)
    const headers = {
      'content-length': String((await stat(file)).size),
      'if-none-match': '*',
      'x-amz-content-sha256': digest.digest('hex'),
    }
    return await inAttempts(async () => {
      // So that a large file is rarely sent for nothing. Some stores end the connection instead of reading it.
      const { statusCode } = (await this.request(address, {}, 'HEAD')).resume()
      if (statusCode === 200) return false
      const response = await this.request(address, headers, 'PUT', createReadStream(file))
      const body = await text(response)
      const code = textOf(body, 'Code') || `status ${response.statusCode}`
      if (response.statusCode === 200) return true
      if (response.statusCode === 412) return false
      // A conflict with another who puts at the same time: one of both may have failed.
      if (response.statusCode === 409 || response.statusCode! >= 500) throw new Error(code)
      throw new ObjectError('REFUSED', `its store does not take it (${code})`)
    })
  }

  protected override async target(address: string, headers: Record<string, string>, method: Method): Promise<Target> {
    if (!this.#access || this.#access.until < performance.now())
      this.#access = { until: performance.now() + KEPT_MS, value: readAccess(this.options) }
    return await signed(await this.#access.value, address, headers, method)
  }

  async #listNow(pattern: string): Promise<readonly string[]> {
    const [, bucket = '', key = ''] = /^s3:\/\/([^/]+)\/(.*)$/i.exec(pattern) ?? []
    const glob = key.endsWith('/') || key === '' ? `${key}**/*.{parquet,geoparquet}` : key
    const prefix = glob.slice(0, glob.search(WILDCARD))
    const keys: string[] = []
    for (let token: string | undefined = ''; token !== undefined; ) {
      const query = new URLSearchParams({ 'list-type': '2', 'encoding-type': 'url', prefix })
      if (token !== '') query.set('continuation-token', token)
      const page = await this.#page(`s3://${bucket}/?${query}`)
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

  #page(address: string): Promise<string> {
    return inAttempts(async () => {
      const response = await this.request(address, {})
      const body = await text(response)
      if (response.statusCode === 200) return body
      const code = textOf(body, 'Code') || `status ${response.statusCode}`
      if ((response.statusCode ?? 0) < 500)
        throw new SourceError(`its store does not list it (${code}): it is not there, or needs other credentials`)
      throw new Error(code)
    })
  }
}

async function inAttempts<T>(attempt: () => Promise<T>): Promise<T> {
  for (let n = 1; ; n++) {
    try {
      return await attempt()
    } catch (error) {
      if (error instanceof SourceError || error instanceof ObjectError || n === MOST_ATTEMPTS) throw error
      await delay(FIRST_WAIT_MS * 2 ** n)
    }
  }
}

/** The values of a list have no markup: keys are encoded as in a URL. */
function textOf(xml: string, name: string): string {
  const [, value = ''] = new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml) ?? []
  return value.replaceAll('&quot;', '"').replaceAll('&amp;', '&')
}
