/** Vector tiles: what independent readers find in them, at which code they fail, and when they are made. */
import { readFileSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { VectorTile } from '@mapbox/vector-tile'
import { PbfReader } from 'pbf'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fixture } from '../../fixtures/index.ts'
import { ROOT } from '../../support/environment.ts'
import { ask, checked } from '../../support/graphql.ts'
import { within } from '../../support/import.ts'
import { python } from '../../support/python.ts'
import { PLACES, serve, type TestServer } from '../../support/server.ts'

const PROGRAM = readFileSync(join(ROOT, 'test/system/server/tiles.py'), 'utf8')
const KINDS = ['points', 'lines', 'polygons'] as const

let folder: string
let server: TestServer
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'geoduck-tiles-'))
  await python(PROGRAM, ['make', folder])
  const files = KINDS.map((kind) => join(folder, `${kind}.geojson`))
  await writeFile(join(folder, 'plain.csv'), 'a,b\n1,2\n')
  server = await serve(
    [...files, join(folder, 'europe.parquet'), PLACES, join(folder, 'plain.csv'), await fixture('geoparquet/projected.parquet')],
    {
      origins: ['https://listed.example'],
      pageCacheBytes: 32e6,
    },
  )
  await checked(server)
})
afterAll(async () => {
  await server.close()
  await rm(folder, { recursive: true })
})

interface Drawn {
  readonly id: number | undefined
  readonly n: number
  readonly type: number
  readonly geometry: readonly (readonly (readonly [number, number])[])[]
  readonly properties: Readonly<Record<string, unknown>>
}

async function bytesOf(path: string, at = server): Promise<Uint8Array> {
  const response = await fetch(`${at.url}/tiles/${path}`)
  expect(response.status, await (response.ok ? '' : response.clone().text())).toBe(200)
  return new Uint8Array(await response.arrayBuffer())
}

function read(bytes: Uint8Array, layer: string): readonly Drawn[] {
  const tile = new VectorTile(new PbfReader(bytes))
  const found = tile.layers[layer]
  expect(Object.keys(tile.layers)).toEqual(found ? [layer] : [])
  return Array.from({ length: found?.length ?? 0 }, (_, i) => {
    const feature = found!.feature(i)
    const geometry = feature.loadGeometry().map((line) => line.map(({ x, y }) => [x, y] as const))
    const { id, type, properties } = feature
    return { id, n: Number(properties['n']), type, geometry, properties }
  })
}

const drawn = async (layer: string, place: string) => read(await bytesOf(`${layer}/${place}.mvt`), layer)

/** Tiles of the whole pyramid at low zooms, and tiles around corners and at the antimeridian at higher ones. */
function places(): string[] {
  const all = [0, 1, 2].flatMap((z) => {
    const n = 2 ** z
    return Array.from({ length: n * n }, (_, i) => `${z}/${i % n}/${Math.floor(i / n)}`)
  })
  const corners = [5, 8, 16].flatMap((z) => {
    const n = 2 ** z
    return [n / 2 - 1, n / 2, 0, n - 1, (5 * n) / 8].flatMap((x) => [n / 2 - 1, n / 2, n / 4].map((y) => `${z}/${x}/${y}`))
  })
  return [...all, ...corners]
}

