/**
 * The port to what holds objects: an object store (`s3-store.ts`), a web server, which only gives them (`http-store.ts`), and the folders of
 * this machine, whose files engines read by themselves (`local-store.ts`).
 */
import type { RemoteReads } from '../../engines/engine.ts'
import type { Stores } from './stores.ts'

/** Their code is only loaded if an address is of another machine. */
export type OpenStores = () => Promise<Stores>

export function openStores(configured: readonly StoreOptions[] = []): OpenStores {
  let stores: Promise<Stores> | null = null
  return () => (stores ??= import('./stores.ts').then(({ Stores }) => new Stores(configured)))
}

/** The configuration of the addresses that begin with `url`. Secrets are names of environment variables, with `$` before them. */
export interface StoreOptions {
  readonly url: string
  readonly endpoint?: string | undefined
  readonly region?: string | undefined
  /** A profile of AWS's own programs. */
  readonly profile?: string | undefined
  readonly accessKeyId?: string | undefined
  readonly secretAccessKey?: string | undefined
  readonly sessionToken?: string | undefined
  /** Sent as `Authorization: Bearer`. */
  readonly token?: string | undefined
  readonly headers?: Readonly<Record<string, string>> | undefined
}

/** Returns the value of `$NAME`. It is read at each use, and kept nowhere. */
export const secretOf = (reference: string): string => process.env[reference.slice(1)] ?? ''

/** One version of an object. Another version has another entity tag, time or size. */
export interface ObjectVersion {
  readonly url: string
  readonly bytes: number
  readonly etag: string | null
  /** The header `Last-Modified`. It identifies the version of an object without an entity tag. */
  readonly modified: string | null
}

export interface Store {
  /** Returns the current version of a GeoParquet object. @throws ObjectError */
  look(address: string): Promise<ObjectVersion>
  /** Yields the bytes from `from` to `to`, both included, of this version. `reads` counts them. @throws ObjectError */
  read(version: ObjectVersion, from: number, to: number, reads?: RemoteReads): AsyncGenerator<Buffer>
  /** Returns the addresses that match the pattern, sorted. @throws SourceError */
  list(pattern: string): Promise<readonly string[]>
  /**
   * Puts a whole file there, unless something is there already: of several that put at once, one does. Returns false if another was first. So under
   * an address that names the content, an object is written once.
   *
   * @throws Error if nothing can be written there
   */
  putIfAbsent(file: string, address: string): Promise<boolean>
}

/**
 * CHANGED: the object is another version now. GONE: there is no object. REFUSED: the server does not give it, or in a way that
 * is not used. UNREACHABLE: no attempt had a usable answer.
 */
type Why = 'CHANGED' | 'GONE' | 'REFUSED' | 'UNREACHABLE'

/** The message is for clients: it has no path, no query and no credential. */
export class ObjectError extends Error {
  override readonly name = 'ObjectError'
  readonly why: Why

  constructor(why: Why, message: string, cause?: unknown) {
    super(message, { cause })
    this.why = why
  }
}
