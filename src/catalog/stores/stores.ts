/** Chooses the store of an address. */
import { HttpStore } from './http-store.ts'
import { S3Store } from './s3-store.ts'
import type { StoreOptions } from './store.ts'

interface Configured {
  readonly url: string
  readonly store: HttpStore
}

export class Stores {
  readonly #web = new HttpStore()
  readonly #objects = new S3Store()
  /** The longest address first. */
  readonly #configured: readonly Configured[]

  constructor(configured: readonly StoreOptions[] = []) {
    this.#configured = configured
      .map((options) => ({
        url: normal(options.url),
        store: isOfS3(options.url) ? new S3Store(options) : new HttpStore(options),
      }))
      .sort((a, b) => b.url.length - a.url.length)
  }

  of(address: string): HttpStore {
    const found = this.#configured.find(({ url }) => isBelow(normal(address), url))
    return found?.store ?? (isOfS3(address) ? this.#objects : this.#web)
  }

  /** Returns the addresses of objects that match. Only object stores list theirs. @throws SourceError */
  async list(address: string): Promise<readonly string[]> {
    const store = this.of(address)
    return store instanceof S3Store ? await store.list(address) : []
  }
}

const isOfS3 = (address: string): boolean => /^s3:/i.test(address)

/** The keys of S3 are not those of a URL: `..` is a name there. */
const normal = (address: string): string => (isOfS3(address) ? address.replace(/^s3/i, 's3') : new URL(address).href)

/** `s3://land` is the beginning of `s3://land/a.parquet`, and not of `s3://landscape/a.parquet`. */
function isBelow(address: string, url: string): boolean {
  return address.startsWith(url) && (url.endsWith('/') || /^[/?]|^$/.test(address.slice(url.length)))
}
