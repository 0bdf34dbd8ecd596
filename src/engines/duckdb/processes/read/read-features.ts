/** Reads a file's features into a table of the staging database. To append a row of five values takes 1.5 us. */
import { setImmediate } from 'node:timers/promises'
import {
  BIGINT,
  DOUBLE,
  type DuckDBAppender,
  type DuckDBConnection,
  DuckDBDecimalValue,
  LIST,
  listValue,
  VARCHAR,
} from '@duckdb/node-api'
import { identifier, literal } from '../../dialect/quote.ts'
import { STAGING } from '../prepare/engine.ts'
import type { FileRelation } from '../prepare/file-relation.ts'
import { freeName, geometryName } from '../prepare/geometry-name.ts'
import { resolveCrs } from './crs-of-wkt.ts'
import { momentTypes } from './moments.ts'
import type { FeatureReader, ReadColumn, ReadType, ReadValue } from './reader.ts'

/** Rows between two turns of the event loop, in which progress is reported. */
const ROWS_PER_TURN = 4_096
const TABLE = `${identifier(STAGING)}.main.read_features`
const GEOMETRY = 'g'

/** Receives the number of features that are read so far, and of all features if that is known. */
export type OnProgress = (rows: number, total: number | null) => void

/**
 * Reads all features of `reader`, and returns them as a relation. It is valid until the next call.
 *
 * @param folder for files that exist only while this runs
 * @throws Error with the reason why the file is not whole; Error of the engine
 */
export async function readFeatures(
  connection: DuckDBConnection,
  reader: FeatureReader,
  folder: string,
  onProgress: OnProgress,
): Promise<FileRelation> {
  const { columns } = reader
  const { crs, problems } = await resolveCrs(connection, reader.crs, folder)
  const stored = [...columns.map(({ type }, index) => `c${index} ${type}`), `${GEOMETRY} BLOB`]
  await connection.run(`CREATE OR REPLACE TABLE ${TABLE} (${stored.join(', ')})`)
  const appender = await connection.createAppender('read_features', 'main', STAGING)
  try {
    await appendAll(appender, reader, onProgress)
  } finally {
    appender.closeSync()
  }
  const moments = columns.flatMap(({ isMoment }, index) => (isMoment ? [index] : []))
  const types = await momentTypes(
    connection,
    TABLE,
    moments.map((index) => `c${index}`),
  )
  const { names, problems: renamed } = columnNames(columns)
  const typed = columns.map(({ type }, index) => {
    const moment = moments.indexOf(index)
    return { name: names[index]!, type: moment < 0 ? type : types[moment]! }
  })
  const name = reader.geometryName === null ? geometryName(names) : freeName([reader.geometryName], names)
  const selected = typed.map(({ name, type }, index) => `CAST(c${index} AS ${type}) AS ${identifier(name)}`)
  if (!reader.isTable) selected.push(`ST_SetCRS(ST_GeomFromWKB(${GEOMETRY}), ${literal(crs)}) AS ${identifier(name)}`)
  return {
    from: `(SELECT ${selected.join(', ')} FROM ${TABLE})`,
    columns: typed,
    geometryColumn: reader.isTable ? null : name,
    crs,
    problems: [...reader.problems(), ...problems, ...renamed],
  }
}

/** Frees the disk space of the features. */
export async function clearFeatures(connection: DuckDBConnection): Promise<void> {
  await connection.run(`DROP TABLE IF EXISTS ${TABLE}`)
}

async function appendAll(appender: DuckDBAppender, reader: FeatureReader, onProgress: OnProgress): Promise<void> {
  const write = reader.columns.map(({ type }) => writerOf(type))
  let rows = 0
  for (const { values, wkb } of reader.features()) {
    for (const [index, append] of write.entries()) {
      const value = values[index]
      if (value === null || value === undefined) appender.appendNull()
      else append(appender, value)
    }
    if (wkb === null) appender.appendNull()
    else appender.appendBlob(wkb)
    appender.endRow()
    if (++rows % ROWS_PER_TURN > 0) continue
    onProgress(rows, reader.total)
    await setImmediate()
  }
  appender.flushSync()
}

type Write = (appender: DuckDBAppender, value: NonNullable<ReadValue>) => void

const WRITERS: Readonly<Record<string, Write>> = {
  BOOLEAN: (to, value) => to.appendBoolean(value as boolean),
  TINYINT: (to, value) => to.appendTinyInt(value as number),
  UTINYINT: (to, value) => to.appendUTinyInt(value as number),
  SMALLINT: (to, value) => to.appendSmallInt(value as number),
  USMALLINT: (to, value) => to.appendUSmallInt(value as number),
  INTEGER: (to, value) => to.appendInteger(Number(value)),
  UINTEGER: (to, value) => to.appendUInteger(value as number),
  BIGINT: (to, value) => to.appendBigInt(BigInt(value as bigint | number)),
  UBIGINT: (to, value) => to.appendUBigInt(BigInt(value as bigint | number)),
  FLOAT: (to, value) => to.appendFloat(value as number),
  DOUBLE: (to, value) => to.appendDouble(Number(value)),
  VARCHAR: (to, value) => to.appendVarchar(value as string),
  BLOB: (to, value) => to.appendBlob(value as Uint8Array),
  'BIGINT[]': (to, value) =>
    to.appendList(
      listValue((value as readonly (bigint | number | null)[]).map((item) => (item === null ? null : BigInt(item)))),
      LIST(BIGINT),
    ),
  'DOUBLE[]': (to, value) =>
    to.appendList(
      listValue((value as readonly (bigint | number | null)[]).map((item) => (item === null ? null : Number(item)))),
      LIST(DOUBLE),
    ),
  'VARCHAR[]': (to, value) => to.appendList(listValue(value as readonly (string | null)[]), LIST(VARCHAR)),
}

function writerOf(type: ReadType): Write {
  const decimal = /^DECIMAL\((\d+),(\d+)\)$/.exec(type)
  if (!decimal) return WRITERS[type]!
  const [width, scale] = [Number(decimal[1]), Number(decimal[2])]
  return (to, value) => to.appendDecimal(new DuckDBDecimalValue(BigInt(value as bigint), width, scale))
}

/** The engine's names are not empty, have no NUL, and are case-insensitive. A name that is not free gets a number. */
function columnNames(columns: readonly ReadColumn[]): {
  readonly names: readonly string[]
  readonly problems: readonly string[]
} {
  const names: string[] = []
  const problems: string[] = []
  const given = new Set(columns.map(({ name }) => name.toLowerCase()))
  for (const { name } of columns) {
    const wish = name.replaceAll('\0', '') || 'unnamed'
    const taken = new Set(names.map((one) => one.toLowerCase()))
    let chosen = wish
    for (let n = 2; taken.has(chosen.toLowerCase()) || (chosen !== name && given.has(chosen.toLowerCase())); n++)
      chosen = `${wish}_${n}`
    names.push(chosen)
    if (chosen !== name)
      problems.push(`its column ${JSON.stringify(name)} is called ${chosen}: names are not empty, and differ by more than case`)
  }
  return { names, problems }
}
