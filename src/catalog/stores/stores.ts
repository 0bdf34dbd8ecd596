/** Chooses the store of an address. */
import { HttpStore } from './http-store.ts'
import { S3Store } from './s3-store.ts'

export class Stores {
  readonly #web = new HttpStore()
  readonly #objects = new S3Store()

  of(address: string): HttpStore {
    return /^s3:/i.test(address) ? this.#objects : this.#web
  }

  /** Returns the addresses of objects that match. Only object stores list theirs. @throws SourceError */
  list(address: string): Promise<readonly string[]> {
    return this.#objects.list(address)
  }
}
