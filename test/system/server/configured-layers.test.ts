/** Layers that a configuration has wishes for, asked over the wire. */
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import type { LayerConfig } from '../../../src/config/layer-config.ts'
import { fixture } from '../../fixtures/index.ts'
import { differing, judged } from '../../support/configured.ts'
import { ask, type PageInfo } from '../../support/graphql.ts'
import { python } from '../../support/python.ts'
import { Random } from '../../support/random.ts'
import { serve, type TestServer } from '../../support/server.ts'

const folder = await fixture('configured')
const file = (name: string) => join(folder, `${name}.parquet`)
const [parcels, store, truth] = [file('parcels'), await fixture('databases/store.duckdb'), await judged(file('parcels'))]
const HIDDEN = ['owner', 'g', 'file_row_number', 'gap']

const LAYERS: readonly LayerConfig[] = [
  { name: 'cadastre', path: parcels, title: 'Parcels', description: 'All of them' },
  { name: 'hiding', path: parcels, columns: { exclude: HIDDEN } },
  { name: 'showing', path: parcels, columns: { include: ['class', 'geometry'] } },
  { name: 'misnamed', path: parcels, columns: { exclude: ['ownr'] } },
  { name: 'keyed', path: parcels, key: 'parcel_id' },
  ...['twice', 'gap', 'ratio', 'nothing'].map((key) => ({ name: `by_${key}`, path: parcels, key })),
  { name: 'elsewhere', path: parcels, crs: 'epsg:25832' },
  { name: 'nowhere', path: file('half-1'), crs: 'EPSG:999999' },
  { name: 'flagged', path: parcels, onInvalid: 'flag' },
  { name: 'repaired', path: parcels, onInvalid: 'repair' },
  { name: 'dropped', path: parcels, onInvalid: 'drop', key: 'parcel_id' },
  { name: 'halves', path: join(folder, 'half-*.parquet'), onInvalid: 'repair', columns: { exclude: ['file_row_number'] } },
  { name: 'holes', path: file('holes'), onInvalid: 'repair' },
  { name: 'native', path: file('native'), onInvalid: 'drop' },
  { name: 'ring_dropped', path: file('open-ring'), onInvalid: 'drop' },
  { name: 'ring_repaired', path: file('open-ring'), onInvalid: 'repair' },
  { name: 'spots', path: store, table: 'points' },
  { name: 'few', path: store, table: 'other.points', key: 'id' },
  { name: 'absent', path: file('absent') },
  { name: 'several', path: folder },
  { name: 'which', path: store },
  { name: 'tableless', path: store, table: 'nothing' },
]

const server = await serve([folder], { layers: LAYERS })
const keyId = await fixture('geoparquet/key-id.parquet')
afterAll(() => server.close())

interface LayerAnswer {
  readonly name: string
  readonly title: string | null
  readonly description: string | null
  readonly state: string
  readonly columns: readonly { readonly name: string }[]
  readonly geometryTypes: readonly string[]
  readonly crs: { readonly code: string } | null
  readonly featureCount: string | null
  readonly key: { readonly kind: string; readonly column: string | null }
  readonly pruning: string
  readonly onInvalid: string
  readonly fingerprint: string
}

const SCANNED_MS = 50_000

