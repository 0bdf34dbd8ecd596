/** Turns an error of the engine into a reason for clients: its first sentence, without folders and links. */
import { DISK_FULL } from '../../host/source-error.ts'

const FOLDER = /(?:[A-Za-z]:)?(?:[\\/][^\\/"'\n]+)*[\\/](?=[^\\/"'\n])/g

/** Remedies for errors whose message names the fault but not what to do. */
const REMEDIES: readonly (readonly [symptom: RegExp, reason: string])[] = [
  [/No space left on device|Disk full|ENOSPC|EDQUOT|quota exceeded/i, DISK_FULL],
  [/Could not set lock/i, 'another process has it open for writing: close it there, or serve a copy'],
  [
    /WAL was created for an? (older|different)|WAL file .*different database/i,
    'the write-ahead log beside it is of another version of it: if an import into it was killed, import again; else bring its own log back',
  ],
  [
    /write-ahead|\bWAL\b|Could not write file|replay/i,
    'it has a write-ahead log that only a writer can replay: open it once with DuckDB and its spatial extension, run CHECKPOINT and close it; or import into it',
  ],
  [/magic bytes|Parquet magic|footer length/i, 'it has no Parquet footer: it is cut short, or still being written'],
  [
    /newer.*version|storage version|version number/i,
    'it was written by another version of DuckDB: export it with that one, or serve it as GeoParquet',
  ],
  [/Could not read enough bytes/i, 'it is cut short'],
  [/TProtocolException|don't know what type/i, 'its Parquet footer is corrupt'],
  [
    /duplicate column name/i,
    'it has columns with names that differ only in their case, or one column is called geom: rename one of them',
  ],
  [
    /Unsupported geometry type in WKB|WKB type .* is not supported/i,
    'it holds curves or surfaces, which cannot be served: make lines and polygons of them (ogr2ogr -nlt CONVERT_TO_LINEAR)',
  ],
  [/Could not open GDAL dataset/i, 'it cannot be read: it is cut short, corrupt, or lacks a part'],
  [/checksum/i, 'it is corrupt: a checksum does not match'],
]

export function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  const remedy = REMEDIES.find(([symptom]) => symptom.test(message))
  if (remedy) return remedy[1]
  const [line = ''] = message.split('\n')
  return line
    .replace(/https?:\/\/\S+/g, '')
    .replace(/^[A-Za-z ]+ Error: /, '')
    .replace(FOLDER, '')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, 300)
}

/** Errors after which the instance is dead, and the process with it. */
function isFatal(error: unknown): boolean {
  return error instanceof Error && /^(INTERNAL|FATAL) Error:/.test(error.message)
}

/**
 * Returns the answer of a process that can continue, or whose failure was not the fault of its source, such as a full disk.
 * @throws the error otherwise
 */
export function failureOf(error: unknown): { readonly failure: string; readonly isOver: boolean } {
  const isOver = isFatal(error)
  const failure = reasonOf(error)
  if (isOver && failure !== DISK_FULL) throw error
  return { failure, isOver }
}
