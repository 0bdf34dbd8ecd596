/** Makes a relation of the rows of a CSV file. All its columns are text, so that nobody has changed a value yet. */
import { open } from 'node:fs/promises'
import type { DuckDBConnection } from '@duckdb/node-api'
import { fileList, identifier, literal } from '../../dialect/quote.ts'
import { type CsvHead, csvHeads, type Encoding, encodingOf } from '../../host/csv-head.ts'
import { rowsOf } from '../inspect/rows.ts'
import { type Count, type CsvText, eachRecord, lineOf, type Scan, scanCsv } from './csv-file.ts'

export interface CsvRows {
  readonly text: CsvText
  /** The text after FROM. An empty field is null, and is an empty text if it has quotes. */
  readonly from: string
  /** Names that differ also without regard to case. The columns without a name are the last ones. */
  readonly names: readonly string[]
  /** The number of columns that the header names. */
  readonly named: number
  readonly problems: readonly string[]
}

const HEAD_BYTES = 2 ** 20
/** A line with more fields than this beyond the header is no line with a few too many. */
const MOST_UNNAMED = 100
/** The engine's limit of a line, unless it is raised. */
const LINE_BYTES = 2_000_000
/** The rows of a file that the engine cannot read. Each file replaces those of the one before. */
const TABLE = 'csv_rows'
/** The encoding of text that is not UTF-8. Every byte is a character of it. */
const FALLBACK = 'windows-1252'

/** @throws Error that names the fault */
export async function csvRows(connection: DuckDBConnection, file: string): Promise<CsvRows> {
  const { text, scan } = await openCsv(file)
  const { head } = text
  const named = head.names.length
  if (scan.open !== null) {
    throw new Error(
      `its line ${await lineOf(text, scan.open)} opens a quote that is never closed: it is cut short, or a quote is missing`,
    )
  }
  if (scan.mostFields > named + MOST_UNNAMED) {
    const line = await lineOf(text, scan.long.first)
    throw new Error(
      `its line ${line} has ${scan.long.fields} fields, and its header names ${named}: mend the header or the lines`,
    )
  }
  const names = uniqueNames([...head.names, ...Array.from({ length: Math.max(0, scan.mostFields - named) }, () => '')])
  const isEngines =
    scan.isStrict && text.encoding === 'utf-8' && (await isReadByEngine(connection, readCsv(text, scan, names), scan))
  if (!isEngines) await load(connection, text, names)
  return {
    ...{ text, names, named },
    from: isEngines ? readCsv(text, scan, names) : `temp.${TABLE}`,
    problems: await problemsOf(text, scan, names),
  }
}

/** Chooses the first dialect in which every line has as many fields as the header, or else the most likely one. */
async function openCsv(file: string): Promise<{ readonly text: CsvText; readonly scan: Scan }> {
  const start = await startOf(file)
  const encoding = encodingOf(start)
  let chosen: { readonly text: CsvText; readonly scan: Scan } | null = null
  for (const head of headsOf(start, encoding)) {
    const text = { file, encoding, head }
    const scan = await scanCsv(text)
    const fits = !scan.hasFaults && (!chosen || scan.hasQuotes || head.dialect.quote === chosen.text.head.dialect.quote)
    if (!chosen || fits) chosen = { text, scan }
    if (fits) break
  }
  const { text, scan } = chosen as NonNullable<typeof chosen>
  if (scan.isUtf8) return { text, scan }
  const { delimiter, quote, escaping } = text.head.dialect
  const isSame = ({ dialect }: CsvHead) =>
    dialect.delimiter === delimiter && dialect.quote === quote && dialect.escaping === escaping
  const head = headsOf(start, FALLBACK).find(isSame) ?? text.head
  return { text: { file, encoding: FALLBACK, head }, scan }
}

function headsOf(start: Buffer, encoding: Encoding): readonly CsvHead[] {
  const heads = csvHeads(start, encoding)
  if (typeof heads === 'string') throw new Error(heads)
  return heads
}