describe('the tiles of a layer', () => {
  it.each(KINDS)(
    'hold the %s that shapely clips, within a unit, and in both or none of two neighbours',
    async (layer) => {
      const tiles = []
      for (const place of places()) {
        const [z, x, y] = place.split('/').map(Number)
        tiles.push({ layer, z, x, y, features: await drawn(layer, place) })
      }
      const judged = await python<{ faults: string[]; features: number; crossing: number }>(
        PROGRAM,
        ['judge', folder],
        JSON.stringify(tiles),
      )
      expect(judged.faults).toEqual([])
      expect(judged.features).toBeGreaterThan(1_000)
      expect(judged.crossing).toBeGreaterThan(layer === 'points' ? 0 : 100)
    },
    120_000,
  )

  it('hold the same in another CRS, whose positions are interpolated', async () => {
    const europe = [0, 3, 5, 8, 11, 14, 16].flatMap((z) => {
      const corners = [0, 1, 2, 3, 4, 5, 6, 7, 8].map((n) => tileOf([9 + n, 45 + (n % 7)], z).join('/'))
      return [...new Set(corners)].map((corner) => `${z}/${corner}`)
    })
    const tiles = []
    for (const place of europe) {
      const [z, x, y] = place.split('/').map(Number)
      tiles.push({ layer: 'europe', z, x, y, features: await drawn('europe', place) })
    }
    const judged = await python<{ faults: string[]; features: number }>(PROGRAM, ['judge', folder], JSON.stringify(tiles))
    expect(judged.faults).toEqual([])
    expect(judged.features).toBeGreaterThan(1_000)
    expect(await drawn('europe', '8/0/0')).toEqual([])
    const { bounds } = await (await fetch(`${server.url}/tiles/europe.json`)).json()
    expect(bounds[0]).toBeLessThan(9)
    expect(bounds[2]).toBeGreaterThan(17)
  })

  it('are read by GDAL with names, values and places', async () => {
    const paths = KINDS.map((kind) => `${kind}/0/0/0.mvt`)
    for (const path of paths) {
      await mkdir(dirname(join(folder, path)), { recursive: true })
      await writeFile(join(folder, path), await bytesOf(path))
    }
    const found = await python<{ n: number[]; texts: string[]; layer: string; dtypes: Record<string, string> }[]>(
      PROGRAM,
      ['gdal', folder],
      JSON.stringify(paths),
    )
    for (const [at, kind] of KINDS.entries()) {
      const { n, texts, layer, dtypes } = found[at]!
      expect(layer).toBe(kind)
      // GDAL clips the buffer.
      expect(new Set(n).size).toBeGreaterThan(370)
      expect(new Set(texts)).toEqual(new Set(n.map((one) => `${kind} ${one}`)))
      expect(dtypes).toMatchObject({ n: expect.stringMatching(/int/), half: 'float64', text: 'object' })
    }
  })

  it('together hold every feature at the largest zoom of a map', async () => {
    const features = new Set<string>()
    const lines = (await (await fetch(`${server.url}/download/places.geojsonl?where={"bbox":[2,48.5,2.6,49]}`)).text())
      .trim()
      .split('\n')
    for (const line of lines) {
      const { id, geometry } = JSON.parse(line)
      const [x, y] = tileOf(geometry.coordinates, 16)
      const found = (await drawn('places', `16/${x}/${y}`)).find((one) => String(one.id) === id)
      expect(found, id).toBeDefined()
      features.add(id)
    }
    expect(features.size).toBe(lines.length)
    expect(features.size).toBeGreaterThan(0)
  })

  it('join to the points, lines and polygons of the layer at the largest zoom of a map', async () => {
    interface Small {
      readonly layer: string
      readonly n: number
      readonly tiles: readonly (readonly [number, number])[]
    }
    const small = await python<Small[]>(PROGRAM, ['small', folder])
    const chosen = KINDS.flatMap((kind) => {
      const ofKind = small.filter(({ layer }) => layer === kind)
      return [...ofKind.filter(({ tiles }) => tiles.length > 1).slice(0, 30), ...ofKind.slice(0, 20)]
    })
    const joined = []
    for (const { layer, n, tiles } of chosen) {
      const read = tiles.map(async ([x, y]) => {
        const features = (await drawn(layer, `16/${x}/${y}`)).filter((one) => one.n === n)
        return { x, y, features }
      })
      joined.push({ layer, n, tiles: await Promise.all(read) })
    }
    const { faults, crossing } = await python<{ faults: string[]; crossing: number }>(
      PROGRAM,
      ['union', folder],
      JSON.stringify(joined),
    )
    expect(faults).toEqual([])
    expect(crossing).toBeGreaterThan(40)
  })

  it('have typed values, and the key as the id', async () => {
    const found = (await drawn('points', '0/0/0')).find(({ n }) => n === 5)!
    expect(found.properties).toEqual({ OGC_FID: found.id, n: 5, odd: true, half: 2.5, text: 'points 5' })
    expect(Number.isInteger(found.id)).toBe(true)
    const only = read(await bytesOf('points/0/0/0.mvt?properties=odd,text'), 'points')
    expect(Object.keys(only[1]!.properties)).toEqual(['odd', 'text'])
  })

  it('of a projected layer are where GDAL puts it', async () => {
    const program = `
import json, sys, geopandas
frame = geopandas.read_parquet(sys.argv[1]).to_crs('EPSG:3857')
print(json.dumps(list(frame.geometry.representative_point().iloc[0].coords[0]) + [len(frame)]))`
    const [east, north, count] = await python<number[]>(program, [await fixture('geoparquet/projected.parquet')])
    const world = 2 * Math.PI * 6_378_137
    for (const zoom of [0, 3, 6, 10]) {
      const [x, y] = [(east! / world + 0.5) * 2 ** zoom, (0.5 - north! / world) * 2 ** zoom]
      const found = await drawn('projected', `${zoom}/${Math.floor(x)}/${Math.floor(y)}`)
      expect(found.length, `zoom ${zoom}`).toBeGreaterThan(0)
      expect(found.length).toBeLessThanOrEqual(count!)
    }
    expect(await drawn('projected', '6/0/0')).toEqual([])
  })

  it('take a filter', async () => {
    const where = encodeURIComponent(JSON.stringify({ property: { name: 'n', lt: 10 } }))
    const found = read(await bytesOf(`points/0/0/0.mvt?where=${where}`), 'points')
    expect(new Set(found.map(({ n }) => n))).toEqual(new Set([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]))
  })
})

