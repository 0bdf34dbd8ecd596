/**
 * The only way from an engine to remote objects: a proxy on loopback, which knows the versions that are served and reads
 * nothing else. The engine asks for `http://objects.invalid/VERSION/...`, a name that no resolver knows. So it has no credential
 * and no address of a server. An address of a version always stands for the same bytes.
 */
import { hash, randomBytes, timingSafeEqual } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { GatewayAccess, RemoteReaders } from '../../engines/engine.ts'
import { ObjectError, type ObjectVersion } from '../stores/store.ts'
import type { Stores } from '../stores/stores.ts'
import { RangeCache } from './range-cache.ts'

const HOST = 'http://objects.invalid'
const USER = 'geoduck'

export interface GatewayOptions {
  /** Path of the engine's extension that reads over HTTP. */
  readonly extension: string
  readonly stores: Stores
  /** Bytes of ranges that are kept in memory. */
  readonly cacheBytes: number
  /** Counts what is read, by the user names of the processes that read. */
  readonly readers: RemoteReaders
  /** Called when the server of an object has another version of it. */
  readonly onChanged: (url: string) => void
  /** Called for a read that failed. */
  readonly onFailed: (url: string, error: unknown) => void
}

export class Gateway {
  readonly access: GatewayAccess
  readonly #options: GatewayOptions
  readonly #server: Server
  readonly #password: Buffer
  readonly #cache: RangeCache
  readonly #versions = new Map<string, ObjectVersion>()
  /** The version of each object that may be read. */
  readonly #current = new Map<string, string>()

  private constructor(server: Server, options: GatewayOptions) {
    const password = randomBytes(24).toString('base64url')
    const { port } = server.address() as AddressInfo
    this.access = { extension: options.extension, proxy: `127.0.0.1:${port}`, user: USER, password }
    this.#options = options
    this.#cache = new RangeCache(options.cacheBytes)
    this.#server = server
    this.#password = digestOf(password)
    server.on('request', (req, res) => void this.#answer(req, res))
  }

  static async open(options: GatewayOptions): Promise<Gateway> {
    const server = createServer({ keepAliveTimeout: 60_000 })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    server.unref()
    return new Gateway(server, options)
  }

  /**
   * Returns the engine's path of this version. From now on it may be read, and earlier versions of the object may not. An object that is not
   * served any more stays here, but no worker that is started later may read its path.
   */
  allow(version: ObjectVersion): string {
    const id = versionId(version)
    const before = this.#current.get(version.url)
    if (before !== undefined) this.#versions.delete(before)
    this.#versions.set(id, version)
    this.#current.set(version.url, id)
    return enginePath(version)
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  async #answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
    res.on('error', () => {})
    const [, id = ''] = /^http:\/\/objects\.invalid\/([0-9a-f]+)\//.exec(req.url ?? '') ?? []
    const version = this.#versions.get(id)
    const { user, password } = credentialsOf(req)
    if (!timingSafeEqual(digestOf(password), this.#password)) return end(res, 407)
    if (!version) return end(res, 404)
    const { bytes } = version
    const shared = { 'accept-ranges': 'bytes', etag: `"${id}"` }
    if (req.method === 'HEAD') return void res.writeHead(200, { ...shared, 'content-length': bytes }).end()
    const [, from = Number.NaN, to = Number.NaN] = /^bytes=(\d+)-(\d+)$/.exec(req.headers.range ?? '')?.map(Number) ?? []
    if (req.method !== 'GET' || !(from <= to && to < bytes)) return end(res, 416)
    const length = to - from + 1
    const head = { ...shared, 'content-length': length, 'content-range': `bytes ${from}-${to}/${bytes}` }
    const key = `${id} ${from} ${to}`
    const reads = this.#options.readers.get(user)
    const kept = this.#cache.get(key)
    if (kept) {
      if (reads) reads.remoteCacheHits++
      return void res.writeHead(206, head).end(kept)
    }
    const pieces = this.#cache.keep(key, length, this.#options.stores.of(version.url).read(version, from, to, reads))
    try {
      // The status is only sent when the first bytes have arrived.
      const first = await pieces.next()
      res.writeHead(206, head)
      if (!first.done) res.write(first.value)
      await pipeline(Readable.from(pieces, { objectMode: false }), res)
    } catch (error) {
      // The engine ends a read that it does not need any more.
      if (!res.destroyed || error instanceof ObjectError) this.#failed(version.url, error)
      if (res.headersSent) res.destroy()
      else end(res, error instanceof ObjectError && error.why === 'CHANGED' ? 412 : 502)
    } finally {
      await pieces.return(undefined)
    }
  }

  #failed(url: string, error: unknown): void {
    const { onChanged, onFailed } = this.#options
    if (error instanceof ObjectError && (error.why === 'CHANGED' || error.why === 'GONE')) onChanged(url)
    onFailed(url, error)
  }
}

function end(res: ServerResponse, status: number): void {
  res.writeHead(status, { 'content-length': 0 }).end()
}

function credentialsOf(req: IncomingMessage): { readonly user: string; readonly password: string } {
  const [, encoded = ''] = /^Basic (\S+)$/.exec(req.headers['proxy-authorization'] ?? '') ?? []
  const [user = '', password = ''] = Buffer.from(encoded, 'base64').toString('latin1').split(':', 2)
  return { user, password }
}

const digestOf = (text: string): Buffer => Buffer.from(hash('sha256', text, 'hex'))

/** Differs for every version of every object. */
export function versionId({ url, bytes, etag, modified }: ObjectVersion): string {
  return hash('sha256', JSON.stringify([url, bytes, etag, modified])).slice(0, 32)
}

/** Keeps the folders of the address, because their names may be columns (key=value). It has no query, which may be a secret. */
export function enginePath(version: ObjectVersion): string {
  const { host, pathname } = new URL(version.url)
  const path = pathname.replace(/[*[\]]/g, (wildcard) => `%${wildcard.charCodeAt(0).toString(16).toUpperCase()}`)
  return `${HOST}/${versionId(version)}/${host}${path}`
}
