/**
 * Results that are known before they are executed: the client has them, by their entity tag, or the page cache has them. Both depend on the
 * request and the versions of the layers that it names, so no worker reads the data again.
 *
 * Tags are weak: the same data may give other bytes, such as the order of an object's members, or the last digit of a sum that several
 * threads computed. Servers with the same data, version and cursor secret make the same tags.
 */
import { createHash, createHmac } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type ExecutionArgs, type ExecutionResult, getNamedType, TypeInfo, visit, visitWithTypeInfo } from 'graphql'
import { checkVariables } from '../ask/arguments.ts'
import { viewOf } from '../ask/view.ts'
import type { Config } from '../config/config.ts'
import { packageVersion } from '../config/package-version.ts'
import { varyByEncoding } from '../delivery/compression.ts'
import { byteLength, type JsonPiece } from '../delivery/raw-json.ts'
import { jsonTypeFor, type ResultType, sendParts } from '../delivery/response.ts'
import type { Context } from '../graphql/context.ts'
import type { CurrentSchema } from '../graphql/current-schema.ts'
import { identify } from '../graphql/execute.ts'
import { identityOf, type Layer } from '../model/layer.ts'

/** The result of a query whose client has the current result. */
export const NOT_MODIFIED: ExecutionResult = Object.freeze({})

/** Types that describe the server or an execution, so that their values change without a change of data. */
const VOLATILE: ReadonlySet<string> = new Set(['Health', 'Layer', 'Execution', 'Explanation', '__Schema', '__Type'])
/** Most layers of a query with a tag, or with a cached result. Their files are looked at for each request. */
const MOST_LAYERS = 32
/** Characters of the longest operation name of a cached result. It counts as a part of the bytes beside its body. */
const LONGEST_NAME = 256

const VERSION = packageVersion()

/** A request for a query, and the operation that answers it. */
export interface TaggedRequest extends Context {
  readonly req: IncomingMessage
  readonly res: ServerResponse
  /** True if only the headers are sent. */
  readonly isHead: boolean
  /** The key of its result in the page cache. Null if the result must neither be kept nor come from there. */
  readonly pageKey: string | null
}

export interface EntityTagOptions {
  readonly schema: Pick<CurrentSchema, 'named' | 'naming' | 'slice'>
  readonly pages: PageCache
  /** Returns the content coding that a response to the request may have. */
  readonly encodingFor: (req: IncomingMessage) => string | undefined
  /** True if every client may read the results. */
  readonly open: boolean
}

/** True if the client wants a result that is neither kept nor comes from a cache. */
export function forbidsStoring({ headers }: IncomingMessage): boolean {
  return /\bno-store\b/i.test(headers['cache-control'] ?? '')
}

export class EntityTags {
  readonly #options: EntityTagOptions

  constructor(options: EntityTagOptions) {
    this.#options = options
  }

