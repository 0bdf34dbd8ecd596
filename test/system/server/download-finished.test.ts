/** Downloads that are made before they are sent: GeoParquet, GeoPackage, FlatGeobuf, Shapefile and KML. */
import { once } from 'node:events'
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Config } from '../../../src/config/config.ts'
import { fixture } from '../../fixtures/index.ts'
import { ROOT } from '../../support/environment.ts'
import { ask, checked } from '../../support/graphql.ts'
import { squares } from '../../support/pool.ts'
import { python } from '../../support/python.ts'
import { PLACES, serve, type TestServer } from '../../support/server.ts'

const FORMATS = ['parquet', 'gpkg', 'fgb', 'shp.zip', 'kml'] as const
/** Enough that an export takes a second. */
const ROWS = 100_000

let folder: string
let temp: string
let server: TestServer
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'geoduck-finished-'))
  temp = join(folder, 'temp')
  await mkdir(temp)
  server = await serve([PLACES, await squares(ROWS), await fixture('geoparquet/mixed.parquet')], { tempDirectory: temp })
  await checked(server)
})
afterAll(async () => {
  await server.close()
  await rm(folder, { recursive: true })
})

const get = (file: string, init: RequestInit = {}, at = server) => fetch(`${at.url}/download/${file}`, init)

/** Returns the status. `fetch` adds `cache-control: no-cache` to a conditional request. */
async function unfetched(file: string, headers: Record<string, string>): Promise<number | undefined> {
  const sent = request(`${server.url}/download/${file}`, { agent: false, headers })
  sent.end()
  const [response] = await once(sent, 'response')
  response.resume()
  return response.statusCode
}

async function tagOf(file: string, at = server): Promise<string | null> {
  const response = await get(file, { method: 'HEAD' }, at)
  expect(response.status).toBe(200)
  return response.headers.get('etag')
}

async function codeOf(response: Response): Promise<[status: number, code: string, message: string]> {
  const { errors } = (await response.json()) as { errors: [{ message: string; extensions: { code: string } }] }
  return [response.status, errors[0].extensions.code, errors[0].message]
}

/** The entries of the folder of the server's exports. */
async function entries(parent = temp): Promise<readonly string[]> {
  const name = (await readdir(parent)).find((entry) => entry.startsWith('geoduck-exports-'))
  return name === undefined ? [] : await readdir(join(parent, name))
}

/** Waits until no export runs. */
async function atRest(parent = temp): Promise<readonly string[]> {
  for (let n = 0; n < 200; n++) {
    const found = await entries(parent)
    if (!found.some((name) => name.startsWith('making-')) && (await exporters()).length === 0) return found
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error('an export does not end')
}

/** The processes of exports that this process has started. */
async function exporters(): Promise<readonly number[]> {
  const found: number[] = []
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const [command, status] = await Promise.all(
      ['cmdline', 'status'].map((name) => readFile(`/proc/${pid}/${name}`, 'utf8').catch(() => '')),
    )
    if (command!.includes('export/exporter') && new RegExp(`^PPid:\\s+${process.pid}$`, 'm').test(status!))
      found.push(Number(pid))
  }
  return found
}

