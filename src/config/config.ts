/** The one resolved configuration: parsed and finalised once, then plain values that can be printed. */

export interface Config {
  /** Files, folders and globs to serve. */
  readonly sources: readonly string[]
  readonly host: string
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
  /** Where the engine spills to; a folder of the process is made in it and removed again. @default the system's */
  readonly tempDirectory: string
  readonly tempDirectoryBytes: number
  /** Path of the spatial extension. @default looked for, see `health.spatialExtension` */
  readonly spatialExtension: string | null
  /** Signs cursors; servers that share it take each other's. @default made once and kept in the cache directory */
  readonly cursorSecret: string
  /** Seconds of engine time a query may take. @default 30 */
  readonly deadlineSeconds: number
  /** Seconds a client may leave a stream unread before it ends with SLOW_CONSUMER. @default 60 */
  readonly stallSeconds: number
  /** Bytes of column data at which a streamed batch ends. @default 1 MiB */
  readonly batchBytes: number
  /** Most features in a page. @default 10,000 */
  readonly pageRows: number
  /** Bytes of column data at which a page ends. @default 32 MB */
  readonly pageBytes: number
  /** Executions that may wait for a worker before OVERLOADED. @default 1000 */
  readonly queueLength: number
  /** Seconds an execution may wait for a worker before OVERLOADED. @default 30 */
  readonly queueSeconds: number
  /** Of HTTP bodies, by what the client accepts; `remote`: not for clients on this machine. @default remote */
  readonly compression: 'off' | 'remote' | 'always'
  /** Origins besides localhost that may open a WebSocket. */
  readonly origins: readonly string[]
}
