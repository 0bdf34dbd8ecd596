/**
 * Turns an error of a process that reads sources into a reason for clients: what is wrong, and what to do. The engine's own words
 * are for the log.
 */
import { DISK_FULL, SourceError } from '../../host/source-error.ts'
import { CURVES } from '../read/reader.ts'
import { WRITE_AGAIN } from './geoparquet.ts'

const COPY_AGAIN = 'copy the whole file again'
const UNDAMAGED = 'replace it by an undamaged copy, or write it again'

/** Errors of the engine and of its libraries. The first symptom that fits counts. */
const REASONS: readonly (readonly [symptom: RegExp, reason: string])[] = [
  [/No space left on device|Disk full|ENOSPC|EDQUOT|quota exceeded/i, DISK_FULL],
  [/Could not set lock/i, 'another process has it open for writing: close it there, or serve a copy'],
  [/encrypt|decrypt/i, 'it is encrypted: serve a copy without encryption'],
  [
    /WAL was created for an? (older|different)|WAL file .*different database|WAL does not match/i,
    'the write-ahead log beside it is of another version of it: if an import into it was killed, import again; else bring its own log back',
  ],
  [/Corrupt WAL/i, `the write-ahead log beside it is corrupt: ${UNDAMAGED}`],
  [
    /write-ahead|\bWAL\b|Could not write file|replay/i,
    'it has a write-ahead log that only a writer can replay: open it once with DuckDB and its spatial extension, run CHECKPOINT and close it; or import into it',
  ],
  [
    /magic bytes|Parquet magic|footer length/i,
    `it has no Parquet footer: it is cut short, or still being written; ${COPY_AGAIN}`,
  ],
  [
    /newer.*version|storage version|version number/i,
    'it was written by another version of DuckDB: export it with that one, or serve it as GeoParquet',
  ],
  [/Could not read enough bytes|reached the end of file/i, `it is cut short: ${COPY_AGAIN}`],
  [/checksum/i, `it is corrupt: a checksum does not match; ${UNDAMAGED}`],
  [
    /TProtocolException|don't know what type|invalid TType|thrift/i,
    `it is corrupt: its Parquet metadata cannot be read; ${UNDAMAGED}`,
  ],
  [
    /decompress|out of buffer|dictionary (offset|index|page)|page header|data page|Invalid (string encoding|unicode)|not valid UTF/i,
    `it is corrupt: a part of its data cannot be read; ${UNDAMAGED}`,
  ],
  [/Geoparquet (column|metadata)/i, `its GeoParquet metadata is not as the specification says: ${WRITE_AGAIN}`],
  [/at least one non-root column/i, `it has no columns: ${WRITE_AGAIN}`],
  [/st_geomfromwkb\(/i, `its geometry column holds no binary values: ${WRITE_AGAIN}`],
  [/Unsupported geometry type in WKB|WKB type .* is not supported/i, CURVES],
  [/^Out of Memory Error/i, 'it needs more memory than the process that reads it may use: split it into smaller files'],
  [
    /^Permission Error|Cannot open file|No such file|Permission denied/i,
    'it cannot be opened: it is gone, or its permissions forbid it; bring it back, or let the server read it',
  ],
]

export const UNKNOWN =
  'it is corrupt, or in a form that is not known: write it again with a current program; the log has the cause'

/**
 * Reasons in our own words begin like this, unless they are a SourceError. No message of the engine, of GDAL, SQLite or Node begins so.
 */
const OURS = /^(?:its?|not every) /

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

const isOurs = (error: unknown): boolean => error instanceof SourceError || OURS.test(messageOf(error))

export function reasonOf(error: unknown): string {
  const message = messageOf(error)
  if (isOurs(error)) return message
  return REASONS.find(([symptom]) => symptom.test(message))?.[1] ?? UNKNOWN
}

/** Errors after which the instance is dead, and the process with it. */
function isFatal(error: unknown): boolean {
  return error instanceof Error && /^(INTERNAL|FATAL) Error:/.test(error.message)
}

/**
 * Returns the answer of a process that can continue, or whose failure was not the fault of its source, such as a full disk. `cause`
 * is for the log.
 *
 * @throws the error otherwise
 */
export function failureOf(error: unknown): { readonly failure: string; readonly cause: string | null; readonly isOver: boolean } {
  const isOver = isFatal(error)
  const failure = reasonOf(error)
  if (isOver && failure !== DISK_FULL) throw error
  return { failure, cause: isOurs(error) ? null : messageOf(error), isOver }
}
