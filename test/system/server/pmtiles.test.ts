/** PMTiles archives of layers: their tiles are those of the server, and independent readers read them. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PMTiles } from 'pmtiles'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fixture } from '../../fixtures/index.ts'
import { ROOT } from '../../support/environment.ts'
import { checked } from '../../support/graphql.ts'
import { runProgram } from '../../support/program.ts'
import { python } from '../../support/python.ts'
import { serve, type TestServer } from '../../support/server.ts'
import { SPATIAL_EXTENSION } from '../../support/spatial-extension.ts'

const PROGRAM = readFileSync(join(ROOT, 'test/system/server/tiles.py'), 'utf8')
/** More points than a tile shows. */
const MANY = `
import geopandas, numpy, sys
n = 60000
chance = numpy.random.default_rng(3)
x, y = chance.normal(0, 4, n), chance.normal(0, 4, n)
frame = geopandas.GeoDataFrame({'n': range(n)}, geometry=geopandas.points_from_xy(x, y), crs='OGC:CRS84')
frame.to_parquet(sys.argv[1], write_covering_bbox=True)
print('null')`
/** Zooms whose tiles are all compared. Of those below, every n-th is. */
const WHOLE = 3
const EVERY = 23

let folder: string
let server: TestServer
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'geoduck-pmtiles-'))
  await python(PROGRAM, ['make', folder])
  const many = join(folder, 'many.parquet')
  await python(MANY, [many])
  await writeFile(join(folder, 'plain.csv'), 'a,b\n1,2\n')
  const made = ['points.geojson', 'lines.geojson', 'polygons.geojson', 'plain.csv'].map((name) => join(folder, name))
  server = await serve([...made, many, await fixture('geoparquet/projected.parquet')])
  await checked(server)
})
afterAll(async () => {
  await server.close()
  await rm(folder, { recursive: true })
})

function archiveOf(bytes: Uint8Array<ArrayBuffer>): PMTiles {
  return new PMTiles({
    getKey: () => 'archive',
    getBytes: async (offset, length) => ({ data: bytes.slice(offset, offset + length).buffer }),
  })
}

async function downloaded(file: string): Promise<PMTiles> {
  const response = await fetch(`${server.url}/download/${file}`)
  expect(response.status, response.ok ? '' : await response.clone().text()).toBe(200)
  return archiveOf(new Uint8Array(await response.arrayBuffer()))
}

const hex = (bytes: ArrayBuffer | undefined) => (bytes ? Buffer.from(bytes).toString('hex') : '')

/** Returns the number of tiles that are in the archive, and the places where the server has another tile. */
async function comparedWithServer(archive: PMTiles, layer: string, parameters = '') {
  const { maxZoom } = await archive.getHeader()
  const places: string[] = []
  let found = 0
  for (let z = 0; z <= maxZoom; z++) {
    const n = 2 ** z
    // Below, tiles with features, and those around them.
    for (let i = 0; i < n * n; i += z <= WHOLE ? 1 : EVERY) {
      if (z <= WHOLE || (await archive.getZxy(z, i % n, Math.floor(i / n)))) places.push(`${z}/${i % n}/${Math.floor(i / n)}`)
      if (z > WHOLE && i % (EVERY * 40) === 0) places.push(`${z}/${i % n}/${Math.floor(i / n)}`)
    }
  }
  const different: string[] = []
  const compare = async () => {
    for (let place = places.pop(); place; place = places.pop()) {
      const [z, x, y] = place.split('/').map(Number)
      const tile = await archive.getZxy(z!, x!, y!)
      if (tile) found++
      const response = await fetch(`${server.url}/tiles/${layer}/${place}.mvt${parameters}`)
      if (hex(await response.arrayBuffer()) !== hex(tile?.data)) different.push(place)
    }
  }
  await Promise.all([compare(), compare()])
  return { found, different }
}

