/**
 * Every setting: `--memory-limit` is `GEODUCK_MEMORY_LIMIT` in the environment and `memoryLimitBytes` in the configuration file. A flag wins,
 * then the environment, then the file. Flags, file, its JSON schema and docs/configuration.md are made of this table.
 */
import { cacheDirectory } from './cache.ts'
import type { Config } from './config.ts'
import type { MachineDefaults } from './defaults.ts'
import { access, requests } from './request-settings.ts'
import { formatSize } from './size.ts'
import { oneOf, origins, seconds, share, size, text, type Value, wholeNumber, yesOrNo } from './values.ts'

export interface Setting<T = unknown> {
  /** As in `--memory-limit <size>`. */
  readonly flag: string
  readonly description: string
  readonly value: Value<T>
  readonly fallback: T
  /** The default in words, where the value says too little. */
  readonly fallbackText?: string
  /** How the default comes about, where it is not the same on every machine. */
  readonly rule?: string
  /** Relative to the working directory, or to the configuration file's folder. */
  readonly isPath?: true
  /** Not shown to anybody. */
  readonly isSecret?: true
}

/** Sources are arguments, layers come from the configuration file only. */
export type SettingName = Exclude<keyof Config, 'sources' | 'layers'>

export type Settings = { readonly [Name in SettingName]: Setting<Config[Name]> }

/** `--memory-limit <size>` is `GEODUCK_MEMORY_LIMIT`. */
export function environmentName(flag: string): string {
  return `GEODUCK_${flag
    .replace(/^--| .*$/g, '')
    .toUpperCase()
    .replaceAll('-', '_')}`
}

const MiB = 2 ** 20
const CACHE_BYTES = 20e9

export function settings(machine: MachineDefaults): Settings {
  return { ...network, ...access(machine), ...logging, ...workers(machine), ...limits, ...requests, ...files(machine) }
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
    description: "web origins, beside this machine's own, whose pages may connect; a flag separates them by commas",
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
    rule: 'true on a terminal',
  },
} satisfies Partial<Settings>

/** The lane where work goes on after memory or IO trouble. */
const serial = {
  serialMemoryLimitBytes: {
    flag: '--serial-memory-limit <size>',
    description: "the serial lane's memory, never more than a worker's",
    value: size('32MB'),
    fallback: null,
    fallbackText: 'half of --memory-limit',
  },
  serialThreads: {
    flag: '--serial-threads <number>',
    description: "the serial lane's threads, never more than a worker's",
    value: wholeNumber(1, 256),
    fallback: null,
    fallbackText: 'half of --threads',
  },
  serialRows: {
    flag: '--serial-rows <number>',
    description: 'most features at a time in the serial lane: of a batch, of a sorted page',
    value: wholeNumber(1, 1_000_000),
    fallback: 2_048,
  },
  memoryShare: {
    flag: '--memory-share <number>',
    description: 'share of the nearest memory limit above which new work goes to the serial lane',
    value: share,
    fallback: 0.8,
  },
} satisfies Partial<Settings>

function workers({ workers: count, threads, memoryLimitBytes }: MachineDefaults) {
  return {
    workers: {
      flag: '--workers <number>',
      description: 'processes that run queries; each is an engine of its own',
      value: wholeNumber(1, 256),
      fallback: count,
      rule: 'half of the processors, at least 2',
    },
    threads: {
      flag: '--threads <number>',
      description: 'threads of one worker',
      value: wholeNumber(1, 256),
      fallback: threads,
      rule: '4, or the processors where there are fewer',
    },
    memoryLimitBytes: {
      flag: '--memory-limit <size>',
      description: "memory of one worker's engine; its process takes some more",
      value: size('64MB'),
      fallback: memoryLimitBytes,
      fallbackText: formatSize(memoryLimitBytes),
      rule: "4 GB, or the worker's share of half of the memory (of less below 3 GB) where that is less",
    },
    ...serial,
  } satisfies Partial<Settings>
}

const limits = {
  deadlineSeconds: {
    flag: '--deadline <seconds>',
    description: 'time a query may take, waiting included, and a stream without a batch',
    value: seconds(0.1, 86_400),
    fallback: 30,
  },
  stallSeconds: {
    flag: '--stall-timeout <seconds>',
    description: 'time a client may leave a stream, or any other response, unread',
    value: seconds(0.1, 86_400),
    fallback: 60,
  },
  maxFrameBytes: {
    flag: '--max-frame-bytes <size>',
    description: 'size of a message with features, over a WebSocket or as an event: a batch, or a page, ends before it',
    value: size('1KB'),
    fallback: MiB,
    fallbackText: '1 MiB',
  },
  maxFeatureBytes: {
    flag: '--max-feature-bytes <size>',
    description: 'size of a message with one feature that is larger than --max-frame-bytes; never less than that',
    value: size('1KB'),
    fallback: 16 * MiB,
    fallbackText: '16 MiB',
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
      rule: "the system's",
      isPath: true,
    },
    tempDirectoryBytes: {
      flag: '--temp-limit <size>',
      description: 'most that one worker may spill',
      value: size('1MB'),
      fallback: tempDirectoryBytes,
      fallbackText: formatSize(tempDirectoryBytes),
      rule: "20 GB, or the worker's share of half of the free disk where that is less",
    },
    cacheDirectory: {
      flag: '--cache-directory <folder>',
      description: 'where prepared copies of files are kept between starts',
      value: text('a folder'),
      fallback: cacheDirectory(),
      rule: '`geoduck` in `$XDG_CACHE_HOME`, or in `~/.cache`',
      isPath: true,
    },
    cacheBytes: {
      flag: '--cache-limit <size>',
      description: 'most that prepared copies take, beside those that are being served',
      value: size('0B'),
      fallback: CACHE_BYTES,
      fallbackText: formatSize(CACHE_BYTES),
    },
    spatialExtension: {
      flag: '--spatial-extension <file>',
      description: "DuckDB's spatial extension, where it should not be looked for or fetched",
      value: text('a file'),
      fallback: null,
      fallbackText: 'looked for, then fetched once',
      isPath: true,
    },
    cursorSecret: {
      flag: '--cursor-secret <text>',
      description: "signs cursors: servers with the same data and secret take each other's",
      value: text('at least 16 characters', 16),
      fallback: '',
      fallbackText: 'made once and kept',
      isSecret: true,
    },
    ...watching,
  } satisfies Partial<Settings>
}

const watching = {
  watch: {
    flag: '--watch <boolean>',
    description: 'see files that come, go or change while they are served',
    value: yesOrNo,
    fallback: true,
  },
} satisfies Partial<Settings>
