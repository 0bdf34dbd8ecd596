/** Files that stream: what is in them, what they say when they fail, and what they leave behind. */
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { type IncomingMessage, request } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { gunzipSync } from 'node:zlib'
import { RecordBatchReader, tableFromIPC } from 'apache-arrow'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fixture } from '../../fixtures/index.ts'
import { BROKEN_CHUNK, brokenGrid, CHUNK, GRID_ROWS } from '../../support/faults/grid.ts'
import { ask, checked, quiet } from '../../support/graphql.ts'
import { squares } from '../../support/pool.ts'
import { python } from '../../support/python.ts'
import { PLACES, serve, type TestServer } from '../../support/server.ts'

const PLACES_ROWS = 7_343
/** More than what the kernel takes in of either format. */
const ROWS = 100_000

let server: TestServer
beforeAll(async () => {
  server = await serve([PLACES, await squares(ROWS), await fixture('geoparquet/projected.parquet')], {
    origins: ['https://listed.example'],
  })
  // The native types of Arrow need the geometry types, which a check reads.
  await checked(server)
})
afterAll(() => server.close())

const url = (file: string, given: Record<string, unknown> = {}, at = server): string => {
  const parameters = Object.entries(given).map(([name, value]) => [name, JSON.stringify(value)])
  return `${at.url}/download/${file}?${new URLSearchParams(parameters)}`
}

interface Feature {
  readonly type: string
  readonly id: string
  readonly geometry: unknown
  readonly properties: Record<string, unknown>
  readonly bbox?: readonly number[]
}

/** The features of whole lines, and what stands after the last whole line. */
function linesOf(text: string): { readonly features: readonly Feature[]; readonly rest: string } {
  const lines = text.split('\n')
  const rest = lines.pop()!
  return { features: lines.map((line) => JSON.parse(line)), rest }
}

async function featuresOf(address: string, init?: RequestInit): Promise<readonly Feature[]> {
  const { features, rest } = linesOf(await (await fetch(address, init)).text())
  expect(rest).toBe('')
  return features
}

const lines = (given: Record<string, unknown>) => featuresOf(url('places.geojsonl', given))

/** Trailers are beyond `fetch`, and some headers. */
async function open(file: string, given = {}, at = server, headers = {}): Promise<IncomingMessage> {
  const sent = request(url(file, given, at), { agent: false, headers })
  sent.end()
  return (await once(sent, 'response'))[0]
}