function tileOf([lon, lat]: readonly [number, number], zoom: number): [number, number] {
  const sin = Math.sin((lat * Math.PI) / 180)
  const n = 2 ** zoom
  return [Math.floor((lon / 360 + 0.5) * n), Math.floor((0.5 - Math.log((1 + sin) / (1 - sin)) / (4 * Math.PI)) * n)]
}

describe('TileJSON', () => {
  it('describes the layer with absolute addresses that are tiles', async () => {
    const response = await fetch(`${server.url}/tiles/points.json?properties=n`)
    const described = await response.json()
    expect(described).toMatchObject({
      tilejson: '3.0.0',
      name: 'points',
      tiles: [`${server.url}/tiles/points/{z}/{x}/{y}.mvt?properties=n`],
      minzoom: 0,
      maxzoom: 16,
      vector_layers: [{ id: 'points', fields: { n: 'Number' } }],
      dropped: [],
    })
    const [west, south, east, north] = described.bounds
    expect(west).toBeLessThan(east)
    expect(south).toBeLessThan(north)
    const tile = await fetch(described.tiles[0].replace('{z}', '1').replace('{x}', '0').replace('{y}', '0'))
    expect(tile.headers.get('content-type')).toBe('application/vnd.mapbox-vector-tile')
  })
})

describe('the field `tiles`', () => {
  const QUERY = 'query ($where: FeatureFilter) { tiles(layer: "points", where: $where) { url tileJson } }'
  const tilesOf = async (where: object | null) =>
    await ask<{ tiles: { url: string; tileJson: string } }>(server, QUERY, { where })

  it('signs a filter into the addresses of tiles', async () => {
    const geojson = {
      type: 'Polygon',
      coordinates: [
        [
          [-180, -85],
          [180, -85],
          [180, 85],
          [-180, 85],
          [-180, -85],
        ],
      ],
    }
    const where = { and: [{ property: { name: 'n', lt: 10 } }, { intersects: { geojson } }] }
    const { tiles } = (await tilesOf(where)).data!
    expect(tiles.url).toMatch(/^\/tiles\/points\/{z}\/{x}\/{y}\.mvt\?filter=[\w-]+$/)
    const described = await (await fetch(`${server.url}${tiles.tileJson}`)).json()
    expect(described.tiles).toEqual([`${server.url}${tiles.url}`])
    const place = (url: string) => url.replace('{z}/{x}/{y}', '0/0/0')
    const found = read(new Uint8Array(await (await fetch(place(described.tiles[0]))).arrayBuffer()), 'points')
    expect(new Set(found.map(({ n }) => n)).size).toBeGreaterThan(7)
    expect(Math.max(...found.map(({ n }) => n))).toBe(9)
    // Its signature holds for this layer and this filter only.
    const changed = tiles.url.replace(
      /(filter=.{30})./,
      (_, head: string) => `${head}${tiles.url.includes(`${head}A`) ? 'B' : 'A'}`,
    )
    for (const wrong of [changed, tiles.url.replace('points', 'lines'), '/tiles/points/{z}/{x}/{y}.mvt?filter=abc']) {
      const response = await fetch(`${server.url}${place(wrong)}`)
      expect([response.status, (await response.json()).errors[0].extensions.code]).toEqual([400, 'BAD_INPUT'])
    }
  })

  it('has addresses without a filter, and refuses one that is wrong or too long for a URL', async () => {
    expect((await tilesOf(null)).data!.tiles).toEqual({ url: '/tiles/points/{z}/{x}/{y}.mvt', tileJson: '/tiles/points.json' })
    const code = async (where: object) => (await tilesOf(where)).errors![0]!.extensions!['code']
    expect(await code({ property: { name: 'nothing', eq: 1 } })).toBe('BAD_INPUT')
    const random = Array.from({ length: 1_000 }, (_, n) => [180 * Math.sin(n * n), 80 * Math.cos(n ** 3)])
    expect(await code({ intersects: { geojson: { type: 'MultiPoint', coordinates: random } } })).toBe('LIMIT_EXCEEDED')
  })
})

