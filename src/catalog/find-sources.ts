/**
 * Finds sources from the PATH arguments and the configured layers.
 *
 * - A Parquet file is one layer.
 * - A DuckDB database is one layer per table with a geometry column.
 * - A file of another format is one layer; a GeoPackage is one per table of features. It is copied to GeoParquet first.
 * - The address of a GeoParquet object (http, https or s3) is one layer, and so is a pattern or a folder of s3.
 * - A folder is one layer per file directly in it, and the layers of its databases. Sub-folders are ignored.
 * - A folder whose Parquet files are all `part-...` or `data_...`, as engines write a data set, is one layer with the folder's name.
 * - A glob pattern is one layer over all its Parquet files, in the order of their paths, and the layers of its other files.
 */
import { readdir, realpath, stat } from 'node:fs/promises'
import path from 'node:path'
import { filesOfFormat } from '../engines/duckdb/host/format.ts'
import { SourceError } from '../engines/duckdb/host/source-error.ts'
import type { Problem } from '../model/layer.ts'
import { isObject, objectAddress, remoteReason, shownPath } from '../model/remote-source.ts'
import { type FileKind, fileKind, type SourceFormat, UNKNOWN_FORMAT } from './file-kind.ts'
import type { LayerOptions, TableGeometry } from './layer-options.ts'
import { sourceNames } from './names.ts'
import { localStore } from './stores/local-store.ts'
import { type OpenStores, openStores } from './stores/store.ts'

/** The location of a source, and its format by the first bytes of its files. */
export interface FoundSource {
  readonly format: SourceFormat
  /** The name of the file, folder or pattern. */
  readonly label: string
  /** The names that its layer may have, the shortest first. */
  readonly names: readonly string[]
  /** Real paths: the files of a data set in natural order, otherwise the file and the parts that belong to it. */
  readonly files: readonly string[]
  /** True if a copy of its objects is kept on this machine. */
  readonly isMirrored?: boolean
  /** The engine that gathers its rows. */
  readonly gathering?: FoundGathering
}

export interface FoundGathering {
  readonly engine: string
  /** The column of the key. */
  readonly key: string
  /** A table of the engine, instead of files. */
  readonly table?: { readonly name: string; readonly geometry: TableGeometry | null }
}

/** A source with the options of its layers. */
export interface RequestedSource {
  readonly found: FoundSource
  /** Options of its layers, in the order of the configuration. */
  readonly layers: readonly LayerOptions[]
  /** True if parts without a configured layer are layers too. */
  readonly plain: boolean
}

interface Found {
  readonly sources: FoundSource[]
  readonly problems: Problem[]
}

const MAGIC = /[*?[\]{}]/
const PART = /^(part|data)[-_.]?\d/i

/** The same key for the same files, for every argument that names them. */
export const keyOf = ({ format, files, isMirrored = false, gathering }: FoundSource): string =>
  [
    format,
    isMirrored,
    ...(gathering ? [JSON.stringify(gathering)] : []),
    ...(format === 'Parquet' ? files : files.slice(0, 1)),
  ].join('\n')

/** Configured layers replace those that the same files would give. It never throws: what cannot be served is a problem. */
export async function requestedSources(
  paths: readonly string[],
  layers: readonly LayerOptions[],
  stores: OpenStores,
  mirrors: readonly string[] = [],
): Promise<{ readonly wanted: readonly RequestedSource[]; readonly problems: readonly Problem[] }> {
  const wanted = new Map<string, RequestedSource>()
  const problems: Problem[] = []
  for (const layer of layers) {
    const found = layer.path === undefined ? tableOf(layer) : await expandSources([layer.path], stores)
    problems.push(...found.problems.map(({ source, reason }) => ({ source, reason: `layer ${layer.name}: ${reason}` })))
    const [first, ...more] = found.sources
    if (!first) continue
    if (more.length > 0) {
      const reason = `layer ${layer.name}: its path holds ${more.length + 1} sources: name one of them, or use a pattern`
      problems.push({ source: layer.path!.replace(/^.*[\\/](?=.)/, ''), reason })
      continue
    }
    const { engine, key, path, table, geometry = null } = layer
    if (engine !== undefined && first.format !== 'Parquet') {
      problems.push({ source: first.label, reason: `layer ${layer.name}: an engine reads Parquet, and this is ${first.format}` })
      continue
    }
    const ofTable = path === undefined && table !== undefined && { table: { name: table, geometry } }
    const source = engine !== undefined && key !== undefined ? { ...first, gathering: { engine, key, ...ofTable } } : first
    const known = wanted.get(keyOf(source))
    wanted.set(keyOf(source), { found: known?.found ?? source, layers: [...(known?.layers ?? []), layer], plain: false })
  }
  const parquetFiles = ({ format, files }: FoundSource) => (format === 'Parquet' ? files : [])
  const taken = new Set([...wanted.values()].flatMap(({ found }) => parquetFiles(found)))
  const plain = await expandSources(paths, stores, mirrors)
  for (const found of plain.sources) {
    const known = wanted.get(keyOf(found)) ?? { found, layers: [] }
    if (found.format === 'Parquet' && found.files.every((file) => taken.has(file))) continue
    wanted.set(keyOf(found), { ...known, plain: true })
  }
  return { wanted: [...wanted.values()], problems: [...problems, ...plain.problems] }
}

