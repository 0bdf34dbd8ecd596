/** The resolved configuration: parsed once, and then plain values that can be printed. */
import type { EngineConfig } from './engine-config.ts'
import type { LayerConfig } from './layer-config.ts'
import type { StoreConfig } from './store-config.ts'

export interface Config {
  /** Files, folders and globs to serve. */
  readonly sources: readonly string[]
  /** The sources that have a copy of their objects on this machine. */
  readonly mirrors: readonly string[]
  /** Layers with settings in the configuration file. */
  readonly layers: readonly LayerConfig[]
  /** Stores of objects in the configuration file. Their credentials are names of environment variables. */
  readonly stores: readonly StoreConfig[]
  /** Engines in the configuration file that gather the rows of layers. Their tokens are names of environment variables. */
  readonly engines: readonly EngineConfig[]
  readonly host: string
  /** Host names that requests may use, besides those of this machine. None: no restriction beyond loopback. @default none */
  readonly hosts: readonly string[]
  readonly port: number
  readonly logLevel: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent'
  /** Print readable lines instead of JSON. @default true on a terminal */
  readonly logPretty: boolean
  /** The number of query workers. @default half of the processors, at least 2 */
  readonly workers: number
  /** Bytes of one worker's DuckDB memory_limit. @default 4 GB or the worker's share of the machine, whichever is smaller */
  readonly memoryLimitBytes: number
  /** Threads of one worker. @default 4 or its share of the processors, whichever is smaller */
  readonly threads: number
  /** The same for the worker of the serial lane, never more than for a normal worker. Null: half. */
  readonly serialMemoryLimitBytes: number | null
  readonly serialThreads: number | null
  /** Maximum number of rows at a time in the serial lane. @default 2048 */
  readonly serialRows: number
  /** Seconds after which an idle worker ends, except the first of the normal lane. 0: all of that lane stay. @default 60 */
  readonly workerIdleSeconds: number
  /** The share of the nearest memory limit above which new work starts in the serial lane. @default 0.8 */
  readonly memoryShare: number
  /** True if the server notices added, removed and changed files without a query. @default true */
  readonly watch: boolean
  /** The folder that the engine spills to. A folder of the process is made in it and removed again. @default the system's */
  readonly tempDirectory: string
  readonly tempDirectoryBytes: number
  /** The folder for prepared copies and results of inspections. @default `$XDG_CACHE_HOME/geoduck` */
  readonly cacheDirectory: string
  /** Bytes of prepared copies that are kept. @default 20 GB */
  readonly cacheBytes: number
  /** Bytes of parts of objects of other machines that are kept in memory. 0: none is kept. @default 64 MB */
  readonly remoteCacheBytes: number
  /** Bytes of finished files for downloads, with their temporary data. @default 5 GB */
  readonly exportBytes: number
  /** Maximum seconds to make such a file. @default 600 */
  readonly exportSeconds: number
  /** Path of the spatial extension. @default found automatically, see `health.spatialExtension` */
  readonly spatialExtension: string | null
  /** The folder of the live layers. Null: there are none. */
  readonly live: string | null
  /** True if clients may write to live layers. @default false */
  readonly writes: boolean
  /** The token that a client must send to write. Null: none. @default none */
  readonly writeToken: string | null
  /**
   * Signs cursors. Servers with the same secret accept each other's cursors. @default made once and kept in the cache directory
   */
  readonly cursorSecret: string
  /** Maximum seconds of a query from its start, and of a stream's engine per batch. @default 30 */
  readonly deadlineSeconds: number
  /**
   * Seconds that a client may leave a stream unread before SLOW_CONSUMER, or another response before its connection ends.
   * @default 60
   */
  readonly stallSeconds: number
  /**
   * Maximum bytes of a message with features, over a WebSocket or as an event, and of the column data of a part of a download
   * or flowing page. @default 1 MiB
   */
  readonly maxFrameBytes: number
  /** The same for a message with a single feature. @default 16 MiB */
  readonly maxFeatureBytes: number
  /** Maximum number of features in a page. @default 10,000 */
  readonly pageRows: number
  /** Bytes of column data at which a page ends. @default 32 MB */
  readonly pageBytes: number
  /** Bytes of the results that are kept for clients with the same question. 0: none is kept. @default 64 MB */
  readonly pageCacheBytes: number
  /** Bytes of the tiles that are kept in the cache folder. 0: none is kept. @default 512 MB */
  readonly tileCacheBytes: number
  /** Number of executions that may wait for a worker before OVERLOADED. @default 1000 */
  readonly queueLength: number
  /** Seconds that an execution may wait for a worker before OVERLOADED. @default 30 */
  readonly queueSeconds: number
  /** Bytes of held memory of all clients; half of it for one address. @default 256 MB, or an eighth of the memory */
  readonly unreadBytes: number
  /** Simultaneous connections of one address. @default 4,096, or half of the files that the process may open */
  readonly maxConnections: number
  /** The HTTP bodies that are compressed, if the client accepts it. `remote`: not for clients on this machine. @default remote */
  readonly compression: 'off' | 'remote' | 'always'
  /** Origins besides localhost that may open a WebSocket. */
  readonly origins: readonly string[]
  /** The token that every client must send. Null: none. @default none */
  readonly token: string | null
  /** True if other machines may connect without a token. @default false */
  readonly allowAnonymous: boolean
  /** Proxies whose X-Forwarded-For is trusted: their number, or their addresses and networks. @default 0 */
  readonly trustProxy: number | readonly string[]
  /** The path below which a proxy publishes the server, without a slash at its end. Empty: none. @default none */
  readonly basePath: string
  /** Seconds after which an idle connection ends. @default 75 */
  readonly keepAliveSeconds: number
  /** Seconds between SIGTERM and the end of the listener. @default 0 */
  readonly drainSeconds: number
  /** Distinguishes several servers. Null: an id that is made at the start. @default null */
  readonly serverName: string | null
  /** True if pages of allowed origins may send credentials. @default false */
  readonly allowCredentials: boolean
  /** True if introspection is allowed. @default true */
  readonly introspection: boolean
  /** Seconds that a client may wait for the server before its operation is logged as slow. @default 5 */
  readonly slowSeconds: number
  /** Levels of fields in an operation, without introspection. @default 10 */
  readonly maxDepth: number
  /** Tokens of an operation's text. @default 2,000 */
  readonly maxTokens: number
  /** @default 15 */
  readonly maxAliases: number
  /** @default 5 */
  readonly maxRootFields: number
  /** Levels of a filter: nested `and`, `or` and `not`. @default 10 */
  readonly maxFilterDepth: number
  /** Filters in a filter. @default 100 */
  readonly maxFilters: number
  /** Vertices of all geometries in an operation's filters. @default 25,000 */
  readonly maxVertices: number
  readonly maxAggregateVertices: number
  /** Bytes of a request's body. @default 1 MB */
  readonly maxBodyBytes: number
  /** Bytes of a client's WebSocket message after `connection_ack`. @default 1 MiB */
  readonly maxMessageBytes: number
  /** Simultaneous operations of one WebSocket. @default 256 */
  readonly maxSocketOperations: number
  /** Simultaneous operations of one address. @default 1,024 */
  readonly maxAddressOperations: number
  /** Documents of automatic persisted queries that are kept. 0: they are not supported. @default 1,000 */
  readonly persistedQueries: number
}
