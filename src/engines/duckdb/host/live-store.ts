/** Opens the SQLite database of a live store, and reads it. All values are bound. */
import { randomUUID } from 'node:crypto'
import { DatabaseSync } from 'node:sqlite'
import type { LiveGeneration, LiveState } from '../../../model/live.ts'
import { type UploadedChunk, uploadPrefix } from '../../../model/live-upload.ts'
import { storeFile } from './live-files.ts'
import type { StoreContent } from './live-messages.ts'

const FORMAT = 1

const TABLES = `
  CREATE TABLE store (id TEXT NOT NULL, format INTEGER NOT NULL, version INTEGER NOT NULL);
  CREATE TABLE layers (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, columns TEXT NOT NULL, crs TEXT NOT NULL, created INTEGER NOT NULL,
    version INTEGER NOT NULL, features INTEGER NOT NULL, extent TEXT, types TEXT NOT NULL, forgotten INTEGER NOT NULL
  );
  CREATE TABLE features (
    id INTEGER PRIMARY KEY, layer INTEGER NOT NULL, key TEXT NOT NULL, properties TEXT NOT NULL, geometry BLOB
  );
  CREATE UNIQUE INDEX features_by_key ON features (layer, key);
  CREATE TABLE changes (
    id INTEGER PRIMARY KEY, layer INTEGER NOT NULL, version INTEGER NOT NULL, at INTEGER NOT NULL, key TEXT NOT NULL,
    properties_before TEXT, geometry_before BLOB, properties_after TEXT, geometry_after BLOB
  );
  CREATE INDEX changes_by_version ON changes (layer, version);
  CREATE TABLE mutations (key TEXT PRIMARY KEY, at INTEGER NOT NULL, digest BLOB NOT NULL, answer TEXT NOT NULL) WITHOUT ROWID;
  CREATE INDEX mutations_by_time ON mutations (at);
  CREATE TABLE bases (
    id INTEGER PRIMARY KEY AUTOINCREMENT, layer INTEGER NOT NULL, version INTEGER NOT NULL, slot INTEGER NOT NULL UNIQUE,
    rows INTEGER NOT NULL
  );
`

/** Opens the store for its only writer, and makes it if there is none. */
export function openForWriting(directory: string): DatabaseSync {
  const database = new DatabaseSync(storeFile(directory))
  // FULL: a commit is on the disk before it is acknowledged.
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 10000')
  if (database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'store'").get() === undefined) {
    database.exec(`BEGIN IMMEDIATE; ${TABLES}`)
    database.prepare('INSERT INTO store VALUES (?, ?, 0)').run(randomUUID(), FORMAT)
    database.exec('COMMIT')
  }
  checkFormat(database)
  return database
}

function checkFormat(database: DatabaseSync): void {
  const { format } = database.prepare('SELECT format FROM store').get() as { format: number }
  if (format !== FORMAT) throw new Error(`the store has format ${format}, and this version of geoduck reads ${FORMAT}`)
}

/** Returns what a server needs of the store. @throws Error if the store has another format */
export function contentOf(database: DatabaseSync): StoreContent {
  const state = stateOf(database)
  const changes = state.layers.map((layer) => {
    const since = Math.max(0, ...state.bases.filter((base) => base.layer === layer.id).map(({ version }) => version))
    return changesSince(database, layer.id, since)
  })
  return { ...state, changes }
}

/** Makes a copy of a store another store: its cursors and tokens are not those of the original. */
export function giveNewId(directory: string): void {
  const database = openForWriting(directory)
  database.prepare('UPDATE store SET id = ?').run(randomUUID())
  database.close()
}

/** Opens the store to read. Each statement sees the latest commit. */
export function openForReading(directory: string): DatabaseSync {
  const database = new DatabaseSync(storeFile(directory), { readOnly: true })
  database.exec('PRAGMA busy_timeout = 10000; PRAGMA query_only = true')
  return database
}

interface LayerRow extends Omit<LiveState, 'columns' | 'extent' | 'types'> {
  readonly columns: string
  readonly extent: string | null
  readonly types: string
}

export function layersIn(database: DatabaseSync): readonly LiveState[] {
  return (database.prepare('SELECT * FROM layers').all() as unknown as LayerRow[]).map((row) => ({
    ...row,
    columns: JSON.parse(row.columns),
    extent: row.extent === null ? null : JSON.parse(row.extent),
    types: JSON.parse(row.types),
  }))
}

export function basesIn(database: DatabaseSync): readonly LiveGeneration[] {
  return database.prepare('SELECT id, layer, version, slot, rows FROM bases').all() as unknown as LiveGeneration[]
}

/** Returns the state of the store at one commit. @throws Error if the store has another format */
export function stateOf(database: DatabaseSync): Omit<StoreContent, 'changes'> {
  database.exec('BEGIN')
  try {
    checkFormat(database)
    const { id, version } = database.prepare('SELECT id, version FROM store').get() as { id: string; version: number }
    return { store: id, version, layers: layersIn(database), bases: basesIn(database) }
  } finally {
    database.exec('COMMIT')
  }
}

/** Returns a number that changes with each commit of another connection. */
export function commitsSeen(database: DatabaseSync): number {
  return (database.prepare('PRAGMA data_version').get() as { data_version: number }).data_version
}

/** The number of changes of a layer after a version. */
export function changesSince(database: DatabaseSync, layer: number, version: number): number {
  const count = database.prepare('SELECT count(*) AS changes FROM changes WHERE layer = ? AND version > ?')
  return (count.get(layer, version) as { changes: number }).changes
}

/** Returns the chunks of an upload that are committed, the first one first. */
export function chunksIn(database: DatabaseSync, layer: string, upload: string): readonly UploadedChunk[] {
  const prefix = uploadPrefix(layer, upload)
  const statement = database.prepare('SELECT key, digest, answer FROM mutations WHERE key >= ? AND key < ? ORDER BY key')
  // Its keys end with digits, and `:` follows on `9`.
  const rows = statement.all(prefix, `${prefix}:`) as unknown as { key: string; digest: Uint8Array; answer: string }[]
  return rows.map(({ key, digest, answer }) => {
    const { version } = JSON.parse(answer) as { version: number }
    return { end: Number(key.slice(prefix.length)), version, digest }
  })
}

/** The last version after `from` up to which a layer has at most `most` changes. If the next version has more, that one. Infinity: all of them. */
export function lastWithin(database: DatabaseSync, layer: number, from: number, most: number): number {
  const versions = database.prepare(
    'SELECT version FROM changes WHERE layer = ? AND version > ? ORDER BY version LIMIT 1 OFFSET ?',
  )
  const versionAt = (offset: number) => (versions.get(layer, from, offset) as { version: number } | undefined)?.version
  const beyond = versionAt(most)
  return beyond === undefined ? Number.POSITIVE_INFINITY : Math.max(beyond - 1, versionAt(0)!)
}

/** The first version after `from` at which a layer changed. Infinity: it has not changed since. */
export function nextChange(database: DatabaseSync, layer: number, from: number): number {
  const versions = database.prepare('SELECT min(version) AS next FROM changes WHERE layer = ? AND version > ?')
  return (versions.get(layer, from) as { next: number | null }).next ?? Number.POSITIVE_INFINITY
}
