/** Who may ask: whoever has the token, or everybody where there is none. */
import { createHash, timingSafeEqual } from 'node:crypto'
import { GeoduckError } from '../model/errors.ts'

export class Access {
  readonly #digest: Buffer | null

  /** `token`: null lets everybody in. */
  constructor(token: string | null) {
    this.#digest = token === null ? null : digestOf(token)
  }

  /** Whether everybody may. */
  get open(): boolean {
    return this.#digest === null
  }

  /** `authorization`: `Bearer TOKEN`. Digests are compared, in the same time whatever was sent and however long it is. */
  allows(authorization: unknown): boolean {
    if (this.#digest === null) return true
    const token = typeof authorization === 'string' ? /^Bearer +(\S+) *$/i.exec(authorization)?.[1] : undefined
    return timingSafeEqual(digestOf(token ?? ''), this.#digest)
  }
}

export function unauthenticated(): GeoduckError {
  return new GeoduckError('UNAUTHENTICATED', 'The token is missing or wrong; send it as `Authorization: Bearer TOKEN`.')
}

function digestOf(token: string): Buffer {
  return createHash('sha256').update(token).digest()
}
