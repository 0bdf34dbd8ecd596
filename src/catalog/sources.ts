/**
 * From the PATH arguments to sources.
 *
 * | argument | layers |
 * | --- | --- |
 * | a Parquet file | one |
 * | a DuckDB database | one a table with a geometry column |
 * | a file of another format | one; of a GeoPackage, one a table of features. It is turned into GeoParquet first |
 * | a folder | one a file directly in it, and those of its databases; sub-folders are not looked into |
 * | a folder whose Parquet files are all `part-...` or `data_...` parts, as engines write a data set | one, of the folder's name |
 * | a glob pattern | one over all its Parquet files, in the order of their paths; and those of its other files |
 */
import { glob, readdir, realpath, stat } from 'node:fs/promises'
import path from 'node:path'
import { withoutWildcards } from '../engines/duckdb/host/files.ts'
import { type Format, filesOfFormat } from '../engines/duckdb/host/format.ts'
import type { Problem } from '../model/layer.ts'
import { type FileKind, fileKind, UNKNOWN_FORMAT } from './file-kind.ts'

export type Source = ParquetSource | DatabaseSource

export interface ParquetSource {
  readonly kind: 'parquet'
  /** What it is called in problems: the file's, folder's or pattern's name. */
  readonly label: string
  /** Wishes for the layer's name, shortest first. */
  readonly names: readonly string[]
  /** Real paths, in natural order. */
  readonly files: readonly string[]
  /** Of the source that the file is a copy of; left out: it is no copy. */
  readonly fingerprint?: string
}

export interface DatabaseSource {
  readonly kind: 'database'
  readonly label: string
  readonly names: readonly string[]
  readonly file: string
}

/** A file that is served by a copy of it in GeoParquet. */
export interface ForeignSource {
  readonly format: Format
  readonly label: string
  readonly names: readonly string[]
  readonly file: string
  /** With the parts that belong to it. */
  readonly files: readonly string[]
}

/** Every file of a source: a database's write-ahead log, too, which may come and go. */
export function filesOf(source: Source): readonly string[] {
  return source.kind === 'parquet' ? source.files : [source.file, `${source.file}.wal`]
}

/**
 * What the engine's `allowed_paths` must hold for it to read them. A Parquet file's wildcards are written in brackets, lest they match
 * other files, and the engine wants to be allowed that text as well.
 */
export function allowedPathsOf(source: Source): readonly string[] {
  return [...new Set(filesOf(source).flatMap((file) => [file, withoutWildcards(file)]))]
}

/** The same for the same files, whoever names them. */
export function identityOf(source: Source | ForeignSource): string {
  return 'kind' in source && source.kind === 'parquet' ? source.files.join('\n') : source.file
}

/** Whether it is to be matched against files; one that is a file's own name is not. */
export const isPattern = (argument: string): boolean => MAGIC.test(argument)

export const isRemote = (argument: string): boolean => REMOTE.test(argument)

interface Found {
  readonly sources: Source[]
  readonly foreign: ForeignSource[]
  readonly problems: Problem[]
}

const MAGIC = /[*?[\]{}]/
const REMOTE = /^[a-z][a-z0-9+.-]+:\/\//i
const PART = /^(part|data)[-_.]?\d/i

/** Each file is served once, by the first argument that names it. Nothing throws: what cannot be served is a problem. */
export async function expandSources(paths: readonly string[]): Promise<Found> {
  const all: Found = { sources: [], foreign: [], problems: [] }
  const taken = new Set<string>()
  for (const argument of paths) {
    const found = await expand(argument).catch(() =>
      problem(path.basename(argument), 'it cannot be read: it is gone, or forbidden'),
    )
    all.problems.push(...found.problems)
    for (const source of found.sources) {
      if (!taken.has(identityOf(source))) all.sources.push(source)
      taken.add(identityOf(source))
    }
    for (const source of found.foreign) {
      if (!taken.has(identityOf(source))) all.foreign.push(source)
      taken.add(identityOf(source))
    }
  }
  return all
}

async function expand(argument: string): Promise<Found> {
  const label = path.basename(argument) || argument
  if (isRemote(argument)) return problem(label, 'only files of this machine can be served: download it first')
  const known = await stat(argument).catch(() => null)
  if (known?.isDirectory()) return await folder(argument)
  if (known?.isFile()) return await named(await realpath(argument), await fileKind(argument))
  if (known) return problem(label, 'it is neither a file nor a folder')
  if (isPattern(argument)) return await pattern(argument, label)
  return problem(label, 'there is no such file or folder')
}

