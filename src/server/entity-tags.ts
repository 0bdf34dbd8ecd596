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
import { packageVersion } from '../config/package-version.ts'
import { varyByEncoding } from '../delivery/compression.ts'
import { type JsonMediaType, jsonTypeFor, sendParts } from '../delivery/response.ts'
import type { Context } from '../graphql/context.ts'
import type { CurrentSchema } from '../graphql/current-schema.ts'
import { identify } from '../graphql/execute.ts'
import type { Layer } from '../model/layer.ts'

/** The result of a query whose client has the current result. */
export const NOT_MODIFIED: ExecutionResult = Object.freeze({})

/** Types that describe the server or an execution, so that their values change without a change of data. */
const VOLATILE: ReadonlySet<string> = new Set(['Health', 'Layer', 'Execution', 'Explanation', '__Schema', '__Type'])
/** Most layers of a query with a tag, or with a cached result. Their files are looked at for each request. */
const MOST_LAYERS = 32

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

export class EntityTags {
  readonly #options: EntityTagOptions

  constructor(options: EntityTagOptions) {
    this.#options = options
  }

  /** Returns the key of the result in the page cache. `question` is all that the client asks: the text of the body, or the URL. */
  pageKeyOf(req: IncomingMessage, question: string): string | null {
    const type = jsonTypeFor(req.headers.accept ?? null)
    if (type === null || !this.#options.pages.isOn || /\bno-store\b/i.test(req.headers['cache-control'] ?? '')) return null
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
    const page = pageKey === null ? undefined : pages.get(pageKey)
    if (!page) return false
    const looks = page.versions.map((version) => isFresh(version, services).catch(() => false))
    if ((await Promise.all(looks)).includes(false) || schema.naming !== page.naming) return false
    operation.deliveredCached(page)
    if (page.tag !== null && hasTag(req.headers['if-none-match'], page.tag)) {
      pages.requests.not_modified++
      this.#setHeaders(res, page.tag)
      res.writeHead(304).end()
      return true
    }
    pages.requests.hit++
    const { heldMemory, signal } = operation
    if (!heldMemory.hasRoom) await heldMemory.room(signal, { timed: true, whole: true })
    // Clients share the bytes. They count for each, because one that does not read keeps them when the cache has dropped them.
    heldMemory.add(page.bytes.byteLength)
    if (page.tag !== null) this.#setHeaders(res, page.tag)
    if (page.encoding !== null) {
      res.setHeader('content-encoding', page.encoding)
      varyByEncoding(res)
    }
    await sendParts([page.bytes], res, operation, { type: page.type, compression: 'off', isHead })
    return true
  }

  /**
   * Executes the query, unless the client has its current result. Sets the headers of a result that has a tag, and lets the page cache keep it.
   */
  async execute(args: ExecutionArgs, execute: (args: ExecutionArgs) => Promise<ExecutionResult>): Promise<ExecutionResult> {
    const { req, res, operation, services, pageKey } = args.contextValue as TaggedRequest
    const { pages } = this.#options
    const naming = this.#namingOf(args)
    const byGet = req.method === 'GET'
    const type = jsonTypeFor(req.headers.accept ?? null)
    if (type === null || (!byGet && pageKey === null)) return await execute(args)
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
    if (pageKey === null || naming === null || operation.kind !== 'query' || operation.degraded) return result
    pages.requests.miss++
    const { name, rows } = operation
    const layers = [...operation.layers]
    const page = { type, tag, naming, versions: versions.map(({ layer, ...version }) => version), name, layers, rows }
    operation.keeper = {
      most: pages.mostOfPage,
      keep: (bytes, encoding) => pages.keep(pageKey, { ...page, bytes, encoding }),
    }
    return result
  }

  /** Returns the names by which the operation was validated. Null if they have changed since then, or are being read again. */
  #namingOf({ schema, document, variableValues }: ExecutionArgs): object | null {
    const { schema: current } = this.#options
    return current.slice(document, variableValues ?? {}) === schema ? current.naming : null
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
    const question = [document.loc?.source.body, operationName, variableValues, type, this.#options.encodingFor(req)]
    const versions = all.map(({ layer, type, writes, view }) => {
      // The configuration can give other names and enums to columns of the same data.
      const columns = layer.columns.map(({ name, graphqlName, values }) => [name, graphqlName, values])
      return [layer.name, type, columns, layer.fingerprint, writes, view]
    })
    const digest = createHmac('sha256', services.cursorSecret).update(JSON.stringify([VERSION, question, versions]))
    return `W/"${digest.digest('base64url')}"`
  }
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
const numbers = new WeakMap<Layer, number>()

/**
 * Returns a number for the object. Layers are replaced, never modified: other data, another check, configuration or name is another object. A number
 * keeps no memory of an earlier one.
 */
function numberOf(layer: Layer): number {
  const number = numbers.get(layer) ?? ++objects
  numbers.set(layer, number)
  return number
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

/** A result as it left, which is sent again while its layers are the same. */
interface CachedPage {
  readonly bytes: Uint8Array
  readonly encoding: string | null
  readonly type: JsonMediaType
  /** Null if it was a result by POST, or of a layer that is not READY. */
  readonly tag: string | null
  readonly naming: object
  readonly versions: readonly KnownVersion[]
  readonly name: string | null
  readonly layers: readonly string[]
  readonly rows: number
}

/** The share of the cache that one page may take. A page of 10,000 buildings is about 4 MB. */
const PAGE_SHARE = 1 / 8
/** Bytes of a page besides its body. */
const BESIDE_BODY = 2_048

/** The results that were requested last, as far as they fit. */
export class PageCache {
  readonly #limit: number
  readonly #pages = new Map<string, CachedPage>()
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
    return this.#limit * PAGE_SHARE - BESIDE_BODY
  }

  /** Returns the page, which is now the last one to be dropped. */
  get(key: string): CachedPage | undefined {
    const page = this.#pages.get(key)
    if (page && this.#pages.delete(key)) this.#pages.set(key, page)
    return page
  }

  keep(key: string, page: CachedPage): void {
    this.#drop(key)
    this.#pages.set(key, page)
    this.#bytes += sizeOf(page)
    while (this.#bytes > this.#limit) this.#drop(this.#pages.keys().next().value!)
  }

  #drop(key: string): void {
    const page = this.#pages.get(key)
    if (page) this.#bytes -= sizeOf(page)
    this.#pages.delete(key)
  }
}

function sizeOf({ bytes }: CachedPage): number {
  return bytes.byteLength + BESIDE_BODY
}
