/**
 * Automatic persisted queries: a client sends the SHA-256 of a document in place of its text, and the text only when the server
 * does not have it. All wires share the documents.
 */
import { hash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { GeoduckError } from '../model/errors.ts'

/** The members of a request that name its document. A client may send anything in them. */
export interface DocumentParameters {
  readonly query?: unknown
  readonly extensions?: unknown
}

/** Bytes of all kept documents, per document that may be kept. GraphiQL's introspection, a long document, has 2 KB. */
const BYTES_PER_DOCUMENT = 8_192
/** A character takes one byte if all characters of a text are Latin-1, otherwise two. */
const BYTES_PER_CHARACTER = 2

const VERSION = 1
const HASH = /^[0-9a-f]{64}$/i

/** The documents that were used last. A client that sends many can only make others send theirs again. */
export class PersistedQueries {
  readonly #most: number
  readonly #texts: LRUCache<string, string>

  /** @param most the number of documents; 0 turns persisted queries off */
  constructor(most: number) {
    this.#most = most
    // The library has no limit of 0 bytes. No document fits into 1.
    this.#texts = new LRUCache({ maxSize: most * BYTES_PER_DOCUMENT || 1, sizeCalculation: bytesOf })
  }

  /**
   * Returns the document of the request: its own, or the kept one.
   *
   * @throws GeoduckError PERSISTED_QUERY_NOT_FOUND, PERSISTED_QUERY_NOT_SUPPORTED, or BAD_INPUT if the hash is of another document
   */
  documentOf({ query, extensions }: DocumentParameters): unknown {
    const persisted = persistedQueryIn(extensions)
    if (persisted === undefined) return query
    const hasText = typeof query === 'string' && query !== ''
    // Clients of other versions fall back to the text, as without persisted queries.
    if (this.#most === 0 || persisted.version !== VERSION) {
      if (hasText) return query
      throw new GeoduckError('PERSISTED_QUERY_NOT_SUPPORTED', 'PersistedQueryNotSupported')
    }
    const key = keyOf(persisted)
    if (!hasText) return this.#find(key)
    if (hash('sha256', query) === key) return query
    throw new GeoduckError(
      'BAD_INPUT',
      '`extensions.persistedQuery.sha256Hash` is not the SHA-256 of `query`: hash the exact text that you send, as UTF-8.',
    )
  }

  /** Keeps the document of a request that names it by its hash. Call it with a document from `documentOf` that could be parsed. */
  keep({ query, extensions }: DocumentParameters): void {
    const persisted = persistedQueryIn(extensions)
    if (persisted?.version !== VERSION || typeof query !== 'string') return
    this.#texts.set(keyOf(persisted), query)
    // The library's own limit of a number takes the memory of all entries at once.
    while (this.#texts.size > this.#most) this.#texts.pop()
  }

  #find(key: string): string {
    const text = this.#texts.get(key)
    // Clients look for this code, or for exactly this message.
    if (text === undefined) throw new GeoduckError('PERSISTED_QUERY_NOT_FOUND', 'PersistedQueryNotFound')
    return text
  }
}

function bytesOf(text: string): number {
  return text.length * BYTES_PER_CHARACTER
}

interface PersistedQuery {
  readonly version?: unknown
  readonly sha256Hash?: unknown
}

function persistedQueryIn(extensions: unknown): PersistedQuery | undefined {
  if (typeof extensions !== 'object' || extensions === null || !('persistedQuery' in extensions)) return undefined
  const { persistedQuery } = extensions
  if (persistedQuery === null || persistedQuery === undefined) return undefined
  if (typeof persistedQuery === 'object') return persistedQuery
  throw new GeoduckError('BAD_INPUT', '`extensions.persistedQuery` must be an object with `version` and `sha256Hash`.')
}

function keyOf({ sha256Hash }: PersistedQuery): string {
  if (typeof sha256Hash === 'string' && HASH.test(sha256Hash)) return sha256Hash.toLowerCase()
  throw new GeoduckError('BAD_INPUT', '`extensions.persistedQuery.sha256Hash` must be a SHA-256 as 64 hexadecimal digits.')
}