  /** Returns the key of the result in the page cache. `question` is all that the client asks: the text of the body, or the URL. */
  pageKeyOf(
    req: IncomingMessage,
    question: string,
    type: ResultType | null = jsonTypeFor(req.headers.accept ?? null),
  ): string | null {
    if (!this.#options.pages.isOn || forbidsStoring(req)) return null
    if (type === null) return null
    const digest = createHash('sha256')
      .update(`${req.method} ${type} ${this.#options.encodingFor(req)} `)
      .update(question)
    return digest.digest('base64')
  }

  /**
   * Sends the cached result of the request and returns true; returns false if there is none for the layers as they are now. It costs a look at
   * their files.
   */
  async sendCached({ req, res, isHead, operation, services, pageKey }: TaggedRequest): Promise<boolean> {
    const { pages, schema } = this.#options
    const page = pageKey === null ? undefined : pages.take(pageKey)
    if (!page) return false
    const looks = await Promise.all(page.versions.map((version) => isFresh(version, services).catch(() => false)))
    // An operation whose client has disconnected meanwhile has ended already, so it releases nothing more.
    if (looks.includes(false) || numberOfNaming(schema) !== page.naming || operation.signal.aborted) {
      pages.release(page)
      return false
    }
    operation.deliveredCached(page)
    operation.whenEnded(() => pages.release(page))
    if (page.tag !== null && hasTag(req.headers['if-none-match'], page.tag)) {
      pages.requests.not_modified++
      this.#setHeaders(res, page.tag)
      res.writeHead(304).end()
      return true
    }
    pages.requests.hit++
    const { heldMemory, signal } = operation
    if (!heldMemory.hasRoom) await heldMemory.room(signal, { timed: true, whole: true })
    // Clients share the bytes, but one that does not read keeps their memory from being used again.
    heldMemory.add(byteLength(page.body))
    if (page.tag !== null) this.#setHeaders(res, page.tag)
    for (const [name, value] of Object.entries(page.headers ?? {})) res.setHeader(name, value)
    if (page.encoding !== null) res.setHeader('content-encoding', page.encoding)
    varyByEncoding(res)
    await sendParts([...page.body], res, operation, { type: page.type, compression: 'off', isHead })
    return true
  }

  /**
   * Executes the query, unless the client has its current result. Sets the headers of a result that has a tag, and lets the page cache keep it.
   */
  async execute(args: ExecutionArgs, execute: (args: ExecutionArgs) => Promise<ExecutionResult>): Promise<ExecutionResult> {
    const { req, res, operation, services, pageKey } = args.contextValue as TaggedRequest
    const { pages } = this.#options
    const byGet = req.method === 'GET'
    if (!byGet && pageKey === null) return await execute(args)
    const type = jsonTypeFor(req.headers.accept ?? null)
    if (type === null) return await execute(args)
    const naming = pageKey === null ? null : this.#namingOf(args)
    const named = this.#named(args)
    const versions = named && (await versionsOf(named, services, byGet))
    if (!versions) return await execute(args)
    const tag = byGet ? this.#tagOf(args, type, versions) : null
    if (tag !== null && hasTag(req.headers['if-none-match'], tag) && checkVariables(args) === null) {
      identify(args)
      pages.requests.not_modified++
      this.#setHeaders(res, tag)
      return NOT_MODIFIED
    }
    const result = await execute(args)
    // The data may have changed while it was read: then the execution has noticed it, and the layer is another object.
    if (result.errors || !versions.every((version) => isCurrent(version, services))) return result
    if (tag !== null) this.#setHeaders(res, tag)
    // In the serial lane, a sorted page may have fewer features than it could.
    const { name, rows } = operation
    if (pageKey === null || naming === null || operation.kind !== 'query' || operation.degraded) return result
    if (name !== null && name.length > LONGEST_NAME) return result
    pages.requests.miss++
    const layers = [...operation.layers]
    const cached = {
      type,
      tag,
      naming,
      versions: versions.map(({ layer, ...version }) => version),
      name: copyOf(name),
      layers,
      rows,
    }
    operation.keeper = {
      most: pages.mostOfPage,
      keep: (pieces, encoding) => pages.keep(pageKey, { ...cached, encoding }, pieces),
    }
    return result
  }

  /**
   * Answers a request for bytes of one layer. Returns the tag of its current version, which is valid while the layer is the same.
   * It costs a look at the layer's files.
   *
   * @throws GeoduckError LAYER_NOT_FOUND and others, as `catalog.fresh`
   */
  async bytesOf(request: TaggedRequest, layer: Layer, question: readonly unknown[]): Promise<TaggedBytes> {
    const { req, services } = request
    const { naming } = this.#options.schema
    const number = naming && numberOf(naming)
    const identity = identityOf(layer)
    const versions = await versionsOf([{ layer: identity, type: undefined }], services, false)
    const asked = [question, this.#options.encodingFor(req)]
    const tag = versions && layer.state === 'READY' ? this.#sign(asked, versions, services) : null
    return { tag, versions: versions ?? [], naming: number }
  }

  /** True if the client has the bytes. Then the response has been sent. */
  sendNotModified({ req, res }: TaggedRequest, tag: string): boolean {
    if (!hasTag(req.headers['if-none-match'], tag)) return false
    this.#options.pages.requests.not_modified++
    this.#setHeaders(res, tag)
    res.writeHead(304).end()
    return true
  }

  /** Sends the bytes with their tag, and keeps them. */
  async sendBytes(request: TaggedRequest, tagged: TaggedBytes, bytes: MadeBytes): Promise<void> {
    const { res, operation, services, isHead, pageKey } = request
    const { versions, naming } = tagged
    const { pages } = this.#options
    const { type, headers, tag, pieces, compression } = bytes
    for (const [name, value] of Object.entries(headers)) res.setHeader(name, value)
    const isSame = versions.length > 0 && versions.every((version) => isCurrent(version, services))
    if (isSame && tag !== null) this.#setHeaders(res, tag)
    if (isSame && naming !== null && pageKey !== null && !operation.degraded) {
      pages.requests.miss++
      const { rows } = operation
      const known = versions.map(({ layer, ...version }) => version)
      const cached = { type, tag, headers, naming, versions: known, name: copyOf(operation.name), rows }
      operation.keeper = {
        most: pages.mostOfPage,
        keep: (kept, encoding) => pages.keep(pageKey, { ...cached, layers: [...operation.layers], encoding }, kept),
      }
    }
    await sendParts([...pieces], res, operation, { type, compression, isHead })
  }

  /** Returns the number of the names by which the operation was validated. Null if they have changed since then, or are being read again. */
  #namingOf({ schema, document, variableValues }: ExecutionArgs): number | null {
    const { schema: current } = this.#options
    return current.slice(document, variableValues ?? {}) === schema ? numberOfNaming(current) : null
  }

  #setHeaders(res: ServerResponse, tag: string): void {
    res.setHeader('etag', tag)
    // A tag is of one encoding, also where the body is too small to have one.
    varyByEncoding(res)
    res.setHeader('cache-control', this.#options.open ? 'no-cache' : 'private, no-cache')
  }

  /** Returns the layers that the query names. Null if its result may change without a change of them. */
  #named({ schema, document, variableValues }: ExecutionArgs): NamedLayers | null {
    const named = this.#options.schema.named(document, variableValues ?? {})
    return named.length === 0 || named.length > MOST_LAYERS || isVolatile(schema, document) ? null : named
  }