describe('a request for a tile', () => {
  it.each([
    ['points/23/0/0.mvt', 400, 'BAD_INPUT', 'Tiles have a zoom from 0 to 22'],
    ['points/2/4/0.mvt', 400, 'BAD_INPUT', 'x and y from 0 to 3'],
    ['points/2/0/4.mvt', 400, 'BAD_INPUT', 'x and y from 0 to 3'],
    ['points/0/0/0.mvt?wher={}', 400, 'BAD_INPUT', 'use `where`'],
    ['points/0/0/0.mvt?where={"bbox":[1]}', 400, 'BAD_INPUT', 'four finite numbers'],
    ['plain/0/0/0.mvt', 400, 'BAD_INPUT', 'is a table'],
    ['plain.json', 400, 'BAD_INPUT', 'is a table'],
    ['nothing/0/0/0.mvt', 404, 'LAYER_NOT_FOUND', 'No layer is named'],
    ['nothing.json', 404, 'LAYER_NOT_FOUND', 'No layer is named'],
  ])('%s has the status %d and the code %s', async (path, status, code, text) => {
    const response = await fetch(`${server.url}/tiles/${path}`)
    const { errors } = await response.json()
    expect([response.status, errors[0].extensions.code]).toEqual([status, code])
    expect(errors[0].message).toContain(text)
  })

  it.each(['points/0/0.mvt', 'points/a/0/0.mvt', 'points/-1/0/0.mvt', 'points'])('%s is not found', async (path) => {
    expect((await fetch(`${server.url}/tiles/${path}`)).status).toBe(404)
  })

  it('is answered with 304 if the client has the tile, and from memory if another client had it', async () => {
    const address = `${server.url}/tiles/lines/1/1/0.mvt`
    const first = await fetch(address)
    const bytes = await first.arrayBuffer()
    const etag = first.headers.get('etag')!
    expect(etag).toMatch(/^W\/".+-0"$/)
    expect((await fetch(address, { headers: { 'if-none-match': etag } })).status).toBe(304)
    const again = await fetch(address)
    expect(Buffer.from(await again.arrayBuffer()).equals(Buffer.from(bytes))).toBe(true)
    expect([again.headers.get('etag'), again.headers.get('geoduck-dropped')]).toEqual([etag, '0'])
    expect(again.headers.get('content-type')).toBe('application/vnd.mapbox-vector-tile')
    const other = (await fetch(`${address}?where={"bbox":[0,0,1,1]}`)).headers.get('etag')
    expect(other).not.toBe(etag)
  })

  it('has the rules of a download for origins, tokens and methods', async () => {
    const address = `${server.url}/tiles/points/0/0/0.mvt`
    const listed = await fetch(address, { headers: { origin: 'https://listed.example' } })
    expect(listed.headers.get('access-control-allow-origin')).toBe('https://listed.example')
    expect(listed.headers.get('access-control-expose-headers')).toContain('geoduck-dropped')
    expect((await fetch(address, { headers: { origin: 'https://other.example' } })).status).toBe(403)
    expect((await fetch(address, { method: 'POST' })).status).toBe(405)
    const head = await fetch(address, { method: 'HEAD' })
    expect([head.status, (await head.arrayBuffer()).byteLength]).toEqual([200, 0])
    const closed = await serve([PLACES], { token: 'secret' })
    try {
      const without = await fetch(`${closed.url}/tiles/places/0/0/0.mvt`)
      expect([without.status, (await without.json()).errors[0].extensions.code]).toEqual([401, 'UNAUTHENTICATED'])
      const withToken = await fetch(`${closed.url}/tiles/places/0/0/0.mvt`, { headers: { authorization: 'Bearer secret' } })
      expect(withToken.headers.get('cache-control')).toBe('private, no-cache')
    } finally {
      await closed.close()
    }
  })
})

