/**
 * Entity tags of queries by GET. A tag depends on the document, its variables and the fingerprints of the layers that it names,
 * so a client that has the result already gets 304, and no worker reads the data again.
 *
 * Tags are weak: the same data may give other bytes, such as the order of an object's members, or the last digit of a sum that several
 * threads computed. Servers with the same data, version and cursor secret make the same tags.
 */
import { createHmac } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type ExecutionArgs, type ExecutionResult, getNamedType, TypeInfo, visit, visitWithTypeInfo } from 'graphql'
import { checkVariables } from '../ask/arguments.ts'
import { viewOf } from '../ask/view.ts'
import { packageVersion } from '../config/package-version.ts'
import { varyByEncoding } from '../delivery/compression.ts'
import type { Context } from '../graphql/context.ts'
import type { CurrentSchema } from '../graphql/current-schema.ts'
import { identify } from '../graphql/execute.ts'
import { jsonTypeFor } from './accept.ts'

/** The result of a query whose client has the current result. */
export const NOT_MODIFIED: ExecutionResult = Object.freeze({})

/** Types that describe the server or an execution, so that their values change without a change of data. */
const VOLATILE: ReadonlySet<string> = new Set(['Health', 'Layer', 'Execution', 'Explanation', '__Schema', '__Type'])
/** Most layers of a query with a tag. Their files are looked at for each request. */
const MOST_LAYERS = 32

const VERSION = packageVersion()

interface TaggedContext extends Context {
  readonly req: IncomingMessage
  readonly res: ServerResponse
}

export interface EntityTagOptions {
  readonly schema: Pick<CurrentSchema, 'named'>
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

  /** Executes the query, unless the client has its current result. Sets the headers of a result that has a tag. */
  async execute(args: ExecutionArgs, execute: (args: ExecutionArgs) => Promise<ExecutionResult>): Promise<ExecutionResult> {
    const { req, res } = args.contextValue as TaggedContext
    const tagOf = this.#tagging(args)
    const tag = tagOf && (await tagOf())
    if (tagOf === null || tag === null) return await execute(args)
    if (hasTag(req.headers['if-none-match'], tag) && checkVariables(args) === null) {
      identify(args)
      this.#setHeaders(res, tag)
      return NOT_MODIFIED
    }
    const result = await execute(args)
    // The data may have changed while it was read.
    if (!result.errors && (await tagOf()) === tag) this.#setHeaders(res, tag)
    return result
  }

  #setHeaders(res: ServerResponse, tag: string): void {
    res.setHeader('etag', tag)
    // A tag is of one encoding, also where the body is too small to have one.
    varyByEncoding(res)
    res.setHeader('cache-control', this.#options.open ? 'no-cache' : 'private, no-cache')
  }

  /**
   * Returns how to read the current tag, which is null if the layers cannot be read now. Null if the result may change without a change of the
   * layers.
   */
  #tagging({
    schema,
    document,
    operationName,
    variableValues,
    contextValue,
  }: ExecutionArgs): (() => Promise<string | null>) | null {
    const { req, services } = contextValue as TaggedContext
    const type = jsonTypeFor(req.headers.accept ?? null)
    const named = this.#options.schema.named(document, variableValues ?? {})
    if (type === null || named.length === 0 || named.length > MOST_LAYERS || isVolatile(schema, document)) return null
    const question = [document.loc?.source.body, operationName, variableValues, type, this.#options.encodingFor(req)]
    return async () => {
      const versions = await Promise.all(named.map((layer) => versionOf(layer, services).catch(() => null)))
      if (versions.includes(null)) return null
      const digest = createHmac('sha256', services.cursorSecret).update(JSON.stringify([VERSION, question, versions]))
      return `W/"${digest.digest('base64url')}"`
    }
  }
}

/** Returns what identifies the data of a layer. Null if it is not READY: its check may still change how it is described. */
async function versionOf(
  { layer, type }: { readonly layer: string; readonly type: string | undefined },
  { catalog }: Context['services'],
): Promise<readonly unknown[] | null> {
  const known = catalog.layer(layer)
  const fresh = known && (await catalog.fresh(known))
  if (fresh?.state !== 'READY') return null
  // The configuration can give other names and enums to columns of the same data.
  const columns = fresh.columns.map(({ name, graphqlName, values }) => [name, graphqlName, values])
  return [fresh.name, type, columns, fresh.fingerprint, catalog.writes(fresh), viewOf(fresh).digest]
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
