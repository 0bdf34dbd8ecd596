/** Settings for who may send requests, and how many at a time. */
import type { MachineDefaults } from './defaults.ts'
import type { Settings } from './settings.ts'
import { formatSize } from './size.ts'
import { bearer, hostNames, seconds, size, text, wholeNumber, yesOrNo } from './values.ts'

const who = {
  hosts: {
    flag: '--hosts <list>',
    description: "host names that clients may use for the server, besides this machine's; a flag separates them by commas",
    value: hostNames,
    fallback: [],
    fallbackText: "this machine's own on a loopback address, any elsewhere",
  },
  token: {
    flag: '--token <text>',
    description: 'token that every client must send (`Authorization: Bearer`); required if other machines can connect',
    value: bearer,
    fallback: null,
    fallbackText: 'none',
    isSecret: true,
  },
  allowAnonymous: {
    flag: '--allow-anonymous <boolean>',
    description: 'allow other machines to connect without a token',
    value: yesOrNo,
    fallback: false,
  },
  live: {
    flag: '--live <directory>',
    description: 'folder of live layers, which clients can create and write; it is made if it is missing',
    value: text('a folder'),
    fallback: null,
    fallbackText: 'none',
    isPath: true,
  },
  writes: {
    flag: '--writes',
    description: 'let clients write to live layers; where other machines can connect, it needs --write-token',
    value: yesOrNo,
    fallback: false,
  },
  writeToken: {
    flag: '--write-token <text>',
    description: 'token that a client must send to write (`Authorization: Bearer`); with it, a client may read too',
    value: bearer,
    fallback: null,
    fallbackText: 'none',
    isSecret: true,
  },
  introspection: {
    flag: '--introspection <boolean>',
    description: 'allow introspection, which GraphiQL and code generators need',
    value: yesOrNo,
    fallback: true,
  },
  slowSeconds: {
    flag: '--slow <seconds>',
    description: 'log an operation with its plan if its client waited longer',
    value: seconds(0, 86_400),
    fallback: 5,
  },
} satisfies Partial<Settings>

/** Limits of one address besides the workers. */
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
      description: 'simultaneous connections of one address',
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
    // The parser is recursive: 5,000 levels can be too deep for it.
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
    description: 'levels of a filter: nested `and`, `or` and `not`',
    // The engine's parser accepts no more.
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
    description: "vertices of all geometries in an operation's filters; they must fit into a body or a WebSocket message",
    value: wholeNumber(4, 1_000_000),
    fallback: 25_000,
  },
  maxAggregateVertices: {
    flag: '--max-aggregate-vertices <number>',
    description: 'vertices of all features of an `aggregate` that selects `union` or `convexHull`',
    value: wholeNumber(4, 100_000_000),
    fallback: 500_000,
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
    description: "size of a client's WebSocket message after the connection is acknowledged",
    value: size('16KB'),
    fallback: 2 ** 20,
    fallbackText: '1 MiB',
  },
  maxSocketOperations: {
    flag: '--max-operations <number>',
    description: 'simultaneous operations of one WebSocket',
    value: wholeNumber(1, 100_000),
    fallback: 256,
  },
  maxAddressOperations: {
    flag: '--max-address-operations <number>',
    description: 'simultaneous operations of one address, over all its connections',
    value: wholeNumber(1, 1_000_000),
    fallback: 1_024,
  },
  persistedQueries: {
    flag: '--persisted-queries <number>',
    description: 'documents of automatic persisted queries (APQ) that are kept, with 8 KB for each; 0 turns them off',
    value: wholeNumber(0, 1_000_000),
    fallback: 1_000,
  },
} satisfies Partial<Settings>
