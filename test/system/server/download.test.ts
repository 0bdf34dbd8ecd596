/** Files that stream: what is in them, what they say when they fail, and what they leave behind. */
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { type IncomingMessage, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { tableFromIPC } from 'apache-arrow'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BROKEN_CHUNK, brokenGrid, CHUNK, GRID_ROWS } from '../../support/faults/grid.ts'
import { ask, quiet } from '../../support/graphql.ts'
import { squares } from '../../support/pool.ts'
import { python } from '../../support/python.ts'
import { PLACES, serve, type TestServer } from '../../support/server.ts'

const PLACES_ROWS = 7_343
/** More than what the kernel takes in of either format. */
const ROWS = 100_000

let server: TestServer
beforeAll(async () => {
  server = await serve([PLACES, await squares(ROWS)], { origins: ['https://listed.example'] })
})
afterAll(() => server.close())

const url = (file: string, given: Record<string, unknown> = {}, at = server): string => {
  const parameters = Object.entries(given).map(([name, value]) => [name, JSON.stringify(value)])
  return `${at.url}/download/${file}?${new URLSearchParams(parameters)}`
}

interface Lines {
  readonly features: { id: string; geometry: unknown; properties: Record<string, unknown> }[]
  readonly last: Record<string, unknown>
}

function linesOf(text: string): Lines {
  const lines = text.trimEnd().split('\n')
  const last = JSON.parse(lines.pop()!)
  return { features: lines.map((line) => JSON.parse(line)), last }
}