describe('a download', () => {
  const ORDER = [{ property: 'name', direction: 'DESC' }]

  it('as lines holds the features that a page does', async () => {
    const given = { where: { bbox: [0, 40, 20, 60] }, orderBy: ORDER, precision: 3 }
    const { data } = await ask<{ features: { geojson: { features: unknown[] } } }>(
      server,
      `query ($where: FeatureFilter, $orderBy: [FeatureOrder!]) {
        features(layer: "places", where: $where, orderBy: $orderBy, first: 10000) { geojson(precision: 3) }
      }`,
      given,
    )
    const features = await lines(given)
    expect(features.length).toBeGreaterThan(300)
    expect(features).toEqual(data!.features.geojson.features)
  })

  it('as Arrow is one stream with every feature', async () => {
    const bytes = new Uint8Array(await (await fetch(url('places.arrows'))).arrayBuffer())
    const table = tableFromIPC(bytes)
    const features = await lines({})
    expect(table.numRows).toBe(PLACES_ROWS)
    expect([...table.getChild('name')!]).toEqual(features.map(({ properties }) => properties['name']))
  })

  it('as Arrow has its geometry in the native type, or as WKB when that is requested', async () => {
    const metadata = async (given: object) => {
      const table = tableFromIPC(new Uint8Array(await (await fetch(url('places.arrows', { ...given, limit: 3 }))).arrayBuffer()))
      const features = await lines({ limit: 3, precision: 15 })
      const { metadata: extension } = table.schema.fields.find(({ name }) => name === 'geom')!
      return { name: extension.get('ARROW:extension:name'), geometry: table.getChild('geom')!.toArray(), features }
    }
    const native = await metadata({})
    expect(native.name).toBe('geoarrow.point')
    const coordinates = Array.from(native.geometry, (point) => [...(point as Iterable<number>)])
    expect(coordinates).toEqual(native.features.map(({ geometry }) => (geometry as { coordinates: number[] }).coordinates))
    expect((await metadata({ geometry: 'WKB' })).name).toBe('geoarrow.wkb')
  })

  it.each([1, 2, 3, 100, PLACES_ROWS])(
    'of %d features is read by pyarrow, GDAL and geopandas, as a file and by its address',
    async (limit) => {
      const folder = await mkdtemp(join(tmpdir(), 'geoduck-download-'))
      try {
        const addresses = ['places.arrows', 'places.geojsonl'].map((name) => url(name, { limit }))
        for (const address of addresses) {
          const name = new URL(address).pathname.split('/').pop()!
          await writeFile(join(folder, name), new Uint8Array(await (await fetch(address)).arrayBuffer()))
        }
        const program = `
import json, sys
import urllib.request, geopandas, pyarrow as pa, pyogrio
folder, arrows, lines = sys.argv[1:]
streamed = pa.ipc.open_stream(urllib.request.urlopen(arrows)).read_all()
names = pa.ipc.open_stream(open(folder + '/places.arrows', 'rb')).read_all().column('name').to_pylist()
frames = [
    pyogrio.read_dataframe(folder + '/places.geojsonl'),
    pyogrio.read_dataframe('/vsicurl_streaming/' + lines),
    geopandas.read_file(folder + '/places.geojsonl'),
    geopandas.read_file(lines),
]
print(json.dumps([len(names), streamed.num_rows] + [list(frame['name']) == names for frame in frames]))
`
        expect(await python(program, [folder, ...addresses])).toEqual([limit, limit, true, true, true, true])
        expect((await tableFromIPC(fetch(addresses[0]!))).numRows).toBe(limit)
      } finally {
        await rm(folder, { recursive: true })
      }
    },
  )

  it('has the cursor after its last feature in a trailer', async () => {
    const response = await open('places.geojsonl', { orderBy: ORDER, limit: 100 })
    const { features } = linesOf((await response.setEncoding('utf8').toArray()).join(''))
    const after = response.trailers['geoduck-cursor']
    const arrow = await open('places.arrows', { orderBy: ORDER, limit: 100 })
    await arrow.resume().toArray()
    expect(arrow.trailers['geoduck-cursor']).toBe(after)
    const rest = await lines({ orderBy: ORDER, after })
    expect([...features, ...rest]).toEqual(await lines({ orderBy: ORDER }))
  })

  it('is whole for a client of HTTP/1.0, which knows no trailers', async () => {
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1')
    socket.write('GET /download/places.geojsonl?limit=100 HTTP/1.0\r\n\r\n')
    const [head, body] = Buffer.concat(await socket.toArray())
      .toString()
      .split('\r\n\r\n')
    expect(head).toMatch(/^HTTP\/1.1 200 /)
    expect(linesOf(body!)).toEqual({ features: await lines({ limit: 100 }), rest: '' })
  })

  it('of no features is a file still', async () => {
    const where = { bbox: [0, -89, 1, -88] }
    expect(await lines({ where })).toEqual([])
    const table = tableFromIPC(new Uint8Array(await (await fetch(url('places.arrows', { where }))).arrayBuffer()))
    expect([table.numRows, table.schema.names.includes('geom')]).toEqual([0, true])
  })

  it('takes its arguments by POST as well', async () => {
    const given = { where: { property: { name: 'iso_a2', eq: 'IS' } }, limit: 3 }
    const got = await posted('', given)
    expect(got).toHaveLength(3)
    expect(got).toEqual(await lines(given))
    const { limit, ...others } = given
    expect(await posted(`limit=${limit}`, others)).toEqual(got)
    expect(await featuresOf(url('places.geojsonl', given), { method: 'POST' })).toEqual(got)
  })
})

function posted(query: string, given: object): Promise<readonly Feature[]> {
  const headers = { 'content-type': 'application/json' }
  return featuresOf(`${server.url}/download/places.geojsonl?${query}`, { method: 'POST', headers, body: JSON.stringify(given) })
}