async function named(file: string, kind: FileKind): Promise<Found> {
  const found: Found = { sources: [], foreign: [], problems: [] }
  if (kind.kind === 'parquet')
    return { ...found, sources: [parquet(path.basename(file), [stem(file), withParent(file)], [file])] }
  if (kind.kind === 'duckdb') return { ...found, sources: [database(file)] }
  if (kind.kind === 'foreign') return { ...found, foreign: [await foreign(file, kind.format)] }
  return problem(path.basename(file), kind.kind === 'unsupported' ? kind.reason : UNKNOWN_FORMAT)
}

async function folder(argument: string): Promise<Found> {
  const root = await realpath(argument)
  const entries = (await readdir(root)).filter((name) => !/^[._]/.test(name)).sort()
  const { files, found } = await sort(
    root,
    entries.map((name) => path.join(root, name)),
  )
  const label = path.basename(root)
  if (files.length > 1 && files.every((file) => PART.test(path.basename(file)))) {
    found.sources.push(parquet(label, [label, withParent(root)], files))
  } else {
    found.sources.unshift(...files.map((file) => parquet(path.basename(file), [stem(file), withParent(file)], [file])))
  }
  if (holdsAny(found)) return found
  return problem(label, 'it holds no file that can be served; sub-folders are not looked into, name them or use a pattern')
}

async function pattern(argument: string, label: string): Promise<Found> {
  const fixed = argument.slice(0, argument.search(MAGIC))
  const base = await realpath(path.resolve(path.dirname(`${fixed}x`))).catch(() => null)
  if (base === null) return problem(label, 'no file matches it')
  const matches = (await Array.fromAsync(glob(argument))).map((match) => path.resolve(match)).sort()
  const { files, found } = await sort(base, matches)
  if (files.length > 0)
    found.sources.unshift(parquet(label, [patternName(argument), withParent(patternName(argument), base)], files))
  return holdsAny(found) ? found : problem(label, 'no file matches it that can be served')
}

/** Parquet files apart, databases as sources; links that lead out of `root` and spatial files of other kinds are problems. */
async function sort(root: string, candidates: readonly string[]): Promise<{ files: string[]; found: Found }> {
  const files: string[] = []
  const found: Found = { sources: [], foreign: [], problems: [] }
  for (const candidate of candidates) {
    const label = path.basename(candidate)
    const file = await realpath(candidate).catch(() => null)
    const isFile = file !== null && (await stat(file)).isFile()
    if (file === null) found.problems.push({ source: label, reason: 'it is a link to nothing' })
    if (!isFile) continue
    const kind = path.relative(root, file).split(path.sep)[0] === '..' ? LEADS_OUT : await fileKind(file)
    if (kind.kind === 'parquet') files.push(file)
    if (kind.kind === 'duckdb') found.sources.push(database(file))
    if (kind.kind === 'foreign') found.foreign.push(await foreign(file, kind.format))
    if (kind.kind === 'unsupported') found.problems.push({ source: label, reason: kind.reason })
  }
  return { files, found }
}

const LEADS_OUT: FileKind = {
  kind: 'unsupported',
  reason: 'it is a link that leads out of its folder: name the file itself to serve it',
}

const parquet = (label: string, names: readonly string[], files: readonly string[]): ParquetSource => ({
  kind: 'parquet',
  label,
  names,
  files,
})

const database = (file: string): DatabaseSource => ({ kind: 'database', label: path.basename(file), names: [stem(file)], file })

const foreign = async (file: string, format: Format): Promise<ForeignSource> => ({
  format,
  label: path.basename(file),
  names: [stem(file), `${stem(file)}_${path.extname(file).slice(1)}`, withParent(file)],
  file,
  files: await filesOfFormat(file, format),
})

const problem = (source: string, reason: string): Found => ({ sources: [], foreign: [], problems: [{ source, reason }] })

const holdsAny = ({ sources, foreign, problems }: Found): boolean => sources.length + foreign.length + problems.length > 0

const stem = (file: string): string => path.parse(file).name

const withParent = (file: string, parent = path.dirname(file)): string => `${path.basename(parent)}_${stem(file)}`

/** `data/roads-*.parquet` and `roads/*.parquet` are both roads; `roads/**` too. */
function patternName(argument: string): string {
  const segments = path.resolve(argument).split(path.sep)
  const first = segments.findIndex((segment) => MAGIC.test(segment))
  const prefix = (segments[first] ?? '').split(MAGIC)[0]?.replace(/[^\p{L}\p{N}]+$/u, '')
  const isFile = first === segments.length - 1
  return (isFile && prefix) || (segments[first - 1] ?? '')
}