const lines = async (given: Record<string, unknown>) => linesOf(await (await fetch(url('places.geojsonl', given))).text())

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
    const { features, last } = await lines(given)
    expect(features.length).toBeGreaterThan(300)
    expect(features).toEqual(data!.features.geojson.features)
    expect(last).toMatchObject({ type: 'FeatureCollection', features: [], cursor: expect.any(String) })
  })

  it('as Arrow is one stream with every feature', async () => {
    const bytes = new Uint8Array(await (await fetch(url('places.arrows'))).arrayBuffer())
    const table = tableFromIPC(bytes)
    const { features } = await lines({})
    expect(table.numRows).toBe(PLACES_ROWS)
    expect([...table.getChild('name')!]).toEqual(features.map(({ properties }) => properties['name']))
  })

  it('as Arrow has its geometry in the native type, or as WKB when that is requested', async () => {
    const metadata = async (given: object) => {
      const table = tableFromIPC(new Uint8Array(await (await fetch(url('places.arrows', { ...given, limit: 3 }))).arrayBuffer()))
      const { features } = await lines({ limit: 3, precision: 15 })
      const { metadata: extension } = table.schema.fields.find(({ name }) => name === 'geom')!
      return { name: extension.get('ARROW:extension:name'), geometry: table.getChild('geom')!.toArray(), features }
    }
    const native = await metadata({})
    expect(native.name).toBe('geoarrow.point')
    const coordinates = Array.from(native.geometry, (point) => [...(point as Iterable<number>)])
    expect(coordinates).toEqual(native.features.map(({ geometry }) => (geometry as { coordinates: number[] }).coordinates))
    expect((await metadata({ geometry: 'WKB' })).name).toBe('geoarrow.wkb')
  })

  it('is read by pyarrow and GDAL', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'geoduck-download-'))
    try {
      for (const name of ['places.arrows', 'places.geojsonl']) {
        await writeFile(join(folder, name), new Uint8Array(await (await fetch(url(name))).arrayBuffer()))
      }
      const program = `
import json, sys
import pyarrow as pa, pyogrio
table = pa.ipc.open_stream(open(sys.argv[1] + '/places.arrows', 'rb')).read_all()
frame = pyogrio.read_dataframe(sys.argv[1] + '/places.geojsonl')
print(json.dumps([table.num_rows, len(frame), table.column('name').to_pylist() == list(frame['name'])]))
`
      expect(await python(program, [folder])).toEqual([PLACES_ROWS, PLACES_ROWS, true])
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  it('ends with the cursor after its last feature, in a trailer and as the last line', async () => {
    const response = await open('places.geojsonl', { orderBy: ORDER, limit: 100 })
    const { features, last } = linesOf((await response.setEncoding('utf8').toArray()).join(''))
    expect(response.trailers['geoduck-cursor']).toBe(last['cursor'])
    const arrow = await open('places.arrows', { orderBy: ORDER, limit: 100 })
    await arrow.resume().toArray()
    expect(arrow.trailers['geoduck-cursor']).toBe(last['cursor'])
    const rest = await lines({ orderBy: ORDER, after: last['cursor'] })
    const whole = await lines({ orderBy: ORDER })
    expect([...features, ...rest.features]).toEqual(whole.features)
  })

  it('of no features is a file still', async () => {
    const where = { bbox: [0, -89, 1, -88] }
    expect(await lines({ where })).toEqual({ features: [], last: { type: 'FeatureCollection', features: [], cursor: null } })
    const table = tableFromIPC(new Uint8Array(await (await fetch(url('places.arrows', { where }))).arrayBuffer()))
    expect([table.numRows, table.schema.names.includes('geom')]).toEqual([0, true])
  })

  it('takes its arguments by POST as well', async () => {
    const given = { where: { property: { name: 'iso_a2', eq: 'IS' } }, limit: 3 }
    const response = await fetch(`${server.url}/download/places.geojsonl`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(given),
    })
    const got = linesOf(await response.text())
    expect(got.features).toHaveLength(3)
    expect(got).toEqual(await lines(given))
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
    expect((await fetch(url('places.csv'))).status).toBe(404)
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
  const read = async (response: IncomingMessage): Promise<Buffer> => {
    const pieces: Buffer[] = []
    response.on('data', (piece: Buffer) => pieces.push(piece))
    await expect(once(response, 'end')).rejects.toThrow('aborted')
    return Buffer.concat(pieces)
  }

  it('is cut off: lines end with the error and the cursor to resume from, and no reader accepts the Arrow', async () => {
    const stopping = await serve([await squares(ROWS)])
    const [text, arrow] = await Promise.all(
      ['geojsonl', 'arrows'].map((format) => open(`squares-100000.${format}`, {}, stopping)),
    )
    await Promise.all([text, arrow].map((response) => once(response!, 'readable')))
    const closed = stopping.close()
    const [cutText, cutArrow] = await Promise.all([read(text!), read(arrow!)])
    await closed
    const { features, last } = linesOf(cutText.toString())
    expect(last).toMatchObject({ errors: [{ extensions: { code: 'SHUTTING_DOWN', cursor: expect.any(String) } }] })
    const [error] = last['errors'] as { extensions: { cursor: string } }[]
    const rest = await fetch(url('squares-100000.geojsonl', { after: error!.extensions.cursor }))
    const ids = [...features, ...linesOf(await rest.text()).features].map(({ id }) => id)
    expect(ids.length).toBe(ROWS)
    expect(new Set(ids).size).toBe(ROWS)
    const program = `
import base64, json, sys
import pyarrow as pa
try:
    pa.ipc.open_stream(base64.b64decode(sys.stdin.read())).read_all()
    print(json.dumps('whole'))
except Exception as error:
    print(json.dumps(type(error).__name__))
`
    expect(await python(program, [], cutArrow.toString('base64'))).not.toBe('whole')
  })

  it.each(['off', 'always'] as const)(
    'while it is read is cut off after its last line (compression: %s)',
    async (compression) => {
      const broken = await serve([await brokenGrid()], { compression })
      const where = { property: { name: 'id', gte: String((BROKEN_CHUNK - 3) * CHUNK) } }
      const response = await open(`broken-${GRID_ROWS}.geojsonl`, { where }, broken, { 'accept-encoding': 'gzip' })
      const bytes = await read(response)
      await broken.close()
      const { features, last } = linesOf((compression === 'off' ? bytes : gunzipSync(bytes)).toString())
      expect(features.length).toBeLessThan(3 * CHUNK)
      expect(last).toMatchObject({ errors: [{ extensions: { code: 'SOURCE_UNREADABLE' } }] })
    },
  )
})