describe('the address of a download takes', () => {
  const got = (query: string, file = 'places.geojsonl') => featuresOf(`${server.url}/download/${file}?${query}`)
  const BOX = [5, 45, 11, 48]

  it.each([
    'only=name,iso_a2',
    'only=iso_a2,%20name',
    'only=["name","iso_a2"]',
    'only=name&only=iso_a2',
    'properties=name,iso_a2',
    'properties=["name","iso_a2"]',
  ])('%s: the properties of a feature', async (query) => {
    const features = await got(`limit=3&${query}`)
    expect(features).toEqual(await lines({ limit: 3, only: ['name', 'iso_a2'] }))
    expect(features.map(({ properties }) => Object.keys(properties).sort())).toEqual(Array(3).fill(['iso_a2', 'name']))
  })

  it.each(['only=', 'properties=', 'only=[]'])('%s: no properties', async (query) => {
    expect((await got(`limit=3&${query}`)).map(({ properties }) => properties)).toEqual([{}, {}, {}])
  })

  it.each([
    'bbox=5,45,11,48',
    'bbox=5.0,%2045,1.1e1,48',
    'bbox=[5,45,11,48]',
    'bbox=5&bbox=45&bbox=11&bbox=48',
    'bbox=5,45,11,48&bbox-crs=OGC:CRS84',
  ])('%s: a box of the filter', async (query) => {
    const features = await got(query)
    expect(features.length).toBeGreaterThan(10)
    expect(features).toEqual(await lines({ where: { bbox: BOX } }))
  })

  it('a box and a filter, and true for the box of each feature', async () => {
    const property = { name: 'iso_a2', eq: 'CH' }
    const features = await got(`bbox=5,45,11,48&where=${JSON.stringify({ property })}`)
    expect(features.length).toBeGreaterThan(1)
    expect(features).toEqual(await lines({ where: { and: [{ property }, { bbox: BOX }] } }))
    const [feature] = await got('bbox=true&limit=1')
    expect(feature!.bbox).toHaveLength(4)
  })

  it('a box across the antimeridian', async () => {
    const features = await got('bbox=170,-50,-170,50')
    expect(features.length).toBeGreaterThan(1)
    expect(features).toEqual(await lines({ where: { bbox: [170, -50, -170, 50] } }))
  })

  it('a box in another CRS', async () => {
    const features = await got('bbox=556597,5621521,1224514,6106854&bbox-crs=EPSG:3857')
    const geometry = { bbox: [556_597, 5_621_521, 1_224_514, 6_106_854], crs: 'EPSG:3857' }
    expect(features.length).toBeGreaterThan(10)
    expect(features).toEqual(await lines({ where: { intersects: geometry } }))
  })

  it('and so does a body, as JSON', async () => {
    const features = await posted('', { bbox: BOX, properties: ['name'] })
    expect(features).toEqual(await lines({ where: { bbox: BOX }, only: ['name'] }))
  })

  const refused = async (query: string, file = 'places.geojsonl', init?: RequestInit) => {
    const response = await fetch(`${server.url}/download/${file}?${query}`, init)
    const { errors } = (await response.json()) as { errors: [{ message: string; extensions: { code: string } }] }
    expect([response.status, errors[0].extensions.code]).toEqual([400, 'BAD_INPUT'])
    return errors[0].message
  }

  it.each([
    ['lmit=1', 'use `limit`'],
    ['Bbox=1,2,3,4', 'use `bbox`'],
    ['only[]=name', 'use `only`'],
    ['filter=x', 'use `where`'],
    ['datetime=2020', 'use `where`'],
    ['sortby=-name', 'use `orderBy`'],
    ['offset=10', 'use `after`'],
    ['startIndex=10', 'use `after`'],
    ['fields=name', 'use `properties`'],
    ['f=json', 'use the ending of the path'],
    ['token=x', 'use the header'],
    ['constructor=x', 'takes no `constructor`. It takes where'],
  ])('no %s, and says what to use', async (query, instead) => {
    const message = await refused(query)
    expect(message).toContain(instead)
    expect(message).toContain(
      'It takes where, orderBy, limit, after, deadline, crs, simplify, precision, bbox, only, bbox-crs, properties.',
    )
  })

  it('no precision for Arrow, and no box of each feature', async () => {
    const takes = 'It takes where, orderBy, limit, after, deadline, crs, simplify, geometry, only, bbox, bbox-crs, properties.'
    expect(await refused('precision=3', 'places.arrows')).toBe(`A download takes no \`precision\`. ${takes}`)
    expect(await refused('bbox=true', 'places.arrows')).toContain('four finite numbers')
  })

  it.each([
    ['limit=1&limit=2', 'given twice'],
    ['only=["name"]&only=["iso_a2"]', 'given twice'],
    ['bbox=true&bbox=5', 'given twice'],
    ['only=name&properties=name', 'are the same'],
    ['bbox-crs=EPSG:3857', 'which is missing'],
    ['bbox=5,45,11', 'four finite numbers'],
    ['bbox=5,45,11,north', 'four finite numbers'],
    ['bbox=', 'four finite numbers'],
    ['properties=nam', 'Near: `name`'],
  ])('no %s', async (query, why) => {
    expect(await refused(query)).toContain(why)
  })

  it('no argument in its body too', async () => {
    const headers = { 'content-type': 'application/json' }
    expect(await refused('limit=1', 'places.geojsonl', { method: 'POST', headers, body: '{"limit":1}' })).toContain('given twice')
  })

  it('no box without a CRS for a layer that is not in longitude and latitude', async () => {
    const message = await refused('bbox=-180,-90,180,90', 'projected.arrows')
    expect(message).toContain('add the CRS of the box, `bbox-crs=OGC:CRS84`')
    const counts = ['', '?bbox=-40,20,70,80&bbox-crs=OGC:CRS84', '?bbox=0,0,0,0&bbox-crs=OGC:CRS84'].map(async (query) => {
      const response = await fetch(`${server.url}/download/projected.arrows${query}`)
      return tableFromIPC(new Uint8Array(await response.arrayBuffer())).numRows
    })
    const [all, inside, none] = await Promise.all(counts)
    expect([all! > 0, inside, none]).toEqual([true, all, 0])
  })
})