  /** Returns the tag of the result. Null if a layer is not READY: its check may still change how it is described. */
  #tagOf({ document, operationName, variableValues, contextValue }: ExecutionArgs, type: string, all: Versions): string | null {
    const { req, services } = contextValue as TaggedRequest
    if (all.some(({ layer }) => layer.state !== 'READY')) return null
    return this.#sign(
      [document.loc?.source.body, operationName, variableValues, type, this.#options.encodingFor(req)],
      all,
      services,
    )
  }

  #sign(question: readonly unknown[], all: Versions, services: Context['services']): string {
    const versions = all.map(({ layer, type, writes, view }) => {
      // The configuration can give other names and enums to columns of the same data.
      const columns = layer.columns.map(({ name, graphqlName, values }) => [name, graphqlName, values])
      return [layer.name, type, columns, layer.fingerprint, writes, view]
    })
    const digest = createHmac('sha256', services.cursorSecret).update(JSON.stringify([VERSION, question, versions]))
    return `W/"${digest.digest('base64url')}"`
  }
}

/** Bytes that depend on one layer, before they are made. */
export interface TaggedBytes {
  /** Null for a layer that is not READY: its check may still change how it is described. */
  readonly tag: string | null
  readonly versions: Versions
  readonly naming: number | null
}

export interface MadeBytes {
  readonly type: ResultType
  readonly headers: Readonly<Record<string, string>>
  readonly tag: string | null
  readonly pieces: readonly JsonPiece[]
  readonly compression: Config['compression']
}