describe('tiles on disk', () => {
  it('are sent after a restart without a count and without the engine, unless they are damaged', async () => {
    const own = await mkdtemp(join(tmpdir(), 'geoduck-tiles-cache-'))
    const file = join(own, 'shown.geojson')
    await writeFile(file, await readFile(join(folder, 'polygons.geojson')))
    const start = async () => {
      const started = await serve([file], { cacheDirectory: own, tileCacheBytes: 64e6 })
      await checked(started)
      return started
    }
    const answers = async (at: TestServer) => {
      const metrics = await (await fetch(`${at.url}/metrics`)).text()
      return ['hit', 'miss'].map((answer) =>
        Number(new RegExp(`tile_cache_requests_total{answer="${answer}"} (\\d+)`).exec(metrics)?.[1]),
      )
    }
    const kept = async () =>
      (await readdir(join(own, 'tiles'), { recursive: true, withFileTypes: true }).catch(() => [])).filter((one) => one.isFile())
    try {
      const first = await start()
      const made = await bytesOf('shown/1/1/0.mvt', first)
      expect(await bytesOf('shown/0/0/0.mvt', first)).not.toEqual(made)
      expect(await answers(first)).toEqual([0, 2])
      for (let tries = 0; tries < 100 && (await kept()).length < 2; tries++) await sleep(50)
      expect(await kept()).toHaveLength(2)
      await first.close()
      const second = await start()
      expect(await bytesOf('shown/1/1/0.mvt', second)).toEqual(made)
      expect(await answers(second)).toEqual([1, 0])
      const noStore = await fetch(`${second.url}/tiles/shown/1/1/0.mvt`, { headers: { 'cache-control': 'no-store' } })
      expect(new Uint8Array(await noStore.arrayBuffer())).toEqual(made)
      expect(await answers(second)).toEqual([1, 0])
      for (const { parentPath, name } of await kept()) await truncate(join(parentPath, name), 50)
      expect(await bytesOf('shown/1/1/0.mvt', second)).toEqual(made)
      expect(await answers(second)).toEqual([1, 1])
      await second.close()
      // Other data have other tiles.
      await writeFile(file, (await readFile(file, 'utf8')).replace('"n": 399', '"n": 1399'))
      const third = await start()
      expect(read(await bytesOf('shown/0/0/0.mvt', third), 'shown').some(({ n }) => n === 1_399)).toBe(true)
      await third.close()
    } finally {
      await rm(own, { recursive: true })
    }
  })
})

