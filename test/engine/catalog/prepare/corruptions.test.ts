/**
 * Files with bits flipped, cut, with blocks of zeros, swapped or doubled blocks, wrong counts and without their side files, hundreds at once in
 * folders. Each is served as other programs read the same bytes, value by value and geometry by geometry, or is a problem in our words.
 */
import { watch } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { fixture } from '../../../fixtures/index.ts'
import { type Answer, ask } from '../../../support/graphql.ts'
import { python } from '../../../support/python.ts'
import { Random } from '../../../support/random.ts'
import { sameShape } from '../../../support/same-shape.ts'
import { serve, type TestServer } from '../../../support/server.ts'
import { compareValue, type HeldRow } from '../../../support/source-values.ts'

const COUNT = process.env['GEODUCK_LONG'] ? 300 : 60
const SEED = Number(process.env['GEODUCK_SEED'] ?? 16)
const FORMATS = ['gpkg', 'shp', 'fgb', 'geojson', 'geojsonseq', 'csv', 'parquet'] as const
type Format = (typeof FORMATS)[number]

/** Words of the engine, of GDAL and of SQLite, which say nothing to a user. */
const FOREIGN =
  /\b(Error:|GDAL|OGR|SQLITE|Thrift|TType|TProtocol|Candidate|duckdb|errno|Referenced column|FROM clause|LINE \d|Invalid Input|Exception|CSV Error|sniffing|Out of buffer|ZSTD|Failed to|Expected \w+)|SHAPE_|ST_\w|read_\w+\(|\bat \w+ \(/

/** The result of one reader for a file. */
interface Reading {
  readonly by: string
  readonly error?: string
  readonly layers?: readonly { readonly rows: readonly HeldRow[] }[]
}

interface ServedRow {
  readonly properties: Record<string, unknown>
  readonly geometry: string | null
}

interface ServedLayer {
  readonly name: string
  readonly state: string
  readonly kind: 'FEATURES' | 'TABLE'
  readonly key: { readonly column: string | null }
  readonly columns: readonly { readonly name: string; readonly type: string }[]
}

const root = await mkdtemp(join(tmpdir(), 'geoduck-corruptions-'))
const made = await fixture('corruptible')
const SIDES = /\.(shx|dbf|prj|cpg)$/
const processes = new Set<string>()
let server: TestServer
let layers: readonly ServedLayer[]
let problems: readonly { readonly source: string; readonly reason: string }[]
let readings: Readonly<Record<string, readonly Reading[]>>

beforeAll(async () => {
  const folders = await Promise.all(FORMATS.map(corruptedFolder))
  const names = await Promise.all(folders.map((folder) => readdir(folder)))
  const main = names.map((files) => files.filter((file) => !SIDES.test(file)))
  const program = await readFile(join(import.meta.dirname, '../../../support/read-sources.py'), 'utf8')
  const readFolder = (folder: string, files: readonly string[]) =>
    python<Record<string, Reading[]>>(program, [folder], JSON.stringify(files))
  const whole = (await readdir(made)).filter((file) => !SIDES.test(file))
  const read = Promise.all([readFolder(made, whole), ...folders.map((folder, n) => readFolder(folder, main[n]!))])
  // Each process that prepares makes its folder there.
  const unfinished = join(root, 'cache/prepared/unfinished')
  await mkdir(unfinished, { recursive: true })
  const watcher = watch(unfinished, (_, name) => void processes.add(String(name)))
  const start = performance.now()
  server = await serve(folders, { cacheDirectory: join(root, 'cache') })
  watcher.close()
  console.log(`seed ${SEED}: ${main.flat().length} files are served after ${Math.round(performance.now() - start)} ms`)
  readings = Object.assign({}, ...(await read))
  // A layer whose check fails is withdrawn, and is a problem then.
  await vi.waitUntil(described, { timeout: 120_000, interval: 200 })
}, 600_000)
afterAll(async () => {
  await server.close()
  await rm(root, { recursive: true })
})

test.each(FORMATS)(
  'each corrupted file of the format %s is served as others read it, or is a problem',
  async (format) => {
    const counts: Record<string, number> = { equal: 0, problem: 0, unreadable: 0 }
    const wrong: string[] = []
    for (let n = 0; n < COUNT; n++) {
      const file = `${format}${n}x${extensionOf(format)}`
      const { outcome, why } = await judge(file)
      counts[outcome] = (counts[outcome] ?? 0) + 1
      if (outcome === 'wrong') wrong.push(`${file} (${corruptions.get(file)}): ${why}`)
    }
    console.log(`${format}: ${JSON.stringify(counts)}`)
    expect(wrong).toEqual([])
  },
  240_000,
)

test('no problem of a corrupted file has words of the engine', () => {
  expect(problems.filter(({ reason }) => FOREIGN.test(reason))).toEqual([])
})

test('corrupted files cost a few processes, not one each', () => {
  const dead = problems.filter(({ reason }) => reason.startsWith('it ends the process that reads it')).length
  console.log(`${processes.size} processes, ${dead} of them ended by what they read`)
  // Two that read, one that tries whether it can be written; one that ends its process may have ended another one before.
  expect(processes.size).toBeLessThanOrEqual(3 + 3 * dead + (COUNT * FORMATS.length) / 10)
})

test('the server and its workers are whole after all of them', async () => {
  const { data } = await ask<{ health: { workers: { state: string; deaths: number }[] } }>(
    server,
    '{ health { workers { state deaths } } }',
  )
  console.log(`deaths of workers: ${data!.health.workers.map(({ deaths }) => deaths)}`)
  expect(data!.health.workers.every(({ state }) => state !== 'DEAD')).toBe(true)
})

/** True once every layer is checked. */
async function described(): Promise<boolean> {
  const { data } = await ask<{
    health: { problems: { source: string; reason: string }[] }
    layers: ServedLayer[]
  }>(server, '{ health { problems { source reason } } layers { name state kind key { column } columns { name type } } }')
  problems = data!.health.problems
  layers = data!.layers
  return layers.every(({ state }) => state === 'READY')
}

async function judge(file: string): Promise<{ readonly outcome: string; readonly why?: string }> {
  const told = problems.filter(({ source }) => source === file)
  const stem = file.slice(0, file.indexOf('x') + 1)
  const served = layers.filter(({ name }) => name === stem || name.startsWith(`${stem}_`))
  if (served.length === 0)
    return told.length > 0 ? { outcome: 'problem' } : { outcome: 'wrong', why: 'neither served nor a problem' }
  const pages = await Promise.all(served.map(pageOf))
  const failed = pages.flatMap(({ errors }) => errors ?? [])
  if (failed.some(({ extensions }) => extensions['code'] !== 'SOURCE_UNREADABLE'))
    return { outcome: 'wrong', why: `${failed[0]!.extensions['code']}: ${failed[0]!.message}` }
  if (failed.some(({ message }) => FOREIGN.test(message))) return { outcome: 'wrong', why: failed[0]!.message }
  if (failed.length > 0) return { outcome: 'unreadable' }
  const differences = [...readings[file]!, ...readings[wholeOf(file)]!].map(
    (reading) =>
      `${reading.by}: ${difference(
        reading,
        served,
        pages.map(({ data }) => data!.features.features),
      )}`,
  )
  if (differences.some((text) => text.endsWith(': '))) return { outcome: 'equal' }
  return told.length > 0 ? { outcome: 'problem' } : { outcome: 'wrong', why: differences.join('; ') }
}

/** Returns the name of the file before its corruption, which may hit bytes that mean nothing, or that only other readers need. */
function wholeOf(file: string): string {
  const [, format, n] = /^([a-z]+)(\d+)x/.exec(file)!
  return `${format}-${formOf(Number(n))}${extname(file)}`
}

const formOf = (n: number) => (n % 2 ? 'areas' : 'points')

function pageOf({ name, kind }: ServedLayer): Promise<Answer<{ features: { features: ServedRow[] } }>> {
  const arrow = kind === 'FEATURES' ? 'arrow(geometry: WKB)' : 'arrow'
  const query = `query ($layer: String!) { features(layer: $layer, first: 10000) { features { properties geometry(as: WKB) } ${arrow} } }`
  return ask(server, query, { layer: name })
}

/** Empty if all is the same. Features may stand in another order. */
function difference({ error, layers: read }: Reading, served: readonly ServedLayer[], pages: readonly ServedRow[][]): string {
  if (!read) return `it cannot be read: ${error}`
  if (read.length !== served.length) return `${read.length} layers are served as ${served.length}`
  for (const [n, { rows }] of read.entries()) {
    const left = [...pages[n]!]
    if (rows.length !== left.length) return `${rows.length} features are served as ${left.length}`
    for (const [place, row] of rows.entries()) {
      // The order is mostly kept, so look near the place first.
      const at = left.findIndex((candidate) => rowDifference(row, candidate, served[n]!) === '')
      if (at === -1) {
        const near = left.map((candidate) => rowDifference(row, candidate, served[n]!)).sort((a, b) => a.length - b.length)
        return `feature ${place}: ${near[0]}`
      }
      left.splice(at, 1)
    }
  }
  return ''
}

function rowDifference({ values, geometry }: HeldRow, served: ServedRow, layer: ServedLayer): string {
  const wkb = served.geometry?.toLowerCase() ?? null
  const columns = new Map(layer.columns.map(({ name, type }) => [name, type]))
  const extra = [...columns.keys()].filter(
    (name) => !(name in values) && name !== layer.key.column && !/^(ogc_)?fid$/i.test(name),
  )
  if (extra.length > 0) return `columns that only we read: ${extra}`
  const differing = Object.entries(values).flatMap(([name, held]) => {
    const value = Object.hasOwn(served.properties, name) ? served.properties[name] : undefined
    const same = columns.has(name) && compareValue(held, value, columns.get(name)!) !== 'wrong'
    return same ? [] : [`${name}: ${held && `${held.k} ${held.v}`} is served as ${JSON.stringify(value)} (${columns.get(name)})`]
  })
  const same = wkb === geometry || sameShape(geometry, wkb) || (geometry === null && isEmpty(wkb))
  if (!same) differing.push(`geometry: ${geometry} is served as ${wkb}`)
  return differing.join(', ')
}

/** A geometry of no parts is null for others. */
const isEmpty = (wkb: string | null) => wkb !== null && /^01.{8}00000000$/.test(wkb)

/** The kind of corruption of each file. */
const corruptions = new Map<string, string>()

async function corruptedFolder(format: Format): Promise<string> {
  const folder = join(root, format)
  await mkdir(folder)
  const whole = (await readdir(made)).filter((file) => file.startsWith(`${format}-`))
  const random = new Random(SEED * 100 + FORMATS.indexOf(format))
  for (let n = 0; n < COUNT; n++) {
    const parts = whole.filter((file) => file.startsWith(`${format}-${formOf(n)}.`))
    // The parts of a Shapefile that hold features are corrupted most often.
    const weights = parts.flatMap((part) => (/\.(prj|cpg)$/.test(part) ? [part] : [part, part, part]))
    const chosen = random.pick(weights)
    for (const part of parts) {
      const content = await readFile(join(made, part))
      const name = `${format}${n}x${extname(part)}`
      if (part !== chosen) {
        await writeFile(join(folder, name), content)
        continue
      }
      const isSide = format === 'shp' && !part.endsWith('.shp')
      const way = isSide && random.chance(0.15) ? 'removed' : random.pick(Object.keys(WAYS))
      corruptions.set(`${format}${n}x${extensionOf(format)}`, `${way} ${extname(part)}`)
      if (way !== 'removed') await writeFile(join(folder, name), WAYS[way]!(content, random, extname(part)))
    }
  }
  return folder
}

const extensionOf = (format: Format) => ({ geojsonseq: '.geojsonl' })[format as string] ?? `.${format}`

/** Places of numbers that say how much there is. */
const COUNTS: Readonly<Record<string, readonly number[]>> = {
  '.gpkg': [16, 18, 28, 52, 100, 1024 + 3, 2048 + 3],
  '.shp': [24, 32, 104, 108, 112],
  '.shx': [24, 100, 104, 108],
  '.dbf': [4, 8, 10, 32 + 16, 64 + 16],
  '.fgb': [8, 12, 16, 20],
  '.parquet': [-8, -7, -12, -20],
}

const WAYS: Readonly<Record<string, (content: Buffer, random: Random, extension: string) => Buffer>> = {
  bit: (content, random) => flipped(content, random, 1),
  bits: (content, random) => flipped(content, random, 8),
  cut: (content, random) => content.subarray(0, random.integer(content.length)),
  zeros(content, random) {
    const [from, to] = block(content, random)
    return Buffer.from(content).fill(0, from, to)
  },
  swapped(content, random) {
    const [from, to] = block(content, random)
    const middle = from + Math.floor((to - from) / 2)
    return Buffer.concat([
      content.subarray(0, from),
      content.subarray(middle, to),
      content.subarray(from, middle),
      content.subarray(to),
    ])
  },
  doubled(content, random) {
    const [from, to] = block(content, random)
    return Buffer.concat([content.subarray(0, to), content.subarray(from)])
  },
  /** A wrong number where the format counts; a character that separates, in a format of text. */
  count(content, random, extension) {
    const copy = Buffer.from(content)
    const known = COUNTS[extension]
    if (known) {
      const at = random.pick(known)
      copy[at < 0 ? copy.length + at : at]! += 1 + random.integer(40)
      return copy
    }
    const separators = [...content.keys()].filter((at) => ',;:{}[]"\n'.includes(String.fromCharCode(content[at]!)))
    const at = separators.length > 0 ? random.pick(separators) : 0
    return Buffer.concat([content.subarray(0, at), content.subarray(random.chance(0.5) ? at + 1 : Math.max(0, at - 1))])
  },
}

function flipped(content: Buffer, random: Random, count: number): Buffer {
  const copy = Buffer.from(content)
  for (let n = 0; n < count; n++) copy[random.integer(copy.length)]! ^= 1 << random.integer(8)
  return copy
}

/** 2 to 256 bytes. */
function block(content: Buffer, random: Random): [from: number, to: number] {
  const length = Math.min(content.length, 2 ** (1 + random.integer(8)))
  const from = random.integer(content.length - length + 1)
  return [from, from + length]
}
