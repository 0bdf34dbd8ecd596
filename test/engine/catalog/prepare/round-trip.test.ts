/**
 * Everything that a format can hold is served exactly, as the source's own text, or named in a problem: every column type with null and
 * extreme values, every encoding, every type of geometry.
 */
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { tableFromIPC } from 'apache-arrow'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fixture } from '../../../fixtures/index.ts'
import { ask } from '../../../support/graphql.ts'
import { sameShape } from '../../../support/same-shape.ts'
import { serve, type TestServer } from '../../../support/server.ts'
import { arrowColumn, compareValue, type Held, type HeldRow, type Outcome } from '../../../support/source-values.ts'

interface File {
  readonly file: string
  readonly layer: string
  /** It has values that its types cannot hold. Other files must be served exactly, without a problem. */
  readonly odd: boolean
  /** A Shapefile has no order of rings. */
  readonly shapes?: boolean
  /** Rows in the order of the column `row`. */
  readonly rows: readonly HeldRow[]
}

interface Page {
  readonly features: readonly { readonly properties: Record<string, unknown>; readonly geometry: string | null }[]
  readonly arrow: string
}

const made = await fixture('round-trip')
const FILES = JSON.parse(await readFile(join(made, 'expected.json'), 'utf8')) as File[]
const FORMATS = ['gpkg', 'shp', 'fgb', 'geojson', 'geojsonl', 'geojsons', 'csv', 'parquet']
const root = await mkdtemp(join(tmpdir(), 'geoduck-round-trip-'))

let server: TestServer
let problems: readonly { readonly source: string; readonly reason: string }[]
let types: ReadonlyMap<string, ReadonlyMap<string, string>>

beforeAll(async () => {
  await cp(made, join(root, 'data'), { recursive: true })
  await rm(join(root, 'data/expected.json'))
  server = await serve([join(root, 'data')], { cacheDirectory: join(root, 'cache') })
  const { data } = await ask<{
    health: { problems: { source: string; reason: string }[] }
    layers: { name: string; columns: { name: string; type: string }[] }[]
  }>(server, '{ health { problems { source reason } } layers { name columns { name type } } }')
  problems = data!.health.problems
  types = new Map(data!.layers.map(({ name, columns }) => [name, new Map(columns.map(({ name, type }) => [name, type]))]))
}, 240_000)
afterAll(async () => {
  await server.close()
  await rm(root, { recursive: true })
})

describe.each(FORMATS)('files of the format %s', (format) => {
  const files = FILES.filter(({ file }) => file.split('_')[0] === format)

  test('hold what is served, value by value and geometry by geometry', async () => {
    const counts = { exact: 0, text: 0, problem: 0 }
    const wrong = new Map<string, string[]>()
    for (const file of files) {
      for (const { what, outcome } of await compareFile(file)) {
        // One line per column, with the first value that differs.
        const column = `${file.file}: ${what.split(': row ')[0]}`
        if (outcome !== 'wrong') counts[outcome]++
        else wrong.set(column, [...(wrong.get(column) ?? []), what])
      }
    }
    console.log(
      `${format}: ${files.length} files; values: ${JSON.stringify(counts)}; wrong: ${[...wrong.values()].flat().length}`,
    )
    expect([...wrong].map(([column, all]) => `${column.split(': ')[0]}: ${all[0]} (and ${all.length - 1} more)`)).toEqual([])
  })
})

interface Compared {
  readonly what: string
  readonly outcome: Outcome | 'problem'
}

async function compareFile(file: File): Promise<Compared[]> {
  const reasons = problems.filter(({ source }) => source === file.file).map(({ reason }) => reason)
  const columns = types.get(file.layer)
  if (!columns) {
    const told = reasons.length > 0 && file.odd
    return file.rows.map((_, row) => ({ what: `not served: row ${row}: ${reasons}`, outcome: told ? 'problem' : 'wrong' }))
  }
  const { data, errors } = await ask<{ features: Page }>(
    server,
    'query ($layer: String!) { features(layer: $layer, first: 10000) { features { properties geometry(as: WKB) } arrow(geometry: WKB) } }',
    { layer: file.layer },
  )
  if (errors) return [{ what: `${errors[0]!.extensions['code']}: ${errors[0]!.message}`, outcome: 'wrong' }]
  const { features, arrow } = data!.features
  const table = tableFromIPC(Buffer.from(arrow, 'base64'))
  const fields = table.schema.fields.map(({ name }) => name)
  const geometries = arrowColumn(table, fields.at(-1)!)
  const batch = Object.fromEntries([...columns.keys()].map((name) => [name, arrowColumn(table, name)]))
  const places = new Map(features.map(({ properties }, place) => [Number(properties['row']), place]))
  const compared: Compared[] = []
  // An odd file has one column, or one thing, that a problem can be about.
  const add = (what: string, outcome: Outcome) =>
    compared.push({ what, outcome: outcome === 'wrong' && file.odd && reasons.length > 0 ? 'problem' : outcome })
  if (!file.odd && reasons.length > 0) compared.push({ what: `a problem: ${reasons}`, outcome: 'wrong' })
  if (features.length !== file.rows.length) add(`${features.length} of ${file.rows.length} features`, 'wrong')
  for (const [row, { values, geometry }] of file.rows.entries()) {
    const place = places.get(row)
    if (place === undefined) {
      add(`missing: row ${row}`, 'wrong')
      continue
    }
    const { properties, geometry: wkb } = features[place]!
    const binary = geometries[place] === null ? null : Buffer.from(geometries[place] as string, 'base64').toString('hex')
    for (const served of [wkb, binary]) {
      const same = served?.toLowerCase() === geometry?.toLowerCase() || (file.shapes && sameShape(geometry, served))
      add(`geometry: row ${row}: ${geometry} is served as ${served}`, same ? 'exact' : 'wrong')
    }
    for (const [name, held] of Object.entries(values)) {
      const type = columns.get(name) ?? 'missing'
      for (const [form, served] of [
        ['JSON', Object.hasOwn(properties, name) ? properties[name] : undefined],
        ['Arrow', Object.hasOwn(batch, name) ? batch[name]![place] : undefined],
      ] as const) {
        const outcome = type === 'missing' ? 'wrong' : compareValue(held, served, type)
        const allowed = outcome !== 'text' || file.odd || held!.k === 'json' || format(file) === 'csv'
        add(`${name}: row ${row}: ${shown(held)} is served in ${form} as ${shown(served)} (${type})`, allowed ? outcome : 'wrong')
      }
    }
  }
  return compared
}

const format = ({ file }: File) => file.split('_')[0]

function shown(value: Held | unknown): string {
  return JSON.stringify(value, (_, member) => (typeof member === 'bigint' ? `${member}n` : member))?.slice(0, 120) ?? 'nothing'
}
