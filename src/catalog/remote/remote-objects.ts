/** The remote objects that are served: their current versions, and the gateway through which engines read them. */
import type { Stamp } from '../../engines/duckdb/host/files.ts'
import { SourceError } from '../../engines/duckdb/host/source-error.ts'
import type { GatewayAccess, RemoteReaders } from '../../engines/engine.ts'
import type { RandomAccess } from '../fingerprint.ts'
import type { CatalogLog } from '../source.ts'
import { ObjectError, type ObjectVersion } from '../stores/store.ts'
import type { Stores } from '../stores/stores.ts'
import { Gateway, versionId } from './gateway.ts'

/** Milliseconds until an object is looked at again. A read of a changed object fails, so this only delays what is noticed. */
const LOOK_MS = 5_000
/** With many objects it is longer, so that there are at most ten looks per second. */
const LOOK_MS_PER_OBJECT = 100
/** Bytes of the end of an object that are read at once. Most footers fit. */
const TAIL_BYTES = 65_536

interface Known {
  readonly version: ObjectVersion | null
  /** Why it has no version. */
  readonly error: SourceError | null
  /** When it must be looked at again, in milliseconds. */
  readonly until: number
}

export class RemoteObjects {
  readonly #gateway: Gateway
  readonly #stores: Stores
  readonly #known = new Map<string, Known>()
  readonly #looking = new Map<string, Promise<Known>>()

  private constructor(gateway: Gateway, stores: Stores) {
    this.#gateway = gateway
    this.#stores = stores
  }

  static async open(
    stores: Stores,
    extension: string,
    cacheBytes: number,
    readers: RemoteReaders,
    log: CatalogLog,
  ): Promise<RemoteObjects> {
    const gateway = await Gateway.open({
      stores,
      extension,
      cacheBytes,
      readers,
      onChanged: (url) => objects.#outdated(url),
      onFailed: (url, error) => {
        const { host, pathname } = new URL(url)
        log.warn({ err: error, host }, `${host}${pathname} could not be read: ${(error as Error).message}`)
      },
    })
    const objects = new RemoteObjects(gateway, stores)
    return objects
  }

  get access(): GatewayAccess {
    return this.#gateway.access
  }

  /**
   * Returns the stamp of the current version, or of one that was current a few seconds ago: then it is looked at meanwhile. An
   * object that was never seen, or that is known to have changed, is waited for.
   */
  async stampOf(url: string): Promise<Stamp> {
    const known = this.#known.get(url)
    const isDue = !known || known.until <= performance.now()
    const looking = isDue ? this.#look(url, known ?? null) : null
    const { version } = known?.version && known.until !== 0 ? known : await (looking ?? known!)
    return version ? { bytes: version.bytes, stamp: versionId(version) } : { bytes: 0, stamp: 'absent' }
  }

  /** Returns the path of the current version for engines, which may read it from now on. @throws SourceError */
  pathOf(url: string): string {
    return this.#gateway.allow(this.versionOf(url))
  }

  /** Reads the current version. @throws SourceError */
  open(url: string): RandomAccess {
    const version = this.versionOf(url)
    const tailFrom = Math.max(0, version.bytes - TAIL_BYTES)
    let tail: Promise<Buffer> | null = null
    return {
      bytes: version.bytes,
      read: async (from, length) => {
        if (from < tailFrom) return await this.#bytes(version, from, length)
        tail ??= this.#bytes(version, tailFrom, version.bytes - tailFrom)
        return (await tail).subarray(from - tailFrom, from - tailFrom + length)
      },
    }
  }

  /** Yields the bytes of this version from `from` to its end. @throws ObjectError */
  rest(version: ObjectVersion, from: number): AsyncGenerator<Buffer> {
    return this.#stores.of(version.url).read(version, from, version.bytes - 1)
  }

  async close(): Promise<void> {
    await this.#gateway.close()
  }

  /** Returns the version of the last look. @throws SourceError */
  versionOf(url: string): ObjectVersion {
    const { version, error } = this.#known.get(url) ?? { version: null, error: null }
    if (version) return version
    throw error ?? new SourceError('it was not looked at yet')
  }

  #outdated(url: string): void {
    const known = this.#known.get(url)
    if (known) this.#known.set(url, { ...known, until: 0 })
  }

  #look(url: string, before: Known | null): Promise<Known> {
    const looked = this.#looking.get(url) ?? this.#lookNow(url, before).finally(() => this.#looking.delete(url))
    this.#looking.set(url, looked)
    return looked
  }

  async #lookNow(url: string, before: Known | null): Promise<Known> {
    const found = await this.#stores
      .of(url)
      .look(url)
      .then(
        (version) => ({ version, error: null }),
        (error: unknown) => {
          // A server that does not answer has not changed the object. To read it will fail by itself.
          const isUnreachable = error instanceof ObjectError && error.why === 'UNREACHABLE'
          if (isUnreachable && before?.version) return before
          return { version: null, error: sourceError(error) }
        },
      )
    const known = { ...found, until: performance.now() + Math.max(LOOK_MS, this.#known.size * LOOK_MS_PER_OBJECT) }
    this.#known.set(url, known)
    return known
  }

  async #bytes(version: ObjectVersion, from: number, length: number): Promise<Buffer> {
    const pieces: Buffer[] = []
    const store = this.#stores.of(version.url)
    try {
      if (from >= 0 && length > 0) for await (const piece of store.read(version, from, from + length - 1)) pieces.push(piece)
    } catch (error) {
      throw sourceError(error)
    }
    return Buffer.concat(pieces)
  }
}

function sourceError(error: unknown): SourceError {
  if (error instanceof ObjectError) return new SourceError(error.message, { cause: error.cause })
  return new SourceError('it cannot be read', { cause: error })
}
