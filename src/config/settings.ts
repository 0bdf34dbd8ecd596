/**
 * All settings. `--memory-limit` is `GEODUCK_MEMORY_LIMIT` in the environment and `memoryLimitBytes` in the configuration file. A flag takes
 * precedence, then the environment, then the file. Flags, file, its JSON schema and docs/configuration.md are built from this table.
 */
import { cacheDirectory } from './cache.ts'
import type { Config } from './config.ts'
import type { MachineDefaults } from './defaults.ts'
import { proxying } from './proxy-settings.ts'
import { access, requests } from './request-settings.ts'
import { formatSize } from './size.ts'
import { oneOf, origins, seconds, share, size, text, type Value, wholeNumber, yesOrNo } from './values.ts'

export interface Setting<T = unknown> {
  /** The flag, as in `--memory-limit <size>`. */
  readonly flag: string
  readonly description: string
  readonly value: Value<T>
  readonly fallback: T
  /** The default in words, if the value is not clear. */
  readonly fallbackText?: string
  /** The rule for the default, if it differs between machines. */
  readonly rule?: string
  /** A path relative to the working directory, or to the configuration file's folder. */
  readonly isPath?: true
  /** True for a value that is never shown. */
  readonly isSecret?: true
}

/** Sources are arguments. Layers, stores and engines are only in the configuration file. */
export type SettingName = Exclude<keyof Config, 'sources' | 'mirrors' | 'layers' | 'stores' | 'engines'>

export type Settings = { readonly [Name in SettingName]: Setting<Config[Name]> }

/** Returns `GEODUCK_MEMORY_LIMIT` for `--memory-limit <size>`. */
export function environmentName(flag: string): string {
  return `GEODUCK_${flag
    .replace(/^--| .*$/g, '')
    .toUpperCase()
    .replaceAll('-', '_')}`
}

const MiB = 2 ** 20
const CACHE_BYTES = 20e9

/** All settings by the heading that `geoduck --help-all` and docs/configuration.md show them below. */
export function settingGroups(machine: MachineDefaults) {
  return {
    Address: network,
    Access: access(machine),
    Proxies: proxying,
    Log: logging,
    Workers: workers(machine),
    'Limits of results and waiting': limits,
    'Limits of requests': requests,
    'Files, cursors and the cache': files(machine),
  } satisfies Readonly<Record<string, Partial<Settings>>>
}

/** The settings that `geoduck --help` shows. */
export const COMMON: readonly SettingName[] = [
  'host',
  'port',
  'token',
  'origins',
  'workers',
  'memoryLimitBytes',
  'deadlineSeconds',
  'logLevel',
  'cacheDirectory',
]

export function settings(machine: MachineDefaults): Settings {
  const groups = settingGroups(machine)
  return {
    ...groups.Address,
    ...groups.Access,
    ...groups.Proxies,
    ...groups.Log,
    ...groups.Workers,
    ...groups['Limits of results and waiting'],
    ...groups['Limits of requests'],
    ...groups['Files, cursors and the cache'],
  }
}

const network = {
  host: {
    flag: '--host <address>',
    description: 'address to listen on; 127.0.0.1 allows only this machine',
    value: text('an address or a host name'),
    fallback: '127.0.0.1',
  },
  port: {
    flag: '--port <number>',
    description: 'port to listen on; 0 uses any free port',
    value: wholeNumber(0, 65535),
    fallback: 4000,
  },
  origins: {
    flag: '--origins <list>',
    description: "web origins whose pages may connect, besides this machine's; a flag separates them by commas",
    value: origins,
    fallback: [],
    fallbackText: 'none',
  },
  compression: {
    flag: '--compression <whom>',
    description: 'clients whose HTTP bodies are compressed, if they accept it; remote: clients on other machines',
    value: oneOf(['off', 'remote', 'always']),
    fallback: 'remote',
  },
} satisfies Partial<Settings>

const logging = {
  logLevel: {
    flag: '--log-level <level>',
    description: 'minimum level of the messages that are logged to stderr',
    value: oneOf(['trace', 'debug', 'info', 'warn', 'error', 'silent']),
    fallback: 'info',
  },
  logPretty: {
    flag: '--log-pretty <boolean>',
    description: 'log readable lines instead of JSON',
    value: yesOrNo,
    fallback: process.stderr.isTTY === true,
    fallbackText: 'true on a terminal',
    rule: 'true on a terminal',
  },
} satisfies Partial<Settings>

/** The lane where executions continue after memory or IO errors. */
const serial = {
  serialMemoryLimitBytes: {
    flag: '--serial-memory-limit <size>',
    description: "memory of the serial lane, never more than a worker's",
    value: size('32MB'),
    fallback: null,
    fallbackText: 'half of --memory-limit',
  },
  serialThreads: {
    flag: '--serial-threads <number>',
    description: "threads of the serial lane, never more than a worker's",
    value: wholeNumber(1, 256),
    fallback: null,
    fallbackText: 'half of --threads',
  },
  serialRows: {
    flag: '--serial-rows <number>',
    description: 'maximum number of features at a time in the serial lane: in a batch, in a sorted page',
    value: wholeNumber(1, 1_000_000),
    fallback: 2_048,
  },
  memoryShare: {
    flag: '--memory-share <number>',
    description: 'share of the nearest memory limit above which new work starts in the serial lane',
    value: share,
    fallback: 0.8,
  },
} satisfies Partial<Settings>