/**
 * Each file is served once, by the first argument that names it. It never throws: what cannot be served is a problem.
 *
 * @param mirrors those of the paths of whose objects a copy is kept
 */
export async function expandSources(
  paths: readonly string[],
  stores: OpenStores,
  mirrors: readonly string[] = [],
): Promise<Found> {
  const sources = new Map<string, FoundSource>()
  const problems: Problem[] = []
  for (const argument of paths) {
    const found = await expand(argument, stores).catch((error: unknown) =>
      problem(
        path.basename(argument),
        error instanceof SourceError ? error.message : 'it cannot be read: it is gone, or forbidden',
      ),
    )
    problems.push(...found.problems)
    for (const one of found.sources) {
      const source = mirrors.includes(argument) ? { ...one, isMirrored: true } : one
      if (!sources.has(keyOf(source))) sources.set(keyOf(source), source)
    }
  }
  return { sources: [...sources.values()], problems }
}

/**
 * Returns the reasons why none of the paths can be served, if that shows without a look into them: they do not exist, or are no files
 * of this machine. Otherwise null.
 */
export async function nothingThere(paths: readonly string[]): Promise<readonly Problem[] | null> {
  for (const argument of paths) {
    if (isObject(argument)) return null
    const isThere = remoteReason(argument) === null && (MAGIC.test(argument) || (await stat(argument).catch(() => null)))
    if (isThere) return null
  }
  return (await expandSources(paths, openStores())).problems
}

/** Lists every file that the arguments contain or may contain later, including the parts of a Shapefile. It opens no file. */
export async function candidateFiles(paths: readonly string[], stores: OpenStores): Promise<Set<string>> {
  const files = new Set<string>()
  for (const argument of paths) for (const file of await candidates(argument, stores).catch(() => [argument])) files.add(file)
  for (const file of [...files]) {
    if (path.extname(file).toLowerCase() !== '.shp') continue
    for (const part of await filesOfFormat(file, 'Shapefile').catch(() => [])) files.add(part)
  }
  return files
}

async function candidates(argument: string, stores: OpenStores): Promise<readonly string[]> {
  if (/^s3:/i.test(argument)) return await listedObjects(argument, stores)
  if (remoteReason(argument) !== null) return []
  const known = await stat(argument).catch(() => null)
  if (known?.isDirectory()) return (await readdir(argument)).map((name) => path.join(argument, name))
  if (!known && MAGIC.test(argument)) return await localStore.list(argument)
  return [argument]
}

async function expand(argument: string, stores: OpenStores): Promise<Found> {
  if (/^s3:/i.test(argument) && isObject(argument)) return await inStore(argument, stores)
  if (isObject(argument)) return object(argument)
  const remote = remoteReason(argument)
  if (remote !== null) return problem(shownPath(argument), remote)
  const label = path.basename(argument) || argument
  const known = await stat(argument).catch(() => null)
  if (known?.isDirectory()) return await folder(argument)
  if (known?.isFile()) return await named(await realpath(argument), await fileKind(argument))
  if (known) return problem(label, 'it is neither a file nor a folder')
  if (MAGIC.test(argument)) return await pattern(argument, label)
  return problem(label, 'there is no such file or folder')
}

/** A table of an engine has no files that this machine sees. */
function tableOf({ table = '' }: LayerOptions): Found {
  return { sources: [{ format: 'Parquet', label: table, names: [table], files: [] }], problems: [] }
}

async function named(file: string, kind: FileKind): Promise<Found> {
  if (kind.kind === 'source') return { sources: [await ofFile(file, kind.format, path.dirname(file))], problems: [] }
  return problem(path.basename(file), kind.kind === 'unsupported' ? kind.reason : UNKNOWN_FORMAT)
}

/** The first look checks whether the object is there, and what it is. */
function object(argument: string): Found {
  const url = new URL(argument)
  url.hash = ''
  const { href, host, pathname, username, password } = url
  const place = decoded(pathname)
  const { base, name, ext, dir } = path.posix.parse(place)
  const label = base || host
  if (username || password) return problem(label, 'its address holds a name or a password, which are not sent: leave them out')
  if (MAGIC.test(place))
    return problem(label, 'an address of the web is no pattern, because nothing lists what is there: name each object')
  const within = { stem: name || host, ending: ext.slice(1), folder: `${host}${dir}`, within: `${host}${place}`, whole: href }
  return {
    sources: [{ format: 'Parquet', label, names: sourceNames({ ...within, isLongByFolder: true }), files: [href] }],
    problems: [],
  }
}