async function startOf(file: string): Promise<Buffer> {
  const handle = await open(file)
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0)
    return buffer.subarray(0, bytesRead)
  } finally {
    await handle.close()
  }
}

/** A column without a name has its number, from 0. A name that another column has gets a number after it. */
function uniqueNames(names: readonly string[]): string[] {
  const taken = new Set<string>()
  const digits = String(names.length - 1).length
  return names.map((name, index) => {
    const wished = name === '' ? `column${String(index).padStart(digits, '0')}` : name
    let free = wished
    for (let n = 1; taken.has(free.toLowerCase()); n++) free = `${wished}_${n}`
    taken.add(free.toLowerCase())
    return free
  })
}

/** Reads about 1 GB per second and core, which our own reader does not. */
function readCsv({ file, head }: CsvText, { longest }: Scan, names: readonly string[]): string {
  const columns = names.map((name) => `${literal(name)}: 'VARCHAR'`).join(', ')
  const limit = longest < LINE_BYTES ? '' : `, max_line_size = ${longest + 1}, buffer_size = ${2 * longest + 2}`
  const dialect = `delim = ${literal(head.dialect.delimiter)}, quote = '"', escape = '"'`
  return `read_csv(${fileList([file])}, auto_detect = false, header = true, columns = {${columns}}, ${dialect}, allow_quoted_nulls = false${limit})`
}

/** Proves that the engine finds the same number of rows. */
async function isReadByEngine(connection: DuckDBConnection, from: string, { records }: Scan): Promise<boolean> {
  try {
    const [row] = await rowsOf(connection, `SELECT count(*) AS n FROM ${from}`)
    return Number(row?.['n']) === records
  } catch {
    return false
  }
}

/** Reads the rows into a table, at 20 MB per second. */
async function load(connection: DuckDBConnection, text: CsvText, names: readonly string[]): Promise<void> {
  const columns = names.map((name) => `${identifier(name)} VARCHAR`).join(', ')
  await connection.run(`CREATE OR REPLACE TEMP TABLE ${TABLE} (${columns})`)
  const appender = await connection.createAppender(TABLE, 'main', 'temp')
  let isHeader = true
  try {
    await eachRecord(text, {
      record: (cutter, bytes) => {
        if (isHeader) {
          isHeader = false
          return
        }
        for (let index = 0; index < names.length; index++) {
          const value = index < cutter.fields ? cutter.value(bytes, index) : null
          if (value === null) appender.appendNull()
          else appender.appendVarchar(value)
        }
        appender.endRow()
      },
    })
    appender.flushSync()
  } finally {
    appender.closeSync()
  }
}

async function problemsOf(text: CsvText, scan: Scan, names: readonly string[]): Promise<string[]> {
  const { short, long, torn } = scan
  const named = text.head.names.length
  const problems: string[] = []
  if (text.encoding === FALLBACK) {
    problems.push('its text is not UTF-8, and is read as Windows-1252: if that is wrong, convert the file to UTF-8')
  }
  if (short.records > 0) {
    problems.push(
      `${await linesOf(text, short)} has ${counted(short.fields, 'field')}, and the header names ${named}: the others are null`,
    )
  }
  if (long.records > 0) {
    problems.push(
      `${await linesOf(text, long)} has ${counted(long.fields, 'field')}, and the header names ${named}: the others are in ${names.slice(named).join(', ')}`,
    )
  }
  if (torn.records > 0) {
    problems.push(`${await linesOf(text, torn)} has text after a closing quote: it is part of the value`)
  }
  return problems
}

/** `its line 3`, or `its line 3, the first of 20 such lines,`. */
async function linesOf(text: CsvText, { records, first }: Count): Promise<string> {
  const line = `its line ${await lineOf(text, first)}`
  return records === 1 ? line : `${line}, the first of ${records} such lines,`
}

const counted = (count: number, what: string) => (count === 1 ? `1 ${what}` : `${count} ${what}s`)