function workers({ workers: count, threads, memoryLimitBytes }: MachineDefaults) {
  return {
    workers: {
      flag: '--workers <number>',
      description: 'processes that run queries; each has its own engine',
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
    workerIdleSeconds: {
      flag: '--worker-idle <seconds>',
      description: 'time after which a worker without work ends, except the first; 0: all start at once and stay',
      value: seconds(0, 86_400),
      fallback: 60,
    },
    memoryLimitBytes: {
      flag: '--memory-limit <size>',
      description: "memory of one worker's engine; its process uses some more",
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
    description: 'maximum time of a query, including its wait, and of a stream without a batch',
    value: seconds(0.1, 86_400),
    fallback: 30,
  },
  stallSeconds: {
    flag: '--stall-timeout <seconds>',
    description: 'maximum time that a client may leave a stream or another response unread',
    value: seconds(0.1, 86_400),
    fallback: 60,
  },
  maxFrameBytes: {
    flag: '--max-frame-bytes <size>',
    description: 'maximum size of a message with features, over a WebSocket or as an event: a batch or page ends before it',
    value: size('1KB'),
    fallback: MiB,
    fallbackText: '1 MiB',
  },
  maxFeatureBytes: {
    flag: '--max-feature-bytes <size>',
    description: 'maximum size of a message with one feature that is larger than --max-frame-bytes; never less than that',
    value: size('1KB'),
    fallback: 16 * MiB,
    fallbackText: '16 MiB',
  },
  pageRows: {
    flag: '--page-rows <number>',
    description: 'maximum number of features in a page',
    value: wholeNumber(1, 1_000_000),
    fallback: 10_000,
  },
  pageBytes: {
    flag: '--page-bytes <size>',
    description: 'size at which a page ends, with any number of rows',
    value: size('1KB'),
    fallback: 32e6,
    fallbackText: '32 MB',
  },
  pageCacheBytes: {
    flag: '--page-cache-bytes <size>',
    description: 'results that are kept in memory and sent again while their layers are the same; 0B keeps none',
    value: size('0B'),
    fallback: 64e6,
    fallbackText: '64 MB',
  },
  queueLength: {
    flag: '--queue-length <number>',
    description: 'maximum number of operations that wait for a worker',
    value: wholeNumber(0, 1_000_000),
    fallback: 1000,
  },
  queueSeconds: {
    flag: '--queue-timeout <seconds>',
    description: 'maximum time that an operation waits for a worker',
    value: seconds(0.1, 3600),
    fallback: 30,
  },
} satisfies Partial<Settings>

function files({ tempDirectory, tempDirectoryBytes }: MachineDefaults) {
  return {
    tempDirectory: {
      flag: '--temp-directory <folder>',
      description: 'folder for temporary data of large sorts and joins',
      value: text('a folder'),
      fallback: tempDirectory,
      rule: "the system's",
      isPath: true,
    },
    tempDirectoryBytes: {
      flag: '--temp-limit <size>',
      description: 'maximum temporary data of one worker',
      value: size('1MB'),
      fallback: tempDirectoryBytes,
      fallbackText: formatSize(tempDirectoryBytes),
      rule: "20 GB, or the worker's share of half of the free disk where that is less",
    },
    cacheDirectory: {
      flag: '--cache-directory <folder>',
      description: 'folder for prepared copies of files, kept between starts',
      value: text('a folder'),
      fallback: cacheDirectory(),
      rule: '`geoduck` in `$XDG_CACHE_HOME`, or in `~/.cache`',
      isPath: true,
    },
    cacheBytes: {
      flag: '--cache-limit <size>',
      description: 'maximum size of prepared copies that are not being served',
      value: size('0B'),
      fallback: CACHE_BYTES,
      fallbackText: formatSize(CACHE_BYTES),
    },
    tileCacheBytes: {
      flag: '--tile-cache-bytes <size>',
      description: 'vector tiles that are kept in the cache folder, between starts; 0B keeps none',
      value: size('0B'),
      fallback: 512e6,
      fallbackText: '512 MB',
    },
    remoteCacheBytes: {
      flag: '--remote-cache <size>',
      description: 'parts of objects of other machines that are kept in memory for all workers; 0B keeps none',
      value: size('0B'),
      fallback: 64e6,
      fallbackText: '64 MB',
    },
    exportBytes: {
      flag: '--export-bytes <size>',
      description: 'maximum size of files for downloads that are made and kept, with their temporary data',
      value: size('1MB'),
      fallback: 5e9,
      fallbackText: '5 GB',
    },
    exportSeconds: {
      flag: '--export-deadline <seconds>',
      description: 'maximum time to make a file for a download',
      value: seconds(1, 86_400),
      fallback: 600,
    },
    spatialExtension: {
      flag: '--spatial-extension <file>',
      description: "path of DuckDB's spatial extension, if it should not be found or fetched automatically",
      value: text('a file'),
      fallback: null,
      fallbackText: 'found automatically, or fetched once',
      isPath: true,
    },
    cursorSecret: {
      flag: '--cursor-secret <text>',
      description: "secret that signs cursors: servers with the same data and secret accept each other's cursors",
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
    description: 'notice added, removed and changed files while serving',
    value: yesOrNo,
    fallback: true,
  },
} satisfies Partial<Settings>