type NamedLayers = ReturnType<CurrentSchema['named']>
type Versions = readonly Version[]

/** A version of a layer, as a caller sees it. */
interface Version {
  readonly type: string | undefined
  readonly layer: Layer
  readonly identity: string
  readonly object: number
  readonly writes: number
  readonly view: string
}

let objects = 0
const numbers = new WeakMap<object, number>()

/**
 * Returns a number for the object. Layers are replaced, never modified: other data, another check, configuration or name is another object. So are
 * the names of all layers. A number keeps no memory of an earlier one.
 */
function numberOf(object: object): number {
  const number = numbers.get(object) ?? ++objects
  numbers.set(object, number)
  return number
}

function numberOfNaming({ naming }: Pick<CurrentSchema, 'naming'>): number | null {
  return naming && numberOf(naming)
}

/** Returns the same text in its own memory. A name from the parser keeps all of the client's document in memory. */
function copyOf(name: string | null): string | null {
  return name && Buffer.from(name).toString()
}

/** Returns the layers as they are now; with `look`, as their files are now. Null if one cannot be read. */
async function versionsOf(named: NamedLayers, { catalog }: Context['services'], look: boolean): Promise<Versions | null> {
  const versions = await Promise.all(
    named.map(async ({ layer: identity, type }): Promise<Version | null> => {
      const known = catalog.layer(identity)
      const layer = known && look ? await catalog.fresh(known).catch(() => undefined) : known
      if (!layer) return null
      return { type, layer, identity, object: numberOf(layer), writes: catalog.writes(layer), view: viewOf(layer).digest }
    }),
  )
  return versions.every((version) => version !== null) ? versions : null
}

type KnownVersion = Omit<Version, 'layer'>

function isCurrent({ identity, object, writes, view }: KnownVersion, { catalog }: Context['services']): boolean {
  const layer = catalog.layer(identity)
  return layer !== undefined && numberOf(layer) === object && catalog.writes(layer) === writes && viewOf(layer).digest === view
}

/** The same, after a look at the files of the layer. */
async function isFresh(version: KnownVersion, services: Context['services']): Promise<boolean> {
  if (!isCurrent(version, services)) return false
  await services.catalog.fresh(services.catalog.layer(version.identity)!)
  return isCurrent(version, services)
}

function isVolatile(schema: ExecutionArgs['schema'], document: ExecutionArgs['document']): boolean {
  const types = new TypeInfo(schema)
  let found = false
  const look = () => {
    const type = types.getType()
    found ||= type !== undefined && type !== null && VOLATILE.has(getNamedType(type).name)
  }
  visit(document, visitWithTypeInfo(types, { Field: look }))
  return found
}