describe('before its first byte, a download', () => {
  it.each([
    ['of an unknown layer', 'nowhere.arrows', {}, 404, 'LAYER_NOT_FOUND'],
    ['with an argument that is none', 'places.arrows', { first: 1 }, 400, 'BAD_INPUT'],
    ['with an argument of another type', 'places.geojsonl', { limit: 'x' }, 400, 'BAD_INPUT'],
    ['with a number out of range', 'places.geojsonl', { precision: 16 }, 400, 'BAD_INPUT'],
    ['with a filter that is none', 'places.geojsonl', { where: { box: 1 } }, 400, 'BAD_INPUT'],
    ['with an unknown property', 'places.geojsonl', { orderBy: [{ property: 'nme' }] }, 400, 'BAD_INPUT'],
    ['with a cursor that is none', 'places.geojsonl', { after: 'AAAA' }, 400, 'CURSOR_INVALID'],
  ])('%s is refused with its status and code', async (_, file, given, status, code) => {
    const response = await fetch(url(file, given))
    expect([response.status, response.headers.get('content-type')]).toEqual([status, 'application/json; charset=utf-8'])
    expect(await response.json()).toMatchObject({ errors: [{ message: expect.any(String), extensions: { code, retry: false } }] })
  })

  it.each(['{bbox:[5,45,11,48]}', "{'bbox':[5,45,11,48]}"])(
    'with %s, which is no JSON, is refused with that reason',
    async (where) => {
      const response = await fetch(`${server.url}/download/places.geojsonl?${new URLSearchParams({ where })}`)
      const message = expect.stringContaining('`where` is no JSON')
      expect(await response.json()).toMatchObject({ errors: [{ message, extensions: { code: 'BAD_INPUT' } }] })
    },
  )

  it('with a filter nested beyond reason is refused', async () => {
    const body = `{"where":${'{"not":'.repeat(50_000)}{}${'}'.repeat(50_000)}}`
    const headers = { 'content-type': 'application/json' }
    const response = await fetch(`${server.url}/download/places.arrows`, { method: 'POST', headers, body })
    expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'LIMIT_EXCEEDED' } }] })
  })

  it('with a body larger than 1 MB is refused', async () => {
    const headers = { 'content-type': 'application/json' }
    const body = JSON.stringify({ after: 'x'.repeat(1_000_000) })
    const response = await fetch(`${server.url}/download/places.arrows`, { method: 'POST', headers, body })
    expect(response.status).toBe(413)
  })

  it.each([{ origin: 'https://other.example' }, { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }])(
    'for a page of another site (%o) is refused',
    async (headers) => {
      const response = await open('places.arrows', {}, server, headers)
      response.resume()
      expect(response.statusCode).toBe(403)
    },
  )

  it('for a page of a listed origin is allowed', async () => {
    const response = await fetch(url('places.arrows', { limit: 1 }), { headers: { origin: 'https://listed.example' } })
    expect([response.status, response.headers.get('access-control-allow-origin')]).toEqual([200, 'https://listed.example'])
  })

  it('by another method, and of another ending, is refused', async () => {
    expect((await fetch(url('places.arrows'), { method: 'DELETE' })).status).toBe(405)
    expect((await fetch(url('places.xlsx'))).status).toBe(404)
  })
})

