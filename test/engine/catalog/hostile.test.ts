/** Broken and hostile files: each is a problem, the other files are served, and the server continues. */
import { readdirSync } from 'node:fs'
import { afterAll, expect, test } from 'vitest'
import { fixture } from '../../fixtures/index.ts'
import { layerOf, problemOf, testCatalog } from './support.ts'

const folder = await fixture('hostile')
const catalog = await testCatalog(folder)
const claimed = catalog.layers().map(({ name }) => name)
await catalog.checked
afterAll(() => catalog.close())

const KILLERS = [
  'empty-wkb',
  'wrong-child',
  'nested-100000-deep',
  'half-a-point',
  'counts-too-many',
  'trailing-bytes',
  'unknown-type',
  'curve',
]

test.each(KILLERS)('a file with one geometry of %s is a problem that names the row', (name) => {
  expect(problemOf(catalog, `${name}.parquet`)).toBe(
    'it is not served: a value of its column geometry cannot be read safely (row 1234, counted from 0): mend them in the source, or remove their rows',
  )
  expect(claimed).toContain(name)
  expect(catalog.layer(name)).toBeUndefined()
})

test('one bad value among many equal values is found', () => {
  expect(problemOf(catalog, 'empty-wkb-among-equals.parquet')).toContain('a value of its column geometry')
  expect(problemOf(catalog, 'empty-wkb-among-equals.parquet')).toContain('row 500,')
})

test.each([
  ['no-geometry', 'it has no geometry column'],
  ['metadata-not-json', 'its GeoParquet metadata is not JSON'],
  ['metadata-list', 'metadata is not as the specification says'],
  ['metadata-wrong-encoding', 'metadata is not as the specification says'],
  ['metadata-names-no-column', 'it has no geometry column'],
  ['truncated', 'it has no Parquet footer'],
  ['only-magic', 'it is cut short'],
  ['empty', 'it is not Parquet'],
  ['text', 'it is not Parquet'],
])('%s.parquet: %s', (name, reason) => {
  expect(problemOf(catalog, `${name}.parquet`)).toContain(reason)
  expect(claimed).not.toContain(name)
})

test('a file with flipped bits is a problem, or a layer of as many rows as it has', () => {
  const flipped = readdirSync(folder).filter((name) => name.startsWith('flipped'))
  expect(flipped).toHaveLength(20)
  for (const file of flipped) {
    const layer = catalog.layer(file.replace('.parquet', ''))
    expect([file, layer?.featureCount ?? problemOf(catalog, file)]).not.toContain(undefined)
    if (layer) expect(layer).toMatchObject({ state: 'READY', featureCount: 2000 })
  }
})

test('geometry that the engine can read but not compute with is served, and reported', () => {
  expect(layerOf(catalog, 'unclosed-ring')).toMatchObject({ state: 'READY', featureCount: 2000 })
  expect(problemOf(catalog, 'unclosed-ring.parquet')).toContain('one of its geometries cannot be computed with')
})

test('coordinates that are not finite are not in the extent', () => {
  const { extent } = layerOf(catalog, 'not-finite')
  expect(extent?.every(Number.isFinite)).toBe(true)
})

test('whole files among them are served', () => {
  expect(layerOf(catalog, 'whole')).toMatchObject({ state: 'READY', featureCount: 2000, geometryTypes: ['Point'] })
})

test('no problem and no line of the log contains a path or SQL', () => {
  const told = [...catalog.problems().flatMap(({ source, reason }) => [source, reason]), ...catalog.lines].join('\n')
  expect(told).not.toMatch(/\/(work|home|tmp|root)\/|SELECT|read_parquet/)
  expect(told).not.toContain(folder)
})