/** Compares weakly (RFC 9110, 13.1.2). `header` is `*` or a list of tags. */
export function hasTag(header: string | undefined, tag: string): boolean {
  if (header === undefined) return false
  const wanted = tag.slice(tag.indexOf('"'))
  return header.trim() === '*' || (header.match(/"[^"]*"/g)?.includes(wanted) ?? false)
}

/** A result that is sent again while its layers are the same. */
interface CachedResult {
  readonly encoding: string | null
  readonly type: ResultType
  /** Headers besides those that every result has. @default none */
  readonly headers?: Readonly<Record<string, string>>
  /** Null if it was a result by POST, or of a layer that is not READY. */
  readonly tag: string | null
  readonly naming: number
  readonly versions: readonly KnownVersion[]
  readonly name: string | null
  readonly layers: readonly string[]
  readonly rows: number
}

interface CachedPage extends CachedResult {
  /** The body as it left. Its memory is used again when the page is dropped and no operation sends it. */
  readonly body: readonly Uint8Array[]
  /** Operations that send it, and one for the cache until it is dropped. */
  users: number
}

/** The share of the cache that one page may take. A page of 10,000 buildings is about 4 MB. */
const PAGE_SHARE = 1 / 8
/** Bytes of a page besides its body. */
const BESIDE_BODY = 2_048
/**
 * Bytes of a piece of a body. Pieces are used again: new ones make V8 collect garbage, which costs the server 1.2 ms of its event loop for each new
 * page of 350 KB.
 */
const BLOCK = 65_536
/** Bytes of the largest body, and the largest end of a body, with separate memory. */
const SMALL = BLOCK / 2

/** The results that were requested last, as far as they fit. All its memory counts, including that of dropped pages that clients still read. */
export class PageCache {
  readonly #limit: number
  readonly #pages = new Map<string, CachedPage>()
  readonly #free: Uint8Array[] = []
  #bytes = 0
  /** Requests since the start: answered from here, by an execution, or with 304. */
  readonly requests = { hit: 0, miss: 0, not_modified: 0 }

  /** @param limitBytes bytes of all pages; 0 turns the cache off */
  constructor(limitBytes: number) {
    this.#limit = limitBytes
  }

  get isOn(): boolean {
    return this.#limit > 0
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Bytes of the largest body that is kept. */
  get mostOfPage(): number {
    return this.#limit * PAGE_SHARE
  }

  /** Returns the page, which is now the last one to be dropped. The caller releases it. */
  take(key: string): CachedPage | undefined {
    const page = this.#pages.get(key)
    if (!page) return undefined
    this.#pages.delete(key)
    this.#pages.set(key, page)
    page.users++
    return page
  }

  release(page: CachedPage): void {
    page.users--
    if (page.users > 0) return
    for (const piece of page.body) {
      if (piece.buffer.byteLength === BLOCK) this.#free.push(new Uint8Array(piece.buffer))
      else this.#bytes -= piece.byteLength
    }
    this.#bytes -= BESIDE_BODY
  }

  /** Copies the body, unless clients still read so many dropped pages that there is no room. */
  keep(key: string, result: CachedResult, pieces: readonly JsonPiece[]): void {
    this.#drop(key)
    const length = byteLength(pieces)
    const rest = length % BLOCK
    const blocks = Math.floor(length / BLOCK) + (rest > SMALL ? 1 : 0)
    const beside = (rest > SMALL ? 0 : rest) + BESIDE_BODY
    if (!this.#makeRoom(blocks, beside)) return
    const body = Array.from({ length: blocks }, () => this.#free.pop() ?? new Uint8Array(BLOCK))
    if (rest > SMALL) body.push(body.pop()!.subarray(0, rest))
    else if (rest > 0) body.push(new Uint8Array(rest))
    copyInto(body, pieces)
    this.#pages.set(key, { ...result, body, users: 1 })
  }

  /** Drops pages until the blocks, and so many bytes beside them, have room. Returns false if they cannot have it. */
  #makeRoom(blocks: number, beside: number): boolean {
    for (;;) {
      const isNew = Math.max(0, blocks - this.#free.length)
      const bytes = this.#bytes + isNew * BLOCK + beside
      if (bytes <= this.#limit) {
        this.#bytes = bytes
        return true
      }
      const [oldest] = this.#pages.keys()
      if (this.#free.length > blocks) this.#bytes -= this.#free.pop()!.byteLength
      else if (oldest !== undefined) this.#drop(oldest)
      else return false
    }
  }

  #drop(key: string): void {
    const page = this.#pages.get(key)
    this.#pages.delete(key)
    if (page) this.release(page)
  }
}

/** Copies the pieces, in order, into the memory of all of `to`. */
function copyInto(to: readonly Uint8Array[], pieces: readonly JsonPiece[]): void {
  let [index, at] = [0, 0]
  for (const piece of pieces) {
    const bytes = typeof piece === 'string' ? Buffer.from(piece) : piece
    for (let from = 0; from < bytes.byteLength; ) {
      const block = to[index]!
      const part = bytes.subarray(from, from + block.byteLength - at)
      block.set(part, at)
      from += part.byteLength
      at += part.byteLength
      if (at === block.byteLength) [index, at] = [index + 1, 0]
    }
  }
}