/** The layers after all checks. */
async function layersOf(of: TestServer): Promise<Map<string, LayerAnswer>> {
  const until = performance.now() + SCANNED_MS
  for (;;) {
    const { data } = await ask<{ layers: LayerAnswer[] }>(
      of,
      `{ layers { name title description state columns { name } geometryTypes crs { code isLonLat } featureCount
        key { kind column } pruning onInvalid fingerprint } }`,
    )
    if (data!.layers.every(({ state }) => state === 'READY')) return new Map(data!.layers.map((layer) => [layer.name, layer]))
    if (performance.now() > until) throw new Error(`Not all are scanned: ${JSON.stringify(data)}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

const layers = await layersOf(server)

async function problemsOf(layer: string): Promise<string[]> {
  const query = '{ health { problems { source reason } } }'
  const { data } = await ask<{ health: { problems: { source: string; reason: string }[] } }>(server, query)
  return data!.health.problems.flatMap(({ source, reason }) =>
    reason.includes(`layer ${layer}: `) ? [`${source}: ${reason}`] : [],
  )
}

interface Page {
  readonly totalCount: string
  readonly pageInfo: PageInfo
  readonly arrow: string
  readonly geojson: { readonly features: readonly { readonly properties: object }[] }
  readonly features: readonly {
    readonly key: string
    readonly geometry: string | null
    readonly properties: Record<string, unknown>
  }[]
}

async function page(
  layer: string,
  { more = '', select = 'totalCount features { key geometry(as: WKB) properties }', of = server } = {},
): Promise<Page> {
  const { data, errors } = await ask<{ features: Page }>(of, `{ features(layer: "${layer}", first: 1000${more}) { ${select} } }`)
  expect(errors).toBeUndefined()
  return data!.features
}

async function refusal(query: string, of = server): Promise<string> {
  const { errors } = await ask(of, query)
  return `${errors?.[0]?.extensions['code']}: ${errors?.[0]?.message}`
}

test('configured layers replace those of their files, and the other files are served unchanged', () => {
  const served = LAYERS.map(({ name }) => name)
    .slice(0, -4)
    .filter((name) => name !== 'misnamed')
  expect([...layers.keys()].sort()).toEqual([...served, 'all-valid'].sort())
  expect(layers.get('cadastre')).toMatchObject({ title: 'Parcels', description: 'All of them', onInvalid: 'FLAG' })
  expect(layers.get('all-valid')).toMatchObject({ title: null, description: null, onInvalid: 'FLAG' })
  expect(layers.get('halves')?.featureCount).toBe('800')
})

test('tables of a database are layers; its others are served only where the sources name it', async () => {
  expect([layers.get('spots')?.featureCount, layers.get('few')?.featureCount]).toEqual(['3000', '10'])
  const other = await serve([store], { layers: [{ name: 'spots', path: store, table: 'points' }] })
  const names = [...(await layersOf(other)).keys()]
  await other.close()
  expect(names).toEqual(expect.arrayContaining(['spots', 'points', 'indexed', 'keyed']))
  expect(names.filter((name) => name.endsWith('_points'))).toEqual([])
})

test('hidden columns are nowhere: not in columns, properties, GeoJSON, Arrow, filters or sort orders', async () => {
  const shown = ['parcel_id', 'twice', 'ratio', 'class']
  expect(layers.get('hiding')?.columns.map(({ name }) => name)).toEqual(shown)
  const { features, geojson, arrow } = await page('hiding', { select: 'features { id properties } geojson arrow' })
  expect(features.map(({ properties }) => Object.keys(properties).join())).toEqual(Array(800).fill(shown.join()))
  expect(geojson.features.map(({ properties }) => Object.keys(properties).join())).toEqual(Array(800).fill(shown.join()))
  const inArrow =
    'import base64, json, pyarrow, sys; print(json.dumps(pyarrow.ipc.open_stream(base64.b64decode(sys.stdin.read())).schema.names))'
  expect((await python<string[]>(inArrow, [], arrow)).filter((name) => HIDDEN.includes(name))).toEqual([])
  for (const argument of ['where: { property: { name: "owner", isNull: false } }', 'orderBy: [{ property: "owner" }]']) {
    const told = await refusal(`{ features(layer: "hiding", ${argument}) { count } }`)
    expect(told).toMatch(/^BAD_INPUT: .*no property "owner"/)
    expect(told).not.toContain('gap')
  }
  expect(await refusal('{ features(layer: "hiding") { features { properties(only: ["owner"]) } } }')).toMatch(/^BAD_INPUT/)
})

test('row numbers are the engine’s, though a hidden column has the name of the engine’s own', async () => {
  const { features } = await page('hiding', { select: 'features { key }' })
  expect(features.map(({ key }) => Number(key))).toEqual(features.map((_, row) => row))
})

test('only included columns are there', async () => {
  expect(layers.get('showing')?.columns).toEqual([{ name: 'class' }])
  expect((await page('showing', { more: ', orderBy: [{ property: "class" }]' })).features[0]?.properties).toEqual({ class: 'a' })
})

test('no id contains a hidden column', async () => {
  const of = await serve([], {
    layers: [
      { name: 'open', path: keyId },
      { name: 'shut', path: keyId, columns: { exclude: ['id'] } },
      { name: 'stored', path: store, table: 'keyed', columns: { exclude: ['code'] } },
    ],
  })
  const found = await layersOf(of)
  await of.close()
  expect([...found.values()].map(({ key }) => key.column)).toEqual(['id', null, null])
})

test('a hidden column with a wrong name excludes the layer, and the error has a similar name', async () => {
  expect(await refusal('{ features(layer: "misnamed") { count } }')).toContain('LAYER_NOT_FOUND')
  expect(await problemsOf('misnamed')).toEqual([
    'parcels.parquet: layer misnamed: it is not served: its `columns` name `ownr`, which is none of its properties; near: `owner`',
  ])
})

test('keys are values of their column, once the scan has proven it', async () => {
  expect(layers.get('keyed')?.key).toEqual({ kind: 'COLUMN', column: 'parcel_id' })
  const query = '{ feature(layer: "keyed", id: "p0123") { properties } }'
  const { data } = await ask<{ feature: { properties: { owner: string } } }>(server, query)
  expect(data?.feature.properties.owner).toBe('owner 123')
  expect(await problemsOf('keyed')).toEqual([])
})

test.each([
  ['twice', "its column twice cannot be its key: 400 rows repeat another's value"],
  ['gap', 'its column gap cannot be its key: it is null in 1 row'],
  ['ratio', 'its column ratio is DOUBLE, which cannot be a key (an integer, text or UUID can)'],
  ['nothing', 'it has no column nothing to be its key'],
])('a key that is none (%s) is a problem that says why, and keys are row numbers', async (key, reason) => {
  expect(layers.get(`by_${key}`)?.key).toEqual({ kind: 'ROW_NUMBER', column: null })
  expect(await problemsOf(`by_${key}`)).toEqual([
    `parcels.parquet: layer by_${key}: ${reason}: its ids are row numbers; name another \`key\``,
  ])
  expect((await page(`by_${key}`, { select: 'features { key }' })).features[3]?.key).toBe('3')
})