describe('a layer of more points than a tile shows', () => {
  it('has cells with counts at low zooms, whose sum is the layer, and all features at higher zooms', async () => {
    const file = join(folder, 'crowd.parquet')
    const program = `
import geopandas, json, numpy, sys
chance = numpy.random.default_rng(4)
n = 40000
x, y = chance.uniform(-180, 180, n), chance.uniform(-89, 89, n)
x[:25000], y[:25000] = chance.normal(11.25, 0.3, 25000), chance.normal(40.98, 0.3, 25000)
x[-300:] = 180.0; x[-600:-300] = 181.5; y[-900:-600] = 90.0
points = geopandas.points_from_xy(x, y).to_numpy()
points[100] = None
frame = geopandas.GeoDataFrame({'n': range(n), 'odd': numpy.arange(n) % 2}, geometry=points, crs='OGC:CRS84')
frame.to_parquet(sys.argv[1], write_covering_bbox=True)
frame.set_crs(None, allow_override=True)[~frame.geometry.isna()][:24000].to_parquet(sys.argv[3])
geopandas.GeoDataFrame({'n': range(25000)}, geometry=points[:25000], crs='OGC:CRS84').to_crs('EPSG:3035').to_parquet(sys.argv[2], write_covering_bbox=True)
print(json.dumps([x.tolist(), y.tolist()]))`
    const projected = join(folder, 'crowd3035.parquet')
    const untyped = join(folder, 'untyped.parquet')
    const [xs, ys] = await python<[number[], number[]]>(program, [file, projected, untyped])
    const crowd = await serve([file, projected, untyped])
    try {
      const tileJson = await (await fetch(`${crowd.url}/tiles/crowd.json`)).json()
      const { maxzoom, ...cells } = tileJson.cells
      expect(cells).toEqual({ property: 'point_count', across: 64 })
      expect(tileJson.dropped).toEqual([])
      expect(tileJson.vector_layers[0].fields).toMatchObject({ point_count: 'Number', n: 'Number' })
      expect(maxzoom).toBeGreaterThan(3)
      const at = async (place: string, layer = 'crowd', parameters = '') => {
        const response = await fetch(`${crowd.url}/tiles/${layer}/${place}.mvt${parameters}`)
        return {
          dropped: response.headers.get('geoduck-dropped'),
          found: read(new Uint8Array(await response.arrayBuffer()), layer),
        }
      }
      /** The counts of the cells of a zoom, by their place among all of it. */
      const cellsAt = (zoom: number, across: number) => {
        const side = across * 2 ** zoom
        const counts = new Map<string, number>()
        for (const [n, x] of xs.entries()) {
          if (n === 100) continue
          const [column, row] = tileOf(
            [((x + 540) % 360) - 180, Math.max(-85.05112877980659, Math.min(85.05112877980659, ys[n]!))],
            zoom + Math.log2(across),
          )
          const place = `${Math.max(0, Math.min(side - 1, column))}/${Math.max(0, Math.min(side - 1, row))}`
          counts.set(place, (counts.get(place) ?? 0) + 1)
        }
        return counts
      }
      for (const [zoom, across] of [
        [0, 64],
        [1, 64],
        [2, 16],
        [3, 64],
        [1, 128],
      ] as const) {
        const expected = cellsAt(zoom, across)
        const found = new Map<string, number>()
        const tiles = Array.from({ length: 4 ** zoom }, (_, n) => [n % 2 ** zoom, Math.floor(n / 2 ** zoom)] as const)
        for (const [x, y] of tiles) {
          const tile = await at(`${zoom}/${x}/${y}`, 'crowd', `?cells=${across}`)
          expect(tile.dropped).toBe('0')
          for (const { id, properties, geometry, type } of tile.found) {
            expect(type).toBe(1)
            expect(Object.keys(properties)).toEqual(['point_count'])
            const [left, top] = geometry[0]![0]!
            const size = 4_096 / across
            const place = `${x * across + Math.floor(left / size)}/${y * across + Math.floor(top / size)}`
            expect(found.has(place)).toBe(false)
            const [column, row] = place.split('/').map(Number)
            expect(id).toBe(row! * across * 2 ** zoom + column!)
            found.set(place, properties['point_count'] as number)
          }
        }
        const total = [...found.values()].reduce((sum, count) => sum + count, 0)
        expect(total, `zoom ${zoom}`).toBe(39_999)
        // sin and ln may differ in the last bit at an edge.
        const differing = [...expected].filter(([place, count]) => found.get(place) !== count)
        expect(differing.length).toBeLessThanOrEqual(2)
      }
      // A cell is where its features are.
      const alone = (await at(`${maxzoom}/${tileOf([11.25, 40.98], maxzoom).join('/')}`)).found
      expect(alone.length).toBeGreaterThan(50)
      expect(new Set(alone.map(({ geometry }) => geometry[0]![0]![0] % 64)).size).toBeGreaterThan(20)
      const next = await at(`${maxzoom + 1}/${tileOf([11.25, 40.98], maxzoom + 1).join('/')}`)
      expect(next.found.every(({ properties }) => 'n' in properties && !('point_count' in properties))).toBe(true)
      expect(next.dropped).toBe('0')
      // Without cells, there is a share of the features.
      const share = await at('0/0/0', 'crowd', '?cells=0')
      expect(Number(share.dropped)).toBeGreaterThan(0.7)
      expect(share.found[0]!.properties).toHaveProperty('n')
      const odd = await at('0/0/0', 'crowd', `?where=${encodeURIComponent('{"property":{"name":"odd","eq":1}}')}`)
      expect(odd.found.reduce((sum, { properties }) => sum + Number(properties['point_count']), 0)).toBe(20_000)
      const other = await at('4/8/5', 'crowd3035')
      const all = await Promise.all(['4/8/6', '4/7/5', '4/7/6', '4/9/5', '4/9/6'].map((place) => at(place, 'crowd3035')))
      const count = [other, ...all]
        .flatMap(({ found }) => found)
        .reduce((sum, { properties }) => sum + Number(properties['point_count']), 0)
      expect(count).toBe(24_999)
      // Without a CRS, degrees are longitude and latitude.
      const ofDegrees = await at('0/0/0', 'untyped')
      expect(ofDegrees.found.reduce((sum, { properties }) => sum + Number(properties['point_count']), 0)).toBe(24_000)
      for (const wrong of ['?cells=7', '?cells=true']) {
        const response = await fetch(`${crowd.url}/tiles/crowd/0/0/0.mvt${wrong}`)
        expect([response.status, (await response.json()).errors[0].extensions.code]).toEqual([400, 'BAD_INPUT'])
      }
    } finally {
      await crowd.close()
    }
  })
})

