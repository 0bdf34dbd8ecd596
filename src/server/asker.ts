import ipaddr from 'ipaddr.js'
import type { Asker } from '../engines/engine.ts'

/** A network of one subscriber, in which every address is his: 64 bits. */
const NETWORK_GROUPS = 4

/** `port` is the connection's: behind a proxy it is the proxy's, and a connection of its own all the same. */
export function askerOf(address: string, port: number | undefined): Asker {
  return { client: `${address}:${port}`, address: networkOf(address) }
}

/** IPv6 by its network, IPv4 as it is, also where it comes mapped. */
export function networkOf(remoteAddress: string): string {
  if (!ipaddr.isValid(remoteAddress)) return remoteAddress
  const address = ipaddr.process(remoteAddress)
  if (!('parts' in address)) return address.toString()
  return `${address.parts
    .slice(0, NETWORK_GROUPS)
    .map((group) => group.toString(16))
    .join(':')}::/64`
}