test('the CRS of the configuration replaces the CRS of the source', async () => {
  expect(layers.get('elsewhere')?.crs).toEqual({ code: 'EPSG:25832', isLonLat: false })
  const { arrow } = await page('elsewhere', { select: 'arrow' })
  const inArrow = `import base64, json, pyarrow, sys
schema = pyarrow.ipc.open_stream(base64.b64decode(sys.stdin.read())).schema
print(json.dumps([f.metadata[b"ARROW:extension:metadata"].decode() for f in schema if f.metadata and b"ARROW:extension:metadata" in f.metadata]))`
  expect((await python<string[]>(inArrow, [], arrow)).join()).toContain('25832')
})

test('a CRS that nobody knows is a problem', async () => {
  expect(layers.get('nowhere')?.crs?.code).toBe('EPSG:999999')
  expect(await problemsOf('nowhere')).toEqual([
    'half-1.parquet: layer nowhere: its CRS EPSG:999999 is none that PROJ knows: correct `crs`',
  ])
})

test('flag serves invalid features unchanged', async () => {
  expect(layers.get('flagged')).toMatchObject({ featureCount: '800', onInvalid: 'FLAG', pruning: 'COVERING_COLUMN' })
  const stored = await python<(string | null)[]>(
    'import geopandas, json, sys; print(json.dumps([None if g is None else g.wkb_hex for g in geopandas.read_parquet(sys.argv[1]).geometry]))',
    [parcels],
  )
  const { features } = await page('flagged')
  expect(features.map(({ geometry }) => geometry?.toUpperCase() ?? null)).toEqual(stored)
})

test.each(['repaired', 'halves'])('repair (%s) makes of every geometry what shapely makes of it', async (name) => {
  expect(truth.filter(({ valid }) => !valid)).toHaveLength(500)
  const { features, totalCount } = await page(name)
  expect(totalCount).toBe('800')
  expect(await differing(features.map(({ geometry }, row) => [row, geometry, truth[row]!.repaired]))).toEqual([])
  expect(new Set(layers.get(name)?.geometryTypes)).toEqual(new Set(truth.flatMap(({ type }) => type ?? [])))
})

test('filters find repaired geometry, through the covering column where it holds', async () => {
  expect(layers.get('repaired')?.pruning).toBe('COVERING_COLUMN')
  // The covering that geopandas wrote for polygons with holes outside does not cover the repaired polygons.
  expect(layers.get('holes')?.pruning).not.toBe('COVERING_COLUMN')
  const random = new Random()
  for (const name of ['repaired', 'holes']) {
    const boxes = random.list(40, () => {
      const [x, y] = [random.integer(4000) / 100, random.integer(name === 'holes' ? 100 : 2000) / 100]
      return [x, y, x + random.integer(300) / 100, y + random.integer(300) / 100]
    })
    const shapes = name === 'holes' ? await judged(file('holes')) : truth
    const expected = await python<number[]>(
      `import json, shapely, sys
boxes, shapes = json.load(sys.stdin)
shapes = [shapely.from_wkb(s) for s in shapes if s is not None]
print(json.dumps([sum(bool(shapely.intersects(s, shapely.box(*b))) for s in shapes) for b in boxes]))`,
      [],
      JSON.stringify([boxes, shapes.map(({ repaired }) => repaired)]),
    )
    const found: number[] = []
    for (const box of boxes)
      found.push(Number((await page(name, { more: `, where: { bbox: [${box}] }`, select: 'totalCount' })).totalCount))
    expect(found).toEqual(expected)
  }
})

