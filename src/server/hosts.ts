/**
 * Under which names the server may be asked. A page of another site can have its own name lead to this machine (DNS rebinding), and is then of the
 * same origin as the server: what gives it away is the name in `Host`.
 */
const LOOPBACK = /^(localhost|127(\.(25[0-5]|2[0-4]\d|1?\d?\d)){3}|\[::1\])$/

/** What follows the name: any port. */
const PORT = /:\d*$/

export class Hosts {
  readonly #listed: ReadonlySet<string>
  readonly #restricted: boolean

  /** `host`: the address that the server listens on. `listed`: as the configuration has them. */
  constructor(host: string, listed: readonly string[]) {
    this.#listed = new Set(listed.map((name) => name.toLowerCase()))
    this.#restricted = listed.length > 0 || LOOPBACK.test(host) || host === '::1'
  }

  /** `host`: the header. Without one it is allowed: browsers always send it, and a page can't keep them from it. */
  allows(host: string | undefined): boolean {
    if (!this.#restricted || host === undefined) return true
    const name = host.toLowerCase().replace(PORT, '')
    return LOOPBACK.test(name) || this.#listed.has(name)
  }
}

/** 421 Misdirected Request: the server does not answer for that name. */
export const MISDIRECTED = 421

export const MISDIRECTED_BODY = {
  errors: [
    {
      message: 'This server is not asked under that name: use localhost, or list the name of the `Host` header in --hosts.',
      extensions: { code: 'BAD_INPUT', retry: false },
    },
  ],
}
