import type { Asker } from '../engines/engine.ts'

/** A network of one subscriber, in which every address is his: 64 bits. */
const NETWORK_GROUPS = 4

/** `port` is the connection's: behind a proxy it is the proxy's, and a connection of its own all the same. */
export function askerOf(address: string, port: number | undefined): Asker {
  return { client: `${address}:${port}`, address: networkOf(address) }
}

/** IPv6 by its network, IPv4 as it is, also where it comes mapped. */
export function networkOf(remoteAddress: string): string {
  const mapped = /^::ffff:(\d+(?:\.\d+){3})$/.exec(remoteAddress)?.[1]
  if (mapped) return mapped
  if (!remoteAddress.includes(':')) return remoteAddress
  const [before = '', after = ''] = remoteAddress.split('%', 1)[0]!.split('::')
  const [head, tail] = [before, after].map((half) => (half === '' ? [] : half.split(':'))) as [string[], string[]]
  const zeros = Array.from({ length: remoteAddress.includes('::') ? 8 - head.length - tail.length : 0 }, () => '0')
  return `${[...head, ...zeros, ...tail].slice(0, NETWORK_GROUPS).join(':')}::/64`
}