async function anExporter(): Promise<number> {
  for (let n = 0; n < 200; n++) {
    const [pid] = await exporters()
    if (pid !== undefined) return pid
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error('no export has started')
}

describe('a download of a finished file', () => {
  it.each(FORMATS)('as .%s has all features, as GDAL or pyarrow and shapely read them', async (format) => {
    const response = await get(`places.${format}?properties=name,iso_a2`)
    expect(response.status).toBe(200)
    expect(response.headers.get('content-disposition')).toBe(`attachment; filename*=UTF-8''places.${format}`)
    const file = join(folder, `places.${format}`)
    await writeFile(file, new Uint8Array(await response.arrayBuffer()))
    expect(response.headers.get('content-length')).toBe(String((await stat(file)).size))
    const program = `
import json, sys, geopandas, warnings
warnings.simplefilter('ignore')
source, export = sys.argv[1:]
read = geopandas.read_parquet if export.endswith('.parquet') else geopandas.read_file
def rows(frame, name):
    return sorted((str(value), round(p.x, 6), round(p.y, 6)) for value, p in zip(frame[name], frame.geometry))
def equal(name, other):
    return rows(geopandas.read_parquet(source), name) == rows(read(export), other)
frame = read(export)
name = next(column for column in ('name', 'Name') if column in frame.columns and frame[column].notna().any())
print(json.dumps([equal('name', name), frame.crs.to_epsg() in (None, 4326)]))
`
    expect(await python(program, [PLACES, file])).toEqual([true, true])
  })

  it('is made once, and sent again, in ranges too', async () => {
    const first = await get('places.gpkg')
    const bytes = new Uint8Array(await first.arrayBuffer())
    const tag = first.headers.get('etag')!
    const [head, range, unchanged, none] = await Promise.all([
      get('places.gpkg', { method: 'HEAD' }),
      get('places.gpkg', { headers: { range: 'bytes=100-199' } }),
      unfetched('places.gpkg', { 'if-none-match': tag }),
      get('places.gpkg', { headers: { range: 'bytes=999999999-' } }),
    ])
    expect([head.status, head.headers.get('content-length'), head.headers.get('etag')]).toEqual([200, String(bytes.length), tag])
    expect([range.status, range.headers.get('content-range')]).toEqual([206, `bytes 100-199/${bytes.length}`])
    expect(new Uint8Array(await range.arrayBuffer())).toEqual(bytes.slice(100, 200))
    expect([unchanged, none.status]).toEqual([304, 416])
    expect((await get('places.gpkg')).headers.get('etag')).toBe(tag)
  })

  it('is in `health` while it is made or waits, and not after', async () => {
    type Report = {
      layer: string
      format: string
      stage: string
      percent: number | null
      bytes: string
      ageSeconds: number
      requests: number
    }
    const query = '{ health { exports { layer format stage percent bytes ageSeconds requests } } }'
    const seen: Report[][] = []
    const look = async () => {
      const { exports } = (await ask<{ health: { exports: Report[] } }>(server, query)).data!.health
      if (exports.length > 0) seen.push(exports)
      return exports.length
    }
    let isDone = false
    const layer = `squares-${ROWS}`
    const limits = [99_990, 99_991, 99_992]
    const made = Promise.all(limits.map((limit) => tagOf(`${layer}.gpkg?limit=${limit}`))).finally(() => {
      isDone = true
    })
    while (!isDone) await look()
    await made
    expect(await look()).toBe(0)
    const all = seen.flat()
    expect(new Set(all.map((one) => `${one.layer}.${one.format} ${one.requests}`))).toEqual(new Set([`${layer}.gpkg 1`]))
    expect(new Set(all.map(({ stage }) => stage))).toEqual(new Set(['WAITING', 'READING', 'WRITING']))
    // Two run at a time, and the third is the last of the list.
    const full = seen.find((exports) => exports.length === 3)!
    expect(full.map(({ stage }) => stage === 'WAITING')).toEqual([false, false, true])
    expect(Math.max(...all.map(({ bytes }) => Number(bytes)))).toBeGreaterThan(100_000)
    expect(all.every(({ ageSeconds }) => ageSeconds >= 0 && ageSeconds < 120)).toBe(true)
  })

  it('is made once for clients that ask at the same time, and again for another question', async () => {
    const question = 'places.fgb?properties=name'
    const [a, b, c] = await Promise.all([tagOf(question), tagOf(question), tagOf('places.fgb?properties=name&limit=10')])
    expect(a).toBe(b)
    expect(c).not.toBe(a)
  })

  it('takes the arguments of other downloads, by POST too', async () => {
    const file = join(folder, 'few.gpkg')
    const given = {
      where: { property: { name: 'iso_a2', eq: 'CH' } },
      bbox: [5, 45, 11, 48],
      properties: ['name'],
      crs: 'EPSG:3857',
    }
    const headers = { 'content-type': 'application/json' }
    const response = await get('places.gpkg', { method: 'POST', headers, body: JSON.stringify(given) })
    await writeFile(file, new Uint8Array(await response.arrayBuffer()))
    const program = `
import json, sys, geopandas
frame, source = geopandas.read_file(sys.argv[1]), geopandas.read_parquet(sys.argv[2])
wanted = source[source.iso_a2 == 'CH'].cx[5:11, 45:48].to_crs(3857)
print(json.dumps([frame.crs.to_epsg(), sorted(frame.name) == sorted(wanted.name), 'iso_a2' in frame, len(frame) > 1, bool(abs(frame.total_bounds - wanted.total_bounds).max() < 0.01)]))
`
    expect(await python(program, [file, PLACES])).toEqual([3857, true, false, true, true])
  })

  it('of another version of the data is another file', async () => {
    const path = join(folder, 'changing.parquet')
    await copyFile(PLACES, path)
    const own = join(folder, 'own-temp')
    await mkdir(own)
    const changing = await serve([path], { tempDirectory: own })
    const before = await tagOf('changing.parquet', changing)
    expect(await tagOf('changing.parquet', changing)).toBe(before)
    await copyFile(join(ROOT, '.geoduck/demo/countries.parquet'), path)
    await utimes(path, new Date(), new Date(Date.now() + 5_000))
    let after = before
    for (let n = 0; n < 100 && after === before; n++) {
      await new Promise((resolve) => setTimeout(resolve, 100))
      const response = await get('changing.parquet', { method: 'HEAD' }, changing)
      if (response.status === 200) after = response.headers.get('etag')
    }
    expect(after).not.toBe(before)
    await changing.close()
    expect(await readdir(own)).toEqual([])
  })
})

describe('a finished file is refused', () => {
  it.each([
    ['mixed.shp.zip', 400, 'UNSUPPORTED', 'one type of geometry'],
    ['places.kml?crs=EPSG:3857', 400, 'BAD_INPUT', 'KML is longitude and latitude'],
    ['places.gpkg?crs=EPSG:999999', 400, 'BAD_INPUT', 'crs'],
    ['nowhere.gpkg', 404, 'LAYER_NOT_FOUND', 'nowhere'],
    ['places.gpkg?precision=3', 400, 'BAD_INPUT', 'takes no `precision`'],
  ])('as %s', async (file, status, code, text) => {
    expect(await codeOf(await get(file))).toEqual([status, code, expect.stringContaining(text)])
    await atRest()
  })
})

describe('an export that stops', () => {
  it('because its client has gone leaves no process and no file', async () => {
    const before = await atRest()
    const sent = request(`${server.url}/download/squares-${ROWS}.kml`, { agent: false })
    sent.on('error', () => {})
    sent.end()
    await anExporter()
    sent.destroy()
    expect(await atRest()).toEqual(before)
  })

  it('because its process was killed is WORKER_LOST, and leaves no file', async () => {
    const before = await atRest()
    const response = get(`squares-${ROWS}.kml`)
    process.kill(await anExporter(), 'SIGKILL')
    expect((await codeOf(await response)).slice(0, 2)).toEqual([503, 'WORKER_LOST'])
    expect(await atRest()).toEqual(before)
  })

  const limited = async (config: Partial<Config>, test: (at: TestServer, own: string) => Promise<void>) => {
    const own = await mkdtemp(join(folder, 'limited-'))
    const at = await serve([PLACES, await squares(ROWS)], { tempDirectory: own, ...config })
    await test(at, own).finally(() => at.close())
    expect(await readdir(own)).toEqual([])
  }

  it('because it takes too long is DEADLINE_EXCEEDED', () =>
    limited({ exportSeconds: 0.05 }, async (at, own) => {
      expect((await codeOf(await get(`squares-${ROWS}.kml`, {}, at))).slice(0, 2)).toEqual([504, 'DEADLINE_EXCEEDED'])
      expect(await atRest(own)).toEqual([])
    }))

  it('because of the `deadline` of its request is DEADLINE_EXCEEDED', async () => {
    const before = await atRest()
    expect((await codeOf(await get(`squares-${ROWS}.kml?deadline=0.1`))).slice(0, 2)).toEqual([504, 'DEADLINE_EXCEEDED'])
    expect(await atRest()).toEqual(before)
  })

  it('because it is larger than the limit is LIMIT_EXCEEDED', () =>
    limited({ exportBytes: 2e6 }, async (at, own) => {
      expect((await codeOf(await get(`squares-${ROWS}.kml`, {}, at))).slice(0, 2)).toEqual([413, 'LIMIT_EXCEEDED'])
      expect(await atRest(own)).toEqual([])
    }))

  it('never: the file that was not used for the longest time makes room for another', () =>
    limited({ exportBytes: 6e6 }, async (at, own) => {
      const question = (n: number) => `places.gpkg?limit=${7_000 + n}`
      const first = await tagOf(question(0), at)
      for (let n = 1; n < 8; n++) await tagOf(question(n), at)
      const kept = await atRest(own)
      expect([kept.length > 0, kept.length < 8]).toEqual([true, true])
      expect(await tagOf(question(0), at)).not.toBe(first)
    }))
})

it('a client that stops in the middle of a file lets the next one have it', async () => {
  const sent = request(`${server.url}/download/squares-${ROWS}.gpkg`, { agent: false })
  sent.on('error', () => {})
  sent.end()
  const [response] = await once(sent, 'response')
  const tag = response.headers.etag
  response.destroy()
  expect(await tagOf(`squares-${ROWS}.gpkg`)).toBe(tag)
})