describe('a download that its client', () => {
  it('leaves, ends at once', async () => {
    const response = await open('squares-100000.geojsonl')
    await once(response, 'data')
    response.destroy()
    await quiet(server)
  })

  it('does not read, holds no worker, and continues when it reads', async () => {
    const response = await open('squares-100000.arrows')
    for (;;) {
      const { data } = await ask<{ health: { streams: { parked: number } } }>(server, '{ health { streams { parked } } }')
      if (data!.health.streams.parked === 1) break
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    expect(tableFromIPC(Buffer.concat(await response.toArray())).numRows).toBe(ROWS)
  })
})

describe('a download that fails', () => {
  /** Reads what follows the last line: it is JSON only with one more character. */
  const errorOf = (rest: string): { extensions: Record<string, unknown> } => {
    expect(() => JSON.parse(rest)).toThrow()
    return JSON.parse(`${rest}}`).errors[0]
  }
  const read = async (response: IncomingMessage): Promise<Buffer> => {
    const pieces: Buffer[] = []
    response.on('data', (piece: Buffer) => pieces.push(piece))
    await expect(once(response, 'end')).rejects.toThrow('aborted')
    return Buffer.concat(pieces)
  }

  it('is cut off: lines end with a part of the error, with the cursor to resume from, and no reader accepts the Arrow', async () => {
    const stopping = await serve([await squares(ROWS)])
    const [text, arrow] = await Promise.all(
      ['geojsonl', 'arrows'].map((format) => open(`squares-100000.${format}`, {}, stopping)),
    )
    await Promise.all([text, arrow].map((response) => once(response!, 'readable')))
    const closed = stopping.close()
    const [cutText, cutArrow] = await Promise.all([read(text!), read(arrow!)])
    await closed
    const { features, rest } = linesOf(cutText.toString())
    const { extensions } = errorOf(rest)
    expect(extensions).toMatchObject({ code: 'SHUTTING_DOWN', cursor: expect.any(String) })
    const remaining = await featuresOf(url('squares-100000.geojsonl', { after: extensions['cursor'] }))
    const ids = [...features, ...remaining].map(({ id }) => id)
    expect(ids.length).toBe(ROWS)
    expect(new Set(ids).size).toBe(ROWS)
    await refusedByAll(cutArrow)
  })

  /** Reads by pyarrow, GDAL and apache-arrow. In all of them the file begins as a whole one does. */
  const refusedByAll = async (file: Buffer) => {
    const program = `
import base64, json, sys
import pyarrow as pa
batches, error = 0, None
try:
    for batch in pa.ipc.open_stream(base64.b64decode(sys.stdin.read())):
        batches += 1
except Exception as failure:
    error = str(failure)
print(json.dumps([batches, error]))
`
    const [batches, error] = await python<[number, string | null]>(program, [], file.toString('base64'))
    expect([batches > 0, error]).toEqual([true, expect.stringContaining('message body')])
    expect(() => tableFromIPC(file)).toThrow('to read 8 bytes for message body, but only read 7')
    await expect(tableFromIPC(Readable.from([file.subarray(0, 1_000), file.subarray(1_000)]))).rejects.toThrow('message body')
    const seen = async () => {
      let count = 0
      for await (const { numRows } of await RecordBatchReader.from(Readable.from([file]))) count += numRows
      return count
    }
    await expect(seen()).rejects.toThrow('message body')
  }

  it('while it is read ends inside a message, which every reader of Arrow refuses', async () => {
    const broken = await serve([await brokenGrid()])
    const where = { property: { name: 'id', gte: String((BROKEN_CHUNK - 3) * CHUNK) } }
    const bytes = await read(await open(`broken-${GRID_ROWS}.arrows`, { where }, broken))
    await broken.close()
    await refusedByAll(bytes)
  })

  it.each(['off', 'always'] as const)(
    'while it is read is cut off after its last line (compression: %s)',
    async (compression) => {
      const broken = await serve([await brokenGrid()], { compression })
      const where = { property: { name: 'id', gte: String((BROKEN_CHUNK - 3) * CHUNK) } }
      const response = await open(`broken-${GRID_ROWS}.geojsonl`, { where }, broken, { 'accept-encoding': 'gzip' })
      const bytes = await read(response)
      await broken.close()
      const { features, rest } = linesOf((compression === 'off' ? bytes : gunzipSync(bytes)).toString())
      expect(features.length).toBeLessThan(3 * CHUNK)
      expect(errorOf(rest).extensions['code']).toBe('SOURCE_UNREADABLE')
    },
  )
})