describe('a PMTiles archive', () => {
  it.each(['points', 'lines', 'polygons', 'projected'])(
    'of %s has the tiles of the server, and no other',
    async (layer) => {
      const archive = await downloaded(`${layer}.pmtiles?maxZoom=6`)
      const { found, different } = await comparedWithServer(archive, layer)
      expect(different).toEqual([])
      expect(found).toBeGreaterThan(layer === 'projected' ? 3 : 80)
    },
    120_000,
  )

  it('of a layer with more points than a tile shows has the share of them that the server shows instead of cells', async () => {
    const archive = await downloaded('many.pmtiles?maxZoom=8')
    const { found, different } = await comparedWithServer(archive, 'many', '?cells=0')
    expect(different).toEqual([])
    expect(found).toBeGreaterThan(30)
    const { dropped } = (await archive.getMetadata()) as { dropped: number[] }
    const described = await (await fetch(`${server.url}/tiles/many.json?cells=0`)).json()
    expect(dropped).toEqual(described.dropped)
    expect(dropped.length).toBeGreaterThan(1)
  })

  it('takes a filter, a box, properties and zooms, and describes itself', async () => {
    const where = encodeURIComponent('{"property":{"name":"n","lt":100}}')
    const archive = await downloaded(`points.pmtiles?where=${where}&properties=n&minZoom=1&maxZoom=4`)
    const parameters = `?where=${where}&properties=n`
    for (const [z, x, y] of [
      [1, 0, 0],
      [2, 3, 1],
      [4, 8, 7],
    ] as const) {
      const response = await fetch(`${server.url}/tiles/points/${z}/${x}/${y}.mvt${parameters}`)
      expect(hex((await archive.getZxy(z, x, y))?.data)).toBe(hex(await response.arrayBuffer()))
    }
    const header = await archive.getHeader()
    expect(header).toMatchObject({ minZoom: 1, maxZoom: 4, clustered: true, tileType: 1, tileCompression: 2 })
    expect([header.minLon, header.maxLon]).toEqual([expect.any(Number), expect.any(Number)])
    expect(await archive.getMetadata()).toEqual({
      name: 'points',
      vector_layers: [{ id: 'points', fields: { n: 'Number' }, minzoom: 1, maxzoom: 4 }],
      dropped: [],
    })
    const empty = await downloaded('points.pmtiles?bbox=0.00001,0.00001,0.00002,0.00002')
    expect(await empty.getZxy(0, 0, 0)).toBeUndefined()
    expect((await empty.getHeader()).numAddressedTiles).toBe(0)
  })

  it('has equal tiles once', async () => {
    const world = join(folder, 'world.geojson')
    const ring = [[-179, -80], [179, -80], [179, 80], [-179, 80], [-179, -80]] // biome-ignore format: a square
    await writeFile(world, JSON.stringify({ type: 'Polygon', coordinates: [ring] }))
    const out = join(folder, 'world.pmtiles')
    await exported(world, '--layer', 'world', '--out', out, '--max-zoom', '8')
    const archive = archiveOf(new Uint8Array(await readFile(out)))
    const header = await archive.getHeader()
    expect(header.numAddressedTiles).toBeGreaterThan(60_000)
    expect(header.numTileContents).toBeLessThan(2_000)
    const inside = await archive.getZxy(8, 100, 100)
    expect(hex((await archive.getZxy(8, 30, 120))?.data)).toBe(hex(inside?.data))
    expect(hex(inside?.data)).not.toBe('')
  })

  it('is read by GDAL with names, values and all features of its last zoom', async () => {
    const out = join(folder, 'points.pmtiles')
    await exported(join(folder, 'points.geojson'), '--layer', 'points', '--out', out)
    const read = `
import json, sys, pyogrio
frame = pyogrio.read_dataframe(sys.argv[1])
info = pyogrio.read_info(sys.argv[1])
print(json.dumps([sorted(set(frame['n'].tolist())), info['crs'], sorted(info['fields'].tolist()), sorted(set(frame['text']))[0]]))`
    const [numbers, crs, fields, text] = await python<[number[], string, string[], string]>(read, [out])
    expect(numbers).toEqual(Array.from({ length: 400 }, (_, n) => n))
    expect([crs, text]).toEqual(['EPSG:3857', 'points 0'])
    expect(fields).toEqual(expect.arrayContaining(['OGC_FID', 'half', 'n', 'odd', 'text']))
  })

  it.each([
    ['plain.pmtiles', 400, 'BAD_INPUT', 'is a table'],
    ['points.pmtiles?maxZoom=23', 400, 'BAD_INPUT', '`maxZoom` is from 0 to 22'],
    ['points.pmtiles?maxZoom=2&minZoom=3', 400, 'BAD_INPUT', 'less than `minZoom`'],
    ['points.pmtiles?maxZoom=1.5', 400, 'BAD_INPUT', 'a whole number'],
    ['points.pmtiles?crs=EPSG:3857', 400, 'BAD_INPUT', 'An archive of tiles takes no `crs`'],
    ['polygons.pmtiles?maxZoom=22', 413, 'LIMIT_EXCEEDED', 'ask for a smaller last zoom'],
  ])('%s has the status %d and the code %s', async (file, status, code, text) => {
    const response = await fetch(`${server.url}/download/${file}`)
    const { errors } = await response.json()
    expect([response.status, errors[0].extensions.code]).toEqual([status, code])
    expect(errors[0].message).toContain(text)
  })

  it('that is interrupted leaves nothing', async () => {
    const out = await mkdtemp(join(folder, 'interrupted-'))
    const file = join(ROOT, '.geoduck/demo/observations.parquet')
    const child = spawn(process.execPath, [...PROGRAM_ARGS, file, '--layer', 'observations', '--out', join(out, 'x.pmtiles')], {
      env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...environment() },
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      if (text.includes('writing the file')) child.kill('SIGINT')
    })
    expect(await once(child, 'close')).toEqual([1, null])
    expect(await readdir(out)).toEqual([])
  })
})

const PROGRAM_ARGS = [join(ROOT, 'src/main.ts'), 'export']

const environment = () => ({
  XDG_CACHE_HOME: folder,
  GEODUCK_SPATIAL_EXTENSION: SPATIAL_EXTENSION,
  GEODUCK_TEMP_DIRECTORY: folder,
  GEODUCK_TEMP_LIMIT: '1GB',
})

async function exported(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runProgram(process.execPath, [...PROGRAM_ARGS, ...args], { environment: environment() })
  expect([code, code === 0 ? '' : stderr]).toEqual([0, ''])
  return stdout
}