test('drop leaves features that are not valid out of pages, counts, sorts and ids', async () => {
  const keyOf = ({ row }: { row: number }) => `p${String(row).padStart(4, '0')}`
  const kept = truth.filter(({ valid }) => valid).map(keyOf)
  expect(kept).toHaveLength(300)
  expect(layers.get('dropped')).toMatchObject({ featureCount: '300', onInvalid: 'DROP', geometryTypes: ['Point', 'Polygon'] })
  const all = await page('dropped')
  expect([all.totalCount, all.features.map(({ key }) => key)]).toEqual(['300', kept])
  const sorted = await page('dropped', { more: ', orderBy: [{ property: "parcel_id", direction: DESC }]' })
  expect(sorted.features.map(({ key }) => key)).toEqual(kept.toReversed())
  const [gone, there] = [truth.find(({ valid }) => !valid)!, truth.find(({ valid }) => valid)!].map(keyOf)
  expect(
    await ask(
      server,
      `{ a: feature(layer: "dropped", id: "${gone}") { key } b: feature(layer: "dropped", id: "${there}") { key } }`,
    ),
  ).toEqual({
    data: { a: null, b: { key: there } },
  })
})

test('a ring that is not closed is excluded by drop, and stays unchanged under repair', async () => {
  expect([layers.get('ring_dropped')?.featureCount, layers.get('ring_repaired')?.featureCount]).toEqual(['9', '10'])
  expect((await page('ring_dropped')).features.map(({ key }) => Number(key))).toEqual([0, 1, 2, 3, 4, 6, 7, 8, 9])
  expect((await page('ring_repaired')).features[5]?.geometry).toMatch(/^0103000000010000000400/i)
})

test('geometry in a native encoding can only be flagged: a problem says so', async () => {
  expect(layers.get('native')?.onInvalid).toBe('FLAG')
  expect(await problemsOf('native')).toEqual([
    'native.parquet: layer native: `onInvalid: drop` does not hold for geometry that is stored as native polygon: store it as WKB',
  ])
})

test('what cannot be met is a problem of its layer', async () => {
  expect(await problemsOf('absent')).toEqual(['absent.parquet: layer absent: there is no such file or folder'])
  const [several] = await problemsOf('several')
  expect(several).toMatch(/layer several: its path holds 7 sources: name one of them, or use a pattern$/)
  const [which] = await problemsOf('which')
  expect(which).toMatch(/^store.duckdb: layer which: it holds \d+ tables with geometry: name one with `table`$/)
  expect(await problemsOf('tableless')).toEqual([
    'store.duckdb: layer tableless: it holds no table nothing; one that is not in schema main is named schema.table',
  ])
})

test('another configuration of the same file has another fingerprint, and flag has the default one', () => {
  const changed = ['cadastre', 'hiding', 'showing', 'keyed', 'elsewhere', 'repaired', 'dropped']
  expect(new Set(changed.map((name) => layers.get(name)?.fingerprint)).size).toBe(changed.length)
  expect(layers.get('flagged')?.fingerprint).toBe(layers.get('cadastre')?.fingerprint)
})

test('a changed configuration expires cursors; another title does not', async () => {
  const { pageInfo } = await page('cadastre', { select: 'pageInfo { endCursor }' })
  const next = async (change: Partial<LayerConfig>) => {
    const of = await serve([], { layers: [{ name: 'cadastre', path: parcels, ...change }] })
    const { data, errors } = await ask<{ features: { count: number } }>(
      of,
      `{ features(layer: "cadastre", after: "${pageInfo.endCursor}") { count } }`,
    )
    await of.close()
    return data?.features.count ?? errors?.[0]?.extensions['code']
  }
  expect(await next({ columns: { exclude: ['owner'] } })).toBe('CURSOR_EXPIRED')
  expect(await next({ title: 'Land' })).toBe(0)
})
