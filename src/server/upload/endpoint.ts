/** Writes the features of a request body of any length into a live layer: `PUT /layers/NAME/features`. */
import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type FeatureError, LONGEST_KEY, MOST_FEATURES, readIdempotencyKey, readingInputs } from '../../ask/mutation.ts'
import { failed, refusalStatus } from '../../delivery/client-error.ts'
import type { Operation } from '../../delivery/operation.ts'
import type { LiveVersions, Services } from '../../graphql/context.ts'
import { liveLayer, settled, versionOf, writable } from '../../graphql/resolvers/mutation.ts'
import { ERROR_CODES, type ErrorCode, GeoduckError } from '../../model/errors.ts'
import type { Layer } from '../../model/layer.ts'
import type { LiveOperation } from '../../model/live.ts'
import { chunkKey, digestOf, type UploadedChunk } from '../../model/live-upload.ts'
import { show } from '../../model/show.ts'
import type { Access, ClientAddress, Origins } from '../access.ts'
import { takesLong } from '../broken-requests.ts'
import { decoded } from '../download-request.ts'
import { answerFile, type FileRequest } from '../file-request.ts'
import { admit, mostJsonParts, sendJson, unsupported } from '../http-operation.ts'
import type { RequestLimits } from '../limits.ts'
import type { Operations } from '../operations.ts'
import { arrowRowsIn } from './arrow.ts'
import { UploadBody } from './body.ts'
import { Chunks, linesIn, ROW_MS, type Row } from './rows.ts'

const METHODS = 'GET, PUT'
/** Uploads at the same time. Each holds two chunks, and an Arrow stream a record batch too. */
const MOST_UPLOADS = 8
const RETRY_AFTER = 1

export interface UploadOptions {
  readonly services: Services
  readonly operations: Operations
  readonly access: Access
  readonly origins: Origins
  readonly addressOf: ClientAddress
  readonly limits: Pick<RequestLimits, 'maxBodyBytes' | 'maxVertices'> & { readonly tempDirectory: string }
  /** Milliseconds in which a row must arrive. @default a minute */
  readonly rowMs?: number
}

interface Upload {
  /** The client's key of the upload, with which it can be resumed. */
  readonly key: string | null
  /** The number of the first row of the body in the upload. */
  readonly from: number
}

interface Place {
  readonly ended: Promise<void>
  replace(): void
}

export class UploadEndpoint {
  readonly #options: UploadOptions
  /** The uploads that run, by layer and key. */
  readonly #running = new Map<string, Place>()

  constructor(options: UploadOptions) {
    this.#options = options
  }

  /** Answers the request in every case. */
  async answer(req: IncomingMessage, res: ServerResponse, asked: FileRequest): Promise<void> {
    await answerFile(req, res, { ...this.#options, methods: METHODS, verb: 'write' }, (operation) =>
      this.#answer(req, res, operation, asked),
    )
  }

  async #answer(req: IncomingMessage, res: ServerResponse, operation: Operation, { notFound }: FileRequest): Promise<void> {
    const { pathname, searchParams } = new URL(req.url ?? '/', 'http://localhost')
    const name = decoded(/^\/layers\/([^/]+)\/features$/.exec(pathname)?.[1] ?? '')
    if (!name) return notFound()
    if (req.method !== 'GET' && req.method !== 'PUT') {
      res.setHeader('allow', METHODS)
      return sendJson(res, 405, { error: 'Send features by PUT; GET says how many rows of an upload are committed.' })
    }
    operation.kind = 'upload'
    const { services, access } = this.#options
    operation.writeRefusal = access.writeRefusal(req.headers.authorization)
    const context = { services, operation }
    const live = writable(context)
    const layer = liveLayer(name, live, context)
    const upload = readUpload(searchParams)
    if (req.method === 'PUT') return await this.#receive(req, res, operation, { live, layer, upload })
    if (upload.key === null) throw badInput('Name the upload, as in `?upload=KEY`')
    sendJson(res, 200, { committed: live.uploaded(name, upload.key).at(-1)?.end ?? 0 })
  }

