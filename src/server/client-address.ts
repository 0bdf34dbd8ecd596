import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import proxyAddress from 'proxy-addr'

/** The address that a request came from, as far as it can be believed. */
export type ClientAddress = (request: IncomingMessage) => string

/**
 * `trusted`: the proxies in front of the server, as their number or their addresses and networks. Of `X-Forwarded-For` the last entry that none
 * of them wrote is the client; whatever stands before it the client may have made up.
 */
export function clientAddress(trusted: number | readonly string[]): ClientAddress {
  if (trusted === 0) return ({ socket }) => socket.remoteAddress ?? 'unknown'
  const believes =
    typeof trusted === 'number' ? (_address: string, hop: number) => hop < trusted : proxyAddress.compile([...trusted])
  return (request) => {
    const address = proxyAddress(request, believes)
    return isIP(address) ? address : (request.socket.remoteAddress ?? 'unknown')
  }
}
