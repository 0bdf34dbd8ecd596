/** The messages between the server and the process that has the connection to Spark. */
import type { Literal } from './dialect/condition.ts'

/** Settings of the session. The engine is not used unless Spark reports them back. */
export const SESSION_SETTINGS = {
  // No text can name a file as a table.
  'spark.sql.runSQLOnFiles': 'false',
  'spark.sql.session.timeZone': 'UTC',
  'spark.sql.caseSensitive': 'true',
  'spark.sql.ansi.enabled': 'true',
  // Texts of a fixed length are compared as they are stored.
  'spark.sql.legacy.charVarcharAsString': 'true',
  // An interrupt waits for the first report.
  'spark.connect.progress.reportInterval': '200ms',
  // A result set has at most this many files.
  'spark.sql.shuffle.partitions': '64',
  // As the source has them: not the times of an old format, and members without a value too.
  'spark.sql.parquet.outputTimestampType': 'TIMESTAMP_MICROS',
  // Days before 1582 are those of the files, and not of an old calendar.
  'spark.sql.parquet.datetimeRebaseModeInRead': 'CORRECTED',
  'spark.sql.parquet.datetimeRebaseModeInWrite': 'CORRECTED',
  'spark.sql.jsonGenerator.ignoreNullFields': 'false',
} as const

export type SparkRequest =
  /** Connects, and reads the settings of the session back. The value is the version of Spark. */
  | { readonly type: 'OPEN' }
  /** Makes a view of files, or of the rows of a statement. Other statements name it. */
  | {
      readonly type: 'VIEW'
      readonly name: string
      readonly rows: { readonly paths: readonly string[] } | { readonly sql: string }
    }
  /** Runs a command, and writes its few rows as JSON into a folder that does not exist yet. Null: they are not needed. */
  | { readonly type: 'COMMAND'; readonly sql: string; readonly directory: string | null }
  /** Writes the rows of a statement as files into a folder that does not exist yet. */
  | {
      readonly type: 'WRITE'
      readonly operation: string
      /** @default Parquet. JSON has one row per line. */
      readonly format?: 'json'
      readonly sql: string
      readonly values: readonly Literal[]
      readonly directory: string
    }
  /** Stops an operation. */
  | { readonly type: 'INTERRUPT'; readonly operation: string }
  /** Ends the session. Spark stops what runs in it. */
  | { readonly type: 'RELEASE' }

/** To the process. Several requests may be open. */
export interface SparkMessage {
  readonly id: number
  readonly request: SparkRequest
}

/** From the process. */
export type SparkNote =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly failure: string; readonly isUnavailable: boolean; readonly isSessionLost: boolean }

/** The first message, which is answered when the connection ends. */
export interface SparkTarget {
  /** Host and port. */
  readonly address: string
  readonly isEncrypted: boolean
  readonly token: string | null
  /** The id of the session. The next process continues it, so it can stop what an earlier one has begun. */
  readonly session: string
}