  async #receive(
    req: IncomingMessage,
    res: ServerResponse,
    operation: Operation,
    { live, layer, upload }: { readonly live: LiveVersions; readonly layer: Layer; readonly upload: Upload },
  ): Promise<void> {
    const rowsIn = rowsReader(req.headers['content-type'], layer, this.#options.limits)
    if ((req.headers['content-encoding'] ?? 'identity') !== 'identity')
      throw unsupported('An upload is not compressed: leave `content-encoding` out')
    if (req.headers['content-range'] !== undefined)
      throw badInput('An upload takes no `content-range`: `from` is the number of its first row')
    await admit(req, operation, this.#options.limits.maxBodyBytes)
    const { signal, leave } = await this.#enter(layer.name, upload.key, operation)
    const normal = takesLong(req.socket)
    const body = new UploadBody(req, signal)
    const chunks = new Chunks(rowsIn(body), this.#options.rowMs ?? ROW_MS)
    const writing = new Writing(live, layer, upload)
    let status = 200
    try {
      writing.begin()
      await this.#write(chunks, writing, operation)
    } catch (error) {
      const shown = failed(error, operation)
      status = error instanceof Conflict ? 409 : refusalStatus(shown)
      writing.errors.push({ code: String(shown.extensions['code']), message: shown.message })
    } finally {
      body.stop()
      void chunks.close().catch(() => {})
      await writing.written().catch(() => {})
      leave()
      res.once('close', normal)
    }
    const { committed, version, errors } = writing
    if (errors.length > 0 && status === 200) status = ERROR_CODES[errors[0]!.code as ErrorCode][3]
    operation.rows = writing.rows
    sendJson(res, status, { committed, version: String(version), errors })
  }

  /** Takes the place of a request for the same upload, which is probably lost: its client has another one now. */
  async #enter(layer: string, key: string | null, { signal }: Operation) {
    const name = key === null ? randomUUID() : JSON.stringify([layer, key])
    for (let former = this.#running.get(name); former; former = this.#running.get(name)) {
      former.replace()
      await former.ended
    }
    if (this.#running.size >= MOST_UPLOADS)
      throw new GeoduckError('OVERLOADED', `${MOST_UPLOADS} uploads run already; try again.`, {
        details: { retryAfter: RETRY_AFTER },
      })
    const replaced = new AbortController()
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#running.set(name, {
      ended: promise,
      replace: () => replaced.abort(new Conflict('Another request continues this upload.')),
    })
    const leave = () => {
      this.#running.delete(name)
      resolve()
    }
    return { signal: AbortSignal.any([signal, this.#options.services.stopping, replaced.signal]), leave }
  }

  /** Reads a chunk while the one before it is written. */
  async #write(chunks: Chunks, writing: Writing, { eventLoop }: Operation): Promise<void> {
    const { layer } = writing
    const mostVertices = MOST_FEATURES * this.#options.services.filterLimits.vertices
    for (;;) {
      const rows = await chunks.next(writing.rowsToKnownEnd)
      if (rows.length === 0) break
      const read = await eventLoop.run(
        readingInputs(rows, { read: (row: Row) => row.read(), layer, mostVertices, lastWins: true }),
      )
      await writing.written()
      if (!('kind' in read)) return writing.refuse(read)
      writing.write(rows.length, read)
    }
    await writing.written()
  }
}

interface UploadError extends Omit<FeatureError, 'index'> {
  /** The number of the row in the upload. */
  readonly index?: number
}

/** Writes the chunks of an upload, one after the other. Those that are committed already are compared. */
class Writing {
  readonly layer: Layer
  readonly errors: UploadError[] = []
  /** Rows of the upload that are on the disk. */
  committed: number
  version: number
  /** Rows that this request has written. */
  rows = 0
  readonly #live: LiveVersions
  readonly #key: string | null
  readonly #known: readonly UploadedChunk[]
  /** Rows of the upload before the next chunk. */
  #at: number
  #written: Promise<void> = Promise.resolve()

  constructor(live: LiveVersions, layer: Layer, { key, from }: Upload) {
    this.#live = live
    this.layer = layer
    this.#key = key
    this.#known = key === null ? [] : live.uploaded(layer.name, key)
    this.#at = from
    this.committed = this.#known.at(-1)?.end ?? 0
    this.version = this.#known.at(-1)?.version ?? versionOf(layer)
  }

  /** @throws Conflict if rows are missing between those that are committed and the body */
  begin(): void {
    const { committed } = this
    if (this.#at > committed)
      throw new Conflict(`${committed} rows of this upload are committed; send it from there, with \`from=${committed}\`.`)
  }

  /** Rows until the end of the next chunk that is committed. */
  get rowsToKnownEnd(): number {
    return (this.#known.find(({ end }) => end > this.#at)?.end ?? Number.POSITIVE_INFINITY) - this.#at
  }

  refuse(errors: readonly FeatureError[]): void {
    this.errors.push(...errors.map(({ index, ...error }) => ({ index: this.#at + index, ...error })))
  }

  write(rows: number, operation: LiveOperation): void {
    const { name } = this.layer
    const from = this.#at
    const end = from + rows
    this.#at = end
    if (end <= this.committed) {
      this.#compare(from, end, digestOf(name, operation))
      return
    }
    const idempotencyKey = this.#key === null ? readIdempotencyKey(null) : chunkKey(name, this.#key, end)
    this.#written = this.#live.write({ layer: name, operation, idempotencyKey }).then((answer) => {
      this.version = Number(settled(answer, name).version)
      this.committed = end
      this.rows += rows
    })
    // `written` returns the error.
    this.#written.catch(() => {})
  }

  /** A body that begins within a chunk cannot be compared with it. */
  #compare(from: number, end: number, digest: Buffer): void {
    const place = this.#known.findIndex((chunk) => chunk.end === end)
    if ((this.#known[place - 1]?.end ?? 0) !== from || digest.equals(this.#known[place]!.digest)) return
    throw badInput(`\`upload\`: rows ${from} to ${end - 1} of this upload are others; take a new key`)
  }

  /** Resolves when the last chunk is on the disk. @throws GeoduckError */
  written(): Promise<void> {
    return this.#written
  }
}

/** The request does not fit the state of its upload. */
class Conflict extends GeoduckError {
  constructor(message: string) {
    super('BAD_INPUT', message)
  }
}

function readUpload(parameters: URLSearchParams): Upload {
  for (const name of parameters.keys())
    if (name !== 'upload' && name !== 'from')
      throw badInput(`An upload takes the parameters \`upload\` and \`from\`, not ${show(name)}`)
  const [key, from] = [parameters.get('upload'), parameters.get('from') ?? '0']
  if (key !== null && (key === '' || key.length > LONGEST_KEY || !key.isWellFormed()))
    throw badInput(`\`upload\` takes 1 to ${LONGEST_KEY} characters`)
  if (!/^\d{1,12}$/.test(from)) throw badInput(`\`from\` takes a number of rows, not ${show(from)}`)
  if (key === null && from !== '0')
    throw badInput('`from` is the number of a row of an upload; name the upload, as in `?upload=KEY`')
  return { key, from: Number(from) }
}

const ARROW = 'application/vnd.apache.arrow.stream'
const LINES = ['application/x-ndjson', 'application/ndjson', 'application/jsonl', 'application/geo+json-seq']

/** @throws GraphQLError with status 415 */
function rowsReader(
  type: string | undefined,
  layer: Layer,
  limits: UploadOptions['limits'],
): (body: UploadBody) => AsyncGenerator<readonly Row[], void> {
  const essence = type?.split(';', 1)[0]?.trim().toLowerCase()
  if (essence === ARROW) return (body) => arrowRowsIn(body, layer, limits.tempDirectory)
  const { maxBodyBytes } = limits
  if (essence && LINES.includes(essence)) return (body) => linesIn(body, { maxBodyBytes, mostParts: mostJsonParts(limits) })
  throw unsupported(
    `Send GeoJSON features, one per line, as \`content-type: ${LINES[0]}\`, or an Arrow IPC stream as \`${ARROW}\``,
    { 'accept-put': [LINES[0], ARROW].join(', ') },
  )
}

function badInput(what: string): GeoduckError {
  return new GeoduckError('BAD_INPUT', `${what}.`)
}
