/** Every setting that has a flag: `--memory-limit` is `GEODUCK_MEMORY_LIMIT` in the environment. A flag wins, then the environment. */
import type { Config } from './config.ts'
import type { MachineDefaults } from './defaults.ts'
import { formatSize } from './size.ts'
import { oneOf, origins, seconds, size, text, type Value, wholeNumber, yesOrNo } from './values.ts'

export interface Setting<T = unknown> {
  /** As in `--memory-limit <size>`. */
  readonly flag: string
  readonly description: string
  readonly value: Value<T>
  readonly fallback: T
  /** The default in words, where the value says too little. */
  readonly fallbackText?: string
}

/** Sources are arguments, not flags. */
export type Settings = { readonly [Name in Exclude<keyof Config, 'sources'>]: Setting<Config[Name]> }

const MiB = 2 ** 20

export function settings(machine: MachineDefaults): Settings {
  return { ...network, ...logging, ...workers(machine), ...limits, ...files(machine) }
}

const network = {
  host: {
    flag: '--host <address>',
    description: 'address to listen on; 127.0.0.1 is for this machine only',
    value: text('an address or a host name'),
    fallback: '127.0.0.1',
  },
  port: {
    flag: '--port <number>',
    description: 'port to listen on; 0 takes any free one',
    value: wholeNumber(0, 65535),
    fallback: 4000,
  },
  origins: {
    flag: '--origins <list>',
    description: "web origins, beside this machine's own, whose pages may connect",
    value: origins,
    fallback: [],
    fallbackText: 'none',
  },
  compression: {
    flag: '--compression <whom>',
    description: 'whose HTTP bodies are compressed, if they accept it; remote: clients on other machines',
    value: oneOf(['off', 'remote', 'always']),
    fallback: 'remote',
  },
} satisfies Partial<Settings>

const logging = {
  logLevel: {
    flag: '--log-level <level>',
    description: 'least important messages that are logged, to stderr',
    value: oneOf(['trace', 'debug', 'info', 'warn', 'error', 'silent']),
    fallback: 'info',
  },
  logPretty: {
    flag: '--log-pretty <boolean>',
    description: 'readable lines instead of JSON',
    value: yesOrNo,
    fallback: process.stderr.isTTY === true,
    fallbackText: 'true on a terminal',
  },
} satisfies Partial<Settings>

function workers({ workers: count, threads, memoryLimitBytes }: MachineDefaults) {
  return {
    workers: {
      flag: '--workers <number>',
      description: 'processes that run queries; each is an engine of its own',
      value: wholeNumber(1, 256),
      fallback: count,
    },
    threads: {
      flag: '--threads <number>',
      description: 'threads of one worker',
      value: wholeNumber(1, 256),
      fallback: threads,
    },
    memoryLimitBytes: {
      flag: '--memory-limit <size>',
      description: "memory of one worker's engine; its process takes some more",
      value: size('64MB'),
      fallback: memoryLimitBytes,
      fallbackText: formatSize(memoryLimitBytes),
    },
  } satisfies Partial<Settings>
}

const limits = {
  deadlineSeconds: {
    flag: '--deadline <seconds>',
    description: 'engine time a query may take',
    value: seconds(0.1, 86_400),
    fallback: 30,
  },
  stallSeconds: {
    flag: '--stall-timeout <seconds>',
    description: 'time a client may leave its stream unread',
    value: seconds(0.1, 86_400),
    fallback: 60,
  },
  batchBytes: {
    flag: '--batch-bytes <size>',
    description: 'size at which a streamed batch ends, whatever its rows',
    value: size('1KB'),
    fallback: MiB,
    fallbackText: '1 MiB',
  },
  pageRows: {
    flag: '--page-rows <number>',
    description: 'most features in a page',
    value: wholeNumber(1, 1_000_000),
    fallback: 10_000,
  },
  pageBytes: {
    flag: '--page-bytes <size>',
    description: 'size at which a page ends, whatever its rows',
    value: size('1KB'),
    fallback: 32e6,
    fallbackText: '32 MB',
  },
  queueLength: {
    flag: '--queue-length <number>',
    description: 'operations that may wait for a worker',
    value: wholeNumber(0, 1_000_000),
    fallback: 1000,
  },
  queueSeconds: {
    flag: '--queue-timeout <seconds>',
    description: 'time an operation may wait for a worker',
    value: seconds(0.1, 3600),
    fallback: 30,
  },
} satisfies Partial<Settings>

function files({ tempDirectory, tempDirectoryBytes }: MachineDefaults) {
  return {
    tempDirectory: {
      flag: '--temp-directory <folder>',
      description: 'where large sorts and joins spill to',
      value: text('a folder'),
      fallback: tempDirectory,
    },
    tempDirectoryBytes: {
      flag: '--temp-limit <size>',
      description: 'most that one worker may spill',
      value: size('1MB'),
      fallback: tempDirectoryBytes,
      fallbackText: formatSize(tempDirectoryBytes),
    },
    spatialExtension: {
      flag: '--spatial-extension <file>',
      description: "DuckDB's spatial extension, where it should not be looked for or fetched",
      value: text('a file'),
      fallback: null,
      fallbackText: 'looked for, then fetched once',
    },
    cursorSecret: {
      flag: '--cursor-secret <text>',
      description: "signs cursors: servers with the same data and secret take each other's",
      value: text('at least 16 characters', 16),
      fallback: '',
      fallbackText: 'made once and kept',
    },
  } satisfies Partial<Settings>
}
