/** The one resolved configuration: parsed and finalised once, then plain values that can be printed. */
import type { LayerConfig } from './layer-config.ts'

export interface Config {
  /** Files, folders and globs to serve. */
  readonly sources: readonly string[]
  /** Layers with wishes of their own, from the configuration file. */
  readonly layers: readonly LayerConfig[]
  readonly host: string
  /** Host names, beside this machine's own, that requests may name; none restricts nothing beyond loopback. @default none */
  readonly hosts: readonly string[]
  readonly port: number
  readonly logLevel: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent'
  /** Readable lines instead of JSON. @default true on a terminal */
  readonly logPretty: boolean
  /** Query workers. @default half of the machine's processors, at least 2 */
  readonly workers: number
  /** Bytes of one worker's DuckDB memory_limit. @default 4 GB or the worker's share of the machine, whichever is smaller */
  readonly memoryLimitBytes: number
  /** Threads of one worker. @default 4 or its share of the processors, whichever is smaller */
  readonly threads: number
  /** The same of the serial lane's worker, never more than a normal one's; null = half. */
  readonly serialMemoryLimitBytes: number | null
  readonly serialThreads: number | null
  /** Most rows at a time in the serial lane. @default 2048 */
  readonly serialRows: number
  /** Share of the nearest limit of memory above which new work goes to the serial lane. @default 0.8 */
  readonly memoryShare: number
  /** Whether files that come, go or change are seen without a question. @default true */
  readonly watch: boolean
  /** Where the engine spills to; a folder of the process is made in it and removed again. @default the system's */
  readonly tempDirectory: string
  readonly tempDirectoryBytes: number
  /** Where prepared copies of files and answers of inspections are kept between starts. @default `$XDG_CACHE_HOME/geoduck` */
  readonly cacheDirectory: string
  /** Bytes of prepared copies that are kept. @default 20 GB */
  readonly cacheBytes: number
  /** Path of the spatial extension. @default looked for, see `health.spatialExtension` */
  readonly spatialExtension: string | null
  /** Signs cursors; servers that share it take each other's. @default made once and kept in the cache directory */
  readonly cursorSecret: string
  /** Seconds that a query may take from its beginning on, and that a stream's engine may take for a batch. @default 30 */
  readonly deadlineSeconds: number
  /** Seconds a client may leave a stream unread before it ends with SLOW_CONSUMER, and any response before its connection ends. @default 60 */
  readonly stallSeconds: number
  /** Most bytes of a message with features, over a WebSocket or as an event; a part of a download or of a flowing page has as much column data. @default 1 MiB */
  readonly maxFrameBytes: number
  /** The same of a message with one feature, which travels alone. @default 16 MiB */
  readonly maxFeatureBytes: number
  /** Most features in a page. @default 10,000 */
  readonly pageRows: number
  /** Bytes of column data at which a page ends. @default 32 MB */
  readonly pageBytes: number
  /** Executions that may wait for a worker before OVERLOADED. @default 1000 */
  readonly queueLength: number
  /** Seconds an execution may wait for a worker before OVERLOADED. @default 30 */
  readonly queueSeconds: number
  /** Bytes in the server's memory that wait for clients to read them; half of it for one address. @default 256 MB, or an eighth of the memory */
  readonly unreadBytes: number
  /** Connections of one address at a time. @default 4,096, or half of the files that the process may open */
  readonly maxConnections: number
  /** Of HTTP bodies, by what the client accepts; `remote`: not for clients on this machine. @default remote */
  readonly compression: 'off' | 'remote' | 'always'
  /** Origins besides localhost that may open a WebSocket. */
  readonly origins: readonly string[]
  /** Asked of every client; null = of none. @default none */
  readonly token: string | null
  /** Whether other machines may be served without a token. @default false */
  readonly allowAnonymous: boolean
  /** Proxies whose X-Forwarded-For is believed: how many there are, or their addresses and networks. @default 0 */
  readonly trustProxy: number | readonly string[]
  /** Whether the schema may be asked for. @default true */
  readonly introspection: boolean
  /** Seconds that a client may wait for the server before its operation is logged as slow. @default 5 */
  readonly slowSeconds: number
  /** Levels of fields in an operation, introspection aside. @default 10 */
  readonly maxDepth: number
  /** Tokens of an operation's text. @default 2,000 */
  readonly maxTokens: number
  /** @default 15 */
  readonly maxAliases: number
  /** @default 5 */
  readonly maxRootFields: number
  /** Levels of a filter: `and`, `or` and `not` in each other. @default 10 */
  readonly maxFilterDepth: number
  /** Filters in a filter. @default 100 */
  readonly maxFilters: number
  /** Vertices of all geometries in an operation's filters. @default 25,000 */
  readonly maxVertices: number
  /** Bytes of a request's body. @default 1 MB */
  readonly maxBodyBytes: number
  /** Bytes of a client's WebSocket message after `connection_ack`. @default 1 MiB */
  readonly maxMessageBytes: number
  /** Operations of one WebSocket at a time. @default 256 */
  readonly maxSocketOperations: number
  /** Operations of one address at a time. @default 1,024 */
  readonly maxAddressOperations: number
}