describe('a layer with more features than a tile shows', () => {
  it('shows the same share of them in every tile of a zoom, reports it, and shows all at a high zoom', async () => {
    const program = `
import geopandas, json, numpy, sys
n = 60000
chance = numpy.random.default_rng(3)
x, y = chance.uniform(-10, 10, n), chance.uniform(-10, 10, n)
frame = geopandas.GeoDataFrame({'n': range(n)}, geometry=geopandas.points_from_xy(x, y), crs='OGC:CRS84')
frame.to_parquet(sys.argv[1], write_covering_bbox=True)
print(json.dumps([x.tolist(), y.tolist()]))`
    const file = join(folder, 'many.parquet')
    const [xs, ys] = await python<[number[], number[]]>(program, [file])
    // The engine must not see a predicate of the row number in the scan of a table.
    const store = join(folder, 'stored.duckdb')
    await within(store, [
      `CREATE TABLE stored AS SELECT * FROM read_parquet('${file}')`,
      'CREATE INDEX place ON stored USING RTREE (geometry)',
    ])
    const many = await serve([file, store])
    try {
      const numbers = async (place: string) => {
        const response = await fetch(`${many.url}/tiles/many/${place}.mvt?cells=0`)
        const found = read(new Uint8Array(await response.arrayBuffer()), 'many')
        return { dropped: Number(response.headers.get('geoduck-dropped')), found: new Set(found.map(({ n }) => n)), drawn: found }
      }
      const whole = await numbers('0/0/0')
      expect(whole.dropped).toBe(0.875)
      expect(whole.found.size).toBeGreaterThan(6_000)
      expect(whole.found.size).toBeLessThan(9_000)
      const quarters = await Promise.all(['1/0/0', '1/1/0', '1/0/1', '1/1/1'].map(numbers))
      const shown = new Set(quarters.flatMap(({ found }) => [...found]))
      // Zooming in only adds features.
      for (const n of whole.found) expect(shown.has(n)).toBe(true)
      // In the buffers of two neighbours is the same.
      const [west, east] = [quarters[0]!, quarters[1]!]
      const near = (degrees: number) => xs.flatMap((x, n) => (Math.abs(x) < degrees && ys[n]! > 3 ? [n] : []))
      const common = near(2)
      expect(common.filter((n) => west.found.has(n))).toEqual(common.filter((n) => east.found.has(n)))
      const { dropped } = await (await fetch(`${many.url}/tiles/many.json?cells=0`)).json()
      expect(dropped[0]).toBe(0.875)
      expect(dropped[1]).toBe(quarters[0]!.dropped)
      for (const place of ['0/0/0', '1/1/0', '8/128/127']) {
        const response = await fetch(`${many.url}/tiles/stored/${place}.mvt?cells=0`)
        expect(response.status).toBe(200)
        const expected = await numbers(place)
        expect(Number(response.headers.get('geoduck-dropped'))).toBe(expected.dropped)
        const stored = read(new Uint8Array(await response.arrayBuffer()), 'stored')
        expect(new Set(stored.map(({ n }) => n))).toEqual(expected.found)
      }
      const high = await numbers('8/128/127')
      expect(high.dropped).toBe(0)
      const expected = xs.flatMap((x, n) => (x >= 0 && x < 1.40625 && ys[n]! >= 0 && ys[n]! < 1.4 ? [n] : []))
      for (const n of expected) expect(high.found.has(n)).toBe(true)
    } finally {
      await many.close()
    }
  })
})