/** An address of S3 has its key unchanged, not encoded. A pattern, and a folder, are one layer. */
async function inStore(argument: string, stores: OpenStores): Promise<Found> {
  const [, bucket = '', key = ''] = /^s3:\/\/([^/]+)\/?(.*)$/i.exec(argument) ?? []
  const whole = `/${bucket}/${key}`
  const label = path.posix.basename(whole)
  const files = await listedObjects(argument, stores)
  if (key !== '' && !key.endsWith('/') && !MAGIC.test(key)) return object(objectAddress(bucket, key))
  if (files.length === 0) return problem(label, 'no object matches it')
  const fixed = path.posix.dirname(`${whole.slice(0, whole.search(/$|[*?[\]{}]/))}x`)
  const name = MAGIC.test(key) ? patternName(whole) : label
  const names = namesOfSet(name, path.posix.dirname(fixed), path.posix.relative(path.posix.dirname(fixed), whole), argument)
  return { sources: [{ format: 'Parquet', label, names, files }], problems: [] }
}

/** Returns the objects of a pattern or folder of S3. */
async function listedObjects(argument: string, stores: OpenStores): Promise<readonly string[]> {
  return argument.endsWith('/') || MAGIC.test(argument) ? await (await stores()).list(argument) : []
}

/** An address may have an escape that is none. */
function decoded(pathname: string): string {
  try {
    return decodeURIComponent(pathname)
  } catch {
    return pathname
  }
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
    found.sources.push({ format: 'Parquet', label, names: namesOfSet(label, path.dirname(root), label, root), files })
  } else {
    found.sources.unshift(...(await Promise.all(files.map((file) => ofFile(file, 'Parquet', root)))))
  }
  if (holdsAny(found)) return found
  return problem(label, 'it holds no file that can be served; sub-folders are not looked into, name them or use a pattern')
}

async function pattern(argument: string, label: string): Promise<Found> {
  const fixed = argument.slice(0, argument.search(MAGIC))
  const base = await realpath(path.resolve(path.dirname(`${fixed}x`))).catch(() => null)
  if (base === null) return problem(label, 'no file matches it')
  const matches = await localStore.list(argument)
  const { files, found } = await sort(base, matches)
  const [whole, name] = [path.resolve(argument), patternName(argument)]
  const folder = path.basename(base) === name ? path.dirname(base) : base
  const names = namesOfSet(name, folder, path.relative(path.dirname(path.resolve(`${fixed}x`)), whole), whole)
  if (files.length > 0) found.sources.unshift({ format: 'Parquet', label, names, files })
  return holdsAny(found) ? found : problem(label, 'no file matches it that can be served')
}

/**
 * Separates Parquet files from other sources. Links that lead out of `root`, and spatial files that cannot be served, are
 * problems.
 */
async function sort(root: string, candidates: readonly string[]): Promise<{ files: string[]; found: Found }> {
  const files: string[] = []
  const found: Found = { sources: [], problems: [] }
  for (const candidate of candidates) {
    const label = path.basename(candidate)
    const file = await realpath(candidate).catch(() => null)
    const isFile = file !== null && (await stat(file)).isFile()
    if (file === null) found.problems.push({ source: label, reason: 'it is a link to nothing' })
    if (!isFile) continue
    const kind = path.relative(root, file).split(path.sep)[0] === '..' ? LEADS_OUT : await fileKind(file)
    if (kind.kind === 'source' && kind.format === 'Parquet') files.push(file)
    else if (kind.kind === 'source') found.sources.push(await ofFile(file, kind.format, root))
    if (kind.kind === 'unsupported') found.problems.push({ source: label, reason: kind.reason })
  }
  return { files, found }
}

const LEADS_OUT: FileKind = {
  kind: 'unsupported',
  reason: 'it is a link that leads out of its folder: name the file itself to serve it',
}

/** @param root the served folder, or the folder of a file that is named itself */
async function ofFile(file: string, format: SourceFormat, root: string): Promise<FoundSource> {
  const { base: label, name, ext, dir } = path.parse(file)
  const place = { stem: name, ending: ext.slice(1), folder: dir, within: path.relative(root, file), whole: file }
  const names = sourceNames({ ...place, isLongByFolder: format === 'Parquet' })
  if (format === 'DuckDB') return { format, label, names, files: [file, `${file}.wal`] }
  if (format === 'Parquet') return { format, label, names, files: [file] }
  return { format, label, names, files: await filesOfFormat(file, format) }
}

/** Returns the names of several files that are one layer. */
function namesOfSet(name: string, folder: string, within: string, whole: string): readonly string[] {
  return sourceNames({ stem: name, ending: '', folder, within, whole, isLongByFolder: true })
}

const problem = (source: string, reason: string): Found => ({ sources: [], problems: [{ source, reason }] })

const holdsAny = ({ sources, problems }: Found): boolean => sources.length + problems.length > 0

/** `data/roads-*.parquet`, `roads/*.parquet` and `roads/**` all give the name roads. */
function patternName(argument: string): string {
  const segments = path.resolve(argument).split(path.sep)
  const first = segments.findIndex((segment) => MAGIC.test(segment))
  const prefix = (segments[first] ?? '').split(MAGIC)[0]?.replace(/[^\p{L}\p{N}]+$/u, '')
  const isFile = first === segments.length - 1
  return (isFile && prefix) || (segments[first - 1] ?? '')
}
