/** Settings of who may ask, and how much at once. */
import type { MachineDefaults } from './defaults.ts'
import type { Settings } from './settings.ts'
import { formatSize } from './size.ts'
import { bearer, hostNames, proxies, seconds, size, wholeNumber, yesOrNo } from './values.ts'

const who = {
  hosts: {
    flag: '--hosts <list>',
    description: "names under which clients reach the server, beside this machine's own; a flag separates them by commas",
    value: hostNames,
    fallback: [],
    fallbackText: "this machine's own on a loopback address, any elsewhere",
  },
  token: {
    flag: '--token <text>',
    description: 'asked of every client (`Authorization: Bearer`); wanted where other machines can connect',
    value: bearer,
    fallback: null,
    fallbackText: 'none',
    isSecret: true,
  },
  allowAnonymous: {
    flag: '--allow-anonymous <boolean>',
    description: 'serve other machines without a token',
    value: yesOrNo,
    fallback: false,
  },
  trustProxy: {
    flag: '--trust-proxy <proxies>',
    description: "proxies whose X-Forwarded-For names the client: how many there are, or their addresses ('10.0.0.0/8,loopback')",
    value: proxies,
    fallback: 0,
    fallbackText: 'none',
  },
  introspection: {
    flag: '--introspection <boolean>',
    description: 'answer questions about the schema, as GraphiQL and code generators ask them',
    value: yesOrNo,
    fallback: true,
  },
  slowSeconds: {
    flag: '--slow <seconds>',
    description: 'operations whose client waited longer than this are logged with their plan',
    value: seconds(0, 86_400),
    fallback: 5,
  },
} satisfies Partial<Settings>

/** What one address may take of the server beside its workers. */
function clients({ unreadBytes, maxConnections }: MachineDefaults) {
  return {
    unreadBytes: {
      flag: '--unread-limit <size>',
      description:
        "results in the server's memory that clients have not read; half of it for one address, a sixteenth for one connection",
      value: size('1MB'),
      fallback: unreadBytes,
      fallbackText: formatSize(unreadBytes),
      rule: '256 MB, or an eighth of the memory where that is less',
    },
    maxConnections: {
      flag: '--max-connections <number>',
      description: 'connections of one address at a time',
      value: wholeNumber(1, 1_000_000),
      fallback: maxConnections,
      rule: '4096, or half of the files that the process may open where that is less',
    },
  } satisfies Partial<Settings>
}

export function access(machine: MachineDefaults) {
  return { ...who, ...clients(machine) } satisfies Partial<Settings>
}

export const requests = {
  maxDepth: {
    flag: '--max-depth <number>',
    description: 'levels of fields in an operation',
    value: wholeNumber(1, 100),
    fallback: 10,
  },
  maxTokens: {
    flag: '--max-tokens <number>',
    description: "tokens of an operation's text",
    // The parser goes down by recursion: 5,000 can be too deep for it.
    value: wholeNumber(100, 4_000),
    fallback: 2_000,
  },
  maxAliases: {
    flag: '--max-aliases <number>',
    description: 'aliases in an operation',
    value: wholeNumber(0, 1_000),
    fallback: 15,
  },
  maxRootFields: {
    flag: '--max-root-fields <number>',
    description: 'root fields of an operation',
    value: wholeNumber(1, 1_000),
    fallback: 5,
  },
  maxFilterDepth: {
    flag: '--max-filter-depth <number>',
    description: 'levels of a filter: `and`, `or` and `not` in each other',
    // More than the engine's parser takes is not let in.
    value: wholeNumber(1, 50),
    fallback: 10,
  },
  maxFilters: {
    flag: '--max-filters <number>',
    description: 'filters in a filter',
    value: wholeNumber(1, 1_000),
    fallback: 100,
  },
  maxVertices: {
    flag: '--max-vertices <number>',
    description: "vertices of all geometries in an operation's filters; a body and a WebSocket message have to hold them",
    value: wholeNumber(4, 1_000_000),
    fallback: 25_000,
  },
  maxBodyBytes: {
    flag: '--max-body <size>',
    description: "size of a request's body",
    value: size('1KB'),
    fallback: 1e6,
    fallbackText: '1 MB',
  },
  maxMessageBytes: {
    flag: '--max-message <size>',
    description: "size of a client's WebSocket message, once the connection is acknowledged",
    value: size('16KB'),
    fallback: 2 ** 20,
    fallbackText: '1 MiB',
  },
  maxSocketOperations: {
    flag: '--max-operations <number>',
    description: 'operations of one WebSocket at a time',
    value: wholeNumber(1, 100_000),
    fallback: 256,
  },
  maxAddressOperations: {
    flag: '--max-address-operations <number>',
    description: 'operations of one address at a time, over all of its connections',
    value: wholeNumber(1, 1_000_000),
    fallback: 1_024,
  },
} satisfies Partial<Settings>
