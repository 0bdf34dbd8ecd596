import type { AddressInfo } from 'node:net'
import { networkInterfaces } from 'node:os'

/** The addresses that mean every address of the machine, and the families that they mean. */
const EVERY: Readonly<Record<string, readonly string[]>> = {
  '0.0.0.0': ['IPv4'],
  '::ffff:0.0.0.0': ['IPv4'],
  '::': ['IPv4', 'IPv6'],
}

/** URLs that a browser can open. */
export interface Urls {
  /** For this machine: of the host in the configuration, or of localhost if that means every address. */
  readonly url: string
  /** For other machines, one per address. None if the configuration names one host. */
  readonly network: readonly string[]
}

/** @param answers whether the server answers to a name in `Host` */
export function urlsOf(host: string, { address, port }: AddressInfo, answers: (host: string) => boolean): Urls {
  const families = EVERY[address]
  if (!families) return { url: `http://${inUrl(host)}:${port}`, network: [] }
  const others = Object.values(networkInterfaces())
    .flat()
    // A link-local address of IPv6 is valid only with the name of an interface, which no browser accepts.
    .filter((other) => other && !other.internal && families.includes(other.family) && !other.scopeid)
    .map((other) => `${inUrl(other!.address)}:${port}`)
  return { url: `http://localhost:${port}`, network: others.filter(answers).map((other) => `http://${other}`) }
}

function inUrl(host: string): string {
  return host.includes(':') ? `[${host}]` : host
}
