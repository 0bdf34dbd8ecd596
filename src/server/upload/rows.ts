/** Cuts the body of an upload into rows, and rows into chunks. A row is read later, when its chunk is written. */
import { awakeNow, awakeSleep } from '../../engines/awake.ts'
import type { FeatureInput } from '../../graphql/generated.ts'
import { GeoduckError } from '../../model/errors.ts'
import { show } from '../../model/show.ts'
import { parseJson } from '../http-operation.ts'
import type { UploadBody } from './body.ts'

export interface Row {
  readonly bytes: number
  /** @throws GeoduckError BAD_INPUT, LIMIT_EXCEEDED */
  read(): FeatureInput
}

export interface LineLimits {
  readonly maxBodyBytes: number
  readonly mostParts: number
}

const NEWLINE = 0x0a
/** It begins a record of a GeoJSON text sequence (RFC 8142). */
const RECORD_SEPARATOR = 0x1e

/** Reads one GeoJSON feature per line. Empty lines are no rows. @throws GeoduckError LIMIT_EXCEEDED for a line that is too long */
export async function* linesIn(body: UploadBody, { maxBodyBytes, mostParts }: LineLimits): AsyncGenerator<readonly Row[], void> {
  let begun: Buffer[] = []
  let bytes = 0
  const rowOf = (line: Buffer): readonly Row[] =>
    isBlank(line) ? [] : [{ bytes: line.length, read: () => featureIn(line, mostParts) }]
  for (let piece = await body.next(); piece; piece = await body.next()) {
    const rows: Row[] = []
    let from = 0
    for (let at = piece.indexOf(NEWLINE); at >= 0; at = piece.indexOf(NEWLINE, from)) {
      rows.push(...rowOf(Buffer.concat([...begun, piece.subarray(from, at)])))
      begun = []
      bytes = 0
      from = at + 1
    }
    begun.push(piece.subarray(from))
    bytes += piece.length - from
    if (rows.length > 0) yield rows
    if (bytes > maxBodyBytes)
      throw new GeoduckError(
        'LIMIT_EXCEEDED',
        `A line has more than ${maxBodyBytes} bytes (--max-body); write one feature per line.`,
      )
  }
  yield rowOf(Buffer.concat(begun))
}

function isBlank(line: Buffer): boolean {
  return line.length < 3 && line.toString('latin1').trim() === ''
}

const UTF_8 = new TextDecoder('utf-8', { fatal: true })
const MEMBERS = ['type', 'id', 'geometry', 'properties', 'bbox']

function featureIn(line: Buffer, mostParts: number): FeatureInput {
  const given = jsonIn(line, mostParts)
  if (typeof given !== 'object' || given === null || (given as { type?: unknown }).type !== 'Feature')
    throw new GeoduckError('BAD_INPUT', 'A line is a GeoJSON object of the type Feature.')
  const { id, geometry, properties, ...more } = given as Readonly<Record<string, unknown>>
  const other = Object.keys(more).find((name) => !MEMBERS.includes(name))
  if (other !== undefined)
    throw new GeoduckError(
      'BAD_INPUT',
      `A live layer stores \`id\`, \`geometry\` and \`properties\`, and not ${show(other)}; leave it out.`,
    )
  if (typeof id !== 'string' && typeof id !== 'number')
    throw new GeoduckError('BAD_INPUT', '`id` is the key of the feature: a string or a number.')
  return { key: String(id), geometry: geometry ? { geojson: geometry } : null, properties }
}

function jsonIn(line: Buffer, mostParts: number): unknown {
  try {
    return parseJson(UTF_8.decode(line[0] === RECORD_SEPARATOR ? line.subarray(1) : line), mostParts)
  } catch (error) {
    if (error instanceof GeoduckError) throw error
    throw new GeoduckError('BAD_INPUT', 'The line is no JSON in UTF-8.')
  }
}

/** Rows and bytes at which a chunk is complete. A single row may be larger. */
const CHUNK = { rows: 2_000, bytes: 1e6 } as const
/** Milliseconds after its first row at which a chunk is complete, so that the rows of a slow client are written too. */
const LINGER_MS = 1_000
/** Milliseconds in which a row must arrive, as long as a whole request of another kind has. */
export const ROW_MS = 60_000

export class Chunks {
  readonly #rows: AsyncGenerator<readonly Row[], void>
  readonly #rowMs: number
  #left: readonly Row[] = []
  #coming: Promise<IteratorResult<readonly Row[], void>> | null = null
  #isEnded = false

  constructor(rows: AsyncGenerator<readonly Row[], void>, rowMs: number) {
    this.#rows = rows
    this.#rowMs = rowMs
  }

  /**
   * Returns the rows of the next chunk. None: the body has ended.
   *
   * @param most rows, after which the chunk ends at the latest
   * @throws GeoduckError BAD_INPUT if no row arrives in time
   */
  async next(most = Number.POSITIVE_INFINITY): Promise<readonly Row[]> {
    const rows: Row[] = []
    let bytes = 0
    let end = awakeNow() + this.#rowMs
    for (;;) {
      const limit = Math.min(most, CHUNK.rows)
      let taken = 0
      while (taken < this.#left.length && rows.length < limit && bytes < CHUNK.bytes) {
        if (rows.length === 0) end = awakeNow() + LINGER_MS
        const row = this.#left[taken++]!
        rows.push(row)
        bytes += row.bytes
      }
      this.#left = this.#left.slice(taken)
      if (this.#isEnded || rows.length === limit || bytes >= CHUNK.bytes) return rows
      const more = await this.#within(end - awakeNow())
      if (more === 'LATE' && rows.length > 0) return rows
      if (more === 'LATE')
        throw new GeoduckError('BAD_INPUT', `No whole row has arrived in ${this.#rowMs / 1_000} s; send the rest again.`)
      this.#left = more ?? []
      this.#isEnded = more === null
    }
  }

  /** Ends what reads the rows. The body must have been stopped. */
  async close(): Promise<void> {
    await this.#rows.return()
  }

  /** Null: there are no more. */
  async #within(ms: number): Promise<readonly Row[] | null | 'LATE'> {
    if (!this.#coming) {
      this.#coming = this.#rows.next()
      // It may fail when nobody waits for it. The next call gets the error.
      this.#coming.catch(() => {})
    }
    const over = new AbortController()
    const late = awakeSleep(Math.max(0, ms), over.signal).then(() => 'LATE' as const)
    const come = await Promise.race([this.#coming, late]).finally(() => over.abort())
    if (come === 'LATE') return come
    this.#coming = null
    return come.done ? null : come.value
  }
}
