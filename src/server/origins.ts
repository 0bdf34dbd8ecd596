/** Which web pages may talk to this server: its own, those on this machine, and the ones that the configuration lists. */

const LOCAL = new Set(['localhost', '127.0.0.1', '[::1]'])

/** No `Origin` at all: the client is not a browser, and no cookie or rebound name can be abused through it. */
export function originAllowed(origin: string | undefined, host: string | undefined, listed: readonly string[]): boolean {
  if (origin === undefined || listed.includes(origin)) return true
  if (!URL.canParse(origin)) return false
  const url = new URL(origin)
  return url.host === host || LOCAL.has(url.hostname)
}
