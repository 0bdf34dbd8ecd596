import type { Socket } from 'node:net'
import type { Asker } from '../pool/scheduler.ts'

/** A network of one subscriber, in which every address is his: 64 bits. */
const NETWORK_GROUPS = 4

export function askerOf({ remoteAddress = 'unknown', remotePort }: Socket): Asker {
  return { client: `${remoteAddress}:${remotePort}`, address: addressOf(remoteAddress) }
}

/** IPv6 by its network, IPv4 as it is, also where it comes mapped. */
export function addressOf(remoteAddress: string): string {
  const mapped = /^::ffff:(\d+(?:\.\d+){3})$/.exec(remoteAddress)?.[1]
  if (mapped) return mapped
  if (!remoteAddress.includes(':')) return remoteAddress
  const [before = '', after = ''] = remoteAddress.split('%', 1)[0]!.split('::')
  const [head, tail] = [before, after].map((half) => (half === '' ? [] : half.split(':'))) as [string[], string[]]
  const zeros = Array.from({ length: remoteAddress.includes('::') ? 8 - head.length - tail.length : 0 }, () => '0')
  return `${[...head, ...zeros, ...tail].slice(0, NETWORK_GROUPS).join(':')}::/64`
}