describe('a layer of many polygons', () => {
  it('shows the largest ones at low zooms, or those with the largest values of the column that the configuration names', async () => {
    const program = `
import geopandas, json, numpy, shapely, sys
n = 30000
chance = numpy.random.default_rng(5)
x, y = chance.uniform(-30, 30, n), chance.uniform(-30, 30, n)
side = chance.uniform(0.01, 0.2, n)
value = numpy.where(numpy.arange(n) % 3 == 0, numpy.nan, numpy.floor(chance.uniform(0, 50, n)))
value[5] = numpy.inf
frame = geopandas.GeoDataFrame({'n': range(n), 'value': value, 'word': ['a'] * n}, geometry=shapely.box(x, y, x + side, y + side), crs='OGC:CRS84')
frame.to_parquet(sys.argv[1], write_covering_bbox=True)
frame.to_parquet(sys.argv[2])
print(json.dumps([(frame.bounds.maxx - frame.bounds.minx + frame.bounds.maxy - frame.bounds.miny).tolist(), [None if numpy.isnan(v) or numpy.isinf(v) else v for v in value]]))`
    const [file, plain] = [join(folder, 'squares.parquet'), join(folder, 'uncovered.parquet')]
    const [sizes, values] = await python<[number[], (number | null)[]]>(program, [file, plain])
    const layers = [
      { name: 'sized', path: file },
      { name: 'valued', path: file, importance: 'value' },
      { name: 'wrong', path: file, importance: 'word' },
      { name: 'uncovered', path: plain },
    ]
    const many = await serve([], { layers })
    try {
      await checked(many)
      const shown = async (layer: string, place: string) => {
        const response = await fetch(`${many.url}/tiles/${layer}/${place}.mvt`)
        const found = read(new Uint8Array(await response.arrayBuffer()), layer).map(({ n }) => n)
        return { kept: 1 - Number(response.headers.get('geoduck-dropped')), found: new Set(found) }
      }
      const bySize = [...sizes.keys()].sort((a, b) => sizes[b]! - sizes[a]!)
      for (const layer of ['sized', 'uncovered', 'wrong']) {
        const { kept, found } = await shown(layer, '0/0/0')
        expect(kept).toBe(0.25)
        const expected = bySize.slice(0, sizes.length * kept)
        expect(Math.abs(found.size - expected.length), layer).toBeLessThan(3)
        expect(expected.slice(0, -3).filter((n) => !found.has(n))).toEqual([])
      }
      const { kept, found } = await shown('valued', '0/0/0')
      expect(Math.abs(found.size / sizes.length - kept)).toBeLessThan(0.01)
      // Features with the value at the threshold are shown in part.
      const least = Math.min(...[...found].map((n) => values[n] ?? -1))
      expect(least).toBeGreaterThan(20)
      expect(values.flatMap((value, n) => (value !== null && value > least && !found.has(n) ? [n] : []))).toEqual([])
      const ties = values.flatMap((value, n) => (value === least ? [n] : []))
      expect(ties.filter((n) => found.has(n)).length).toBeLessThan(ties.length)
      // A map that zooms in only adds features.
      const quarters = await Promise.all(['1/0/0', '1/1/0', '1/0/1', '1/1/1'].map((place) => shown('valued', place)))
      const below = new Set(quarters.flatMap((one) => [...one.found]))
      expect([...found].filter((n) => !below.has(n))).toEqual([])
      const { health } = (
        await ask<{ health: { problems: { reason: string }[] } }>(many, '{ health { problems { reason } } }', {})
      ).data!
      expect(health.problems.map(({ reason }) => reason).join()).toContain('`importance` names `word`, which is VARCHAR')
    } finally {
      await many.close()
    }
  })
})
