/** Downloads as GeoJSON and CSV: what independent readers find in them, and what a broken one looks like. */
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { type IncomingMessage, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fixture } from '../../fixtures/index.ts'
import { BROKEN_CHUNK, brokenGrid, CHUNK, GRID_ROWS } from '../../support/faults/grid.ts'
import { checked } from '../../support/graphql.ts'
import { squares } from '../../support/pool.ts'
import { python } from '../../support/python.ts'
import { PLACES, serve, type TestServer } from '../../support/server.ts'

const PLACES_ROWS = 7_343
/** More than one batch. */
const ROWS = 30_000

const PLAIN = `
import sys, pyarrow as pa, pyarrow.parquet as pq
texts = [None, '', 'a"b', 'x,y', 'two\\r\\nlines', ' plain ü ']
values = [float('nan'), float('inf'), float('-inf'), 0.1, None, -2.5]
pq.write_table(pa.table({'text': texts, 'value': values}), sys.argv[1])
print('null')
`

let server: TestServer
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'geoduck-download-text-'))
  const fixtures = ['round-trip/parquet_types.parquet', 'round-trip/parquet_shapeszm.parquet', 'round-trip/parquet_names.parquet']
  const others = await Promise.all([...fixtures, 'geoparquet/projected.parquet'].map(fixture))
  const plain = join(folder, 'plain.parquet')
  await python(PLAIN, [plain])
  server = await serve([PLACES, await squares(ROWS), plain, ...others])
  await checked(server)
})
afterAll(async () => {
  await server.close()
  await rm(folder, { recursive: true })
})

const url = (file: string, given: Record<string, unknown> = {}, at = server): string => {
  const parameters = Object.entries(given).map(([name, value]) => [name, JSON.stringify(value)])
  return `${at.url}/download/${file}?${new URLSearchParams(parameters)}`
}

interface Feature {
  readonly id: string
  readonly geometry: unknown
  readonly properties: Record<string, unknown>
}

async function features(layer: string, given = {}): Promise<readonly Feature[]> {
  const text = await (await fetch(url(`${layer}.geojsonl`, given))).text()
  return text === ''
    ? []
    : text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line))
}

async function save(file: string, given = {}): Promise<string> {
  const path = join(folder, file)
  await writeFile(path, new Uint8Array(await (await fetch(url(file, given))).arrayBuffer()))
  return path
}

/** The records of a CSV file, read by Python's own strict reader. */
async function records(file: string, given = {}): Promise<readonly (readonly string[])[]> {
  const program = `
import csv, json, sys
csv.field_size_limit(10**9)
print(json.dumps(list(csv.reader(open(sys.argv[1], newline='', encoding='utf-8'), strict=True))))
`
  return await python(program, [await save(file, given)])
}

describe('a download as GeoJSON', () => {
  it.each([1, 2, PLACES_ROWS])('of %d features is one FeatureCollection with the features of its lines', async (limit) => {
    const response = await fetch(url('places.geojson', { limit }))
    expect(response.headers.get('content-type')).toBe('application/geo+json')
    expect(response.headers.get('content-disposition')).toBe("attachment; filename*=UTF-8''places.geojson")
    expect(await response.json()).toEqual({ type: 'FeatureCollection', features: await features('places', { limit }) })
  })

  it('of no features is a FeatureCollection still', async () => {
    const where = { bbox: [0, -89, 1, -88] }
    expect(await (await fetch(url('places.geojson', { where }))).json()).toEqual({ type: 'FeatureCollection', features: [] })
  })

  it('has a feature per line, and boxes if `bbox` is true', async () => {
    const text = await (await fetch(url('places.geojson', { bbox: true, limit: 2 }))).text()
    const [, first] = text.split('\n')
    expect(JSON.parse(first!.slice(0, -1)).bbox).toHaveLength(4)
  })

  it('is read by GDAL with all rows and names', async () => {
    const file = await save('places.geojson')
    const names = (await features('places')).map(({ properties }) => properties['name'])
    const read = 'import json, sys, pyogrio; print(json.dumps(list(pyogrio.read_dataframe(sys.argv[1])["name"])))'
    expect(await python(read, [file])).toEqual(names)
  })

  it('of a projected layer is refused', async () => {
    const response = await fetch(url('projected.geojson'))
    expect([response.status, (await response.json()).errors[0].extensions.code]).toEqual([400, 'BAD_INPUT'])
  })
})

describe('a download as CSV', () => {
  it('has a header, a record per feature, and lines that end as RFC 4180 says', async () => {
    const response = await fetch(url('places.csv', { limit: 2, only: ['name'] }))
    expect(response.headers.get('content-type')).toBe('text/csv; charset=utf-8; header=present')
    const text = await response.text()
    const [first, second] = await features('places', { limit: 2 })
    const [a, b] = [first!, second!].map(({ id, properties, geometry }) => {
      const [x, y] = (geometry as { coordinates: number[] }).coordinates
      return `${id},${properties['name']},"POINT (${x} ${y})"\r\n`
    })
    expect(text).toBe(`id,name,WKT\r\n${a}${b}`)
  })

  it('has the header once in a file of many batches', async () => {
    const [header, ...rows] = await records(`squares-${ROWS}.csv`)
    const ids = (await features(`squares-${ROWS}`)).map(({ id }) => id)
    expect(rows).toHaveLength(ROWS)
    expect(rows.map(([id]) => id)).toEqual(ids)
    expect(rows.some((row) => row.join() === header!.join())).toBe(false)
  })

  it('of no features is its header', async () => {
    const where = { bbox: [0, -89, 1, -88] }
    expect(await (await fetch(url('places.csv', { where, only: ['name'] }))).text()).toBe('id,name,WKT\r\n')
  })

  it('has the values of every type as GeoJSON has them', async () => {
    const [header = [], ...rows] = await records('parquet_types.csv')
    const expected = await features('parquet_types')
    expect(rows).toHaveLength(expected.length)
    let compared = 0
    for (const [n, row] of rows.entries()) {
      for (const [name, value] of Object.entries(expected[n]!.properties)) {
        const field = row[header.indexOf(name)]!
        const isFloat = value === null && /^-?(NaN|Infinity)$/.test(field)
        if (isFloat) continue
        const shown = value === null ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value)
        const same =
          typeof value === 'number'
            ? Number(field) === value
            : typeof value === 'object' && value !== null
              ? JSON.stringify(JSON.parse(field)) === shown
              : field === shown
        expect([name, field, same]).toEqual([name, same ? field : shown, true])
        compared++
      }
    }
    expect(compared).toBeGreaterThan(20)
  })

  it('keeps names that need quotes, and a property that is named like the column of the key', async () => {
    const [header = []] = await records('parquet_names.csv')
    const [feature] = await features('parquet_names', { limit: 1 })
    expect(header).toEqual(expect.arrayContaining(Object.keys(feature!.properties)))
    expect(new Set(header.map((name) => name.toLowerCase())).size).toBe(header.length)
  })

  it('has the coordinates in the requested CRS, as WKT that shapely reads', async () => {
    const file = await save('projected.csv', { precision: 9 })
    const program = `
import csv, json, sys, pyarrow.parquet as pq, shapely
rows = list(csv.DictReader(open(sys.argv[1], newline='')))
table = pq.read_table(sys.argv[2])
name = json.loads(table.schema.metadata[b'geo'])['primary_column']
stored = shapely.from_wkb(table.column(name).to_pylist())
read = shapely.from_wkt([row['WKT'] for row in rows])
print(json.dumps([len(rows), bool(shapely.equals_exact(read, stored, tolerance=1e-6).all())]))
`
    expect(await python(program, [file, await fixture('geoparquet/projected.parquet')])).toEqual([expect.any(Number), true])
    const inDegrees = await records('projected.csv', { crs: 'OGC:CRS84', limit: 1 })
    const [x] = /-?[\d.]+/.exec(inDegrees[1]!.at(-1)!)!
    expect(Math.abs(Number(x))).toBeLessThan(180)
  })

  it('keeps heights and measures', async () => {
    const shapes = (await records('parquet_shapeszm.csv')).slice(1).map((row) => row.at(-1)!)
    expect(shapes.some((wkt) => wkt.includes(' ZM ('))).toBe(true)
  })

  it('of a table has no geometry, and keeps nulls and empty texts apart', async () => {
    const text = await (await fetch(url('plain.csv', { only: ['text'] }))).text()
    expect(text).toBe('id,text\r\n0,\r\n1,""\r\n2,"a""b"\r\n3,"x,y"\r\n4,"two\r\nlines"\r\n5, plain ü \r\n')
    const file = await save('plain.csv')
    const program = `
import json, sys, pandas, pyarrow.csv
options = pyarrow.csv.ConvertOptions(strings_can_be_null=True, quoted_strings_can_be_null=False, null_values=[''])
table = pyarrow.csv.read_csv(sys.argv[1], parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True), convert_options=options)
print(json.dumps([len(pandas.read_csv(sys.argv[1])), table.column('text').to_pylist(), [str(value) for value in table.column('value').to_pylist()]]))
`
    const texts = [null, '', 'a"b', 'x,y', 'two\r\nlines', ' plain ü ']
    expect(await python(program, [file])).toEqual([6, texts, ['nan', 'inf', '-inf', '0.1', 'None', '-2.5']])
  })

  it('is read by GDAL with its geometry', async () => {
    const file = await save('places.csv', { precision: 15 })
    const program = `
import json, sys, pyogrio
frame = pyogrio.read_dataframe(sys.argv[1])
print(json.dumps([[p.x, p.y] for p in frame.geometry]))
`
    const expected = (await features('places', { precision: 15 })).map(
      ({ geometry }) => (geometry as { coordinates: number[] }).coordinates,
    )
    expect(await python(program, [file])).toEqual(expected)
  })
})

describe('a download as text that fails', () => {
  const read = async (file: string) => {
    const broken = await serve([await brokenGrid()])
    const where = { property: { name: 'id', gte: String((BROKEN_CHUNK - 3) * CHUNK) } }
    const sent = request(url(file, { where }, broken), { agent: false })
    sent.end()
    const [response] = (await once(sent, 'response')) as [IncomingMessage]
    const pieces: Buffer[] = []
    response.on('data', (piece: Buffer) => pieces.push(piece))
    await expect(once(response, 'end')).rejects.toThrow('aborted')
    await broken.close()
    const path = join(folder, file)
    await writeFile(path, Buffer.concat(pieces))
    return { path, text: Buffer.concat(pieces).toString() }
  }

  it('as GeoJSON is no JSON, and ends with the error', async () => {
    const { path, text } = await read(`broken-${GRID_ROWS}.geojson`)
    expect(text).toMatch(/^\{"type":"FeatureCollection"/)
    expect(() => JSON.parse(text)).toThrow()
    expect(text.split('\n').at(-1)).toContain('SOURCE_UNREADABLE')
    await expect(python('import sys, pyogrio; pyogrio.read_dataframe(sys.argv[1])', [path])).rejects.toThrow()
  })

  it('as CSV ends inside a quoted field, which readers refuse', async () => {
    const { path, text } = await read(`broken-${GRID_ROWS}.csv`)
    expect(text.split('\r\n').at(-1)).toMatch(/^"\{'errors':.*SOURCE_UNREADABLE/)
    const program = `
import csv, json, sys, pandas, pyarrow.csv
def refused(read):
    try:
        read()
        return False
    except Exception:
        return True
print(json.dumps([
    refused(lambda: list(csv.reader(open(sys.argv[1], newline=''), strict=True))),
    refused(lambda: pandas.read_csv(sys.argv[1])),
    refused(lambda: pyarrow.csv.read_csv(sys.argv[1])),
]))
`
    expect(await python(program, [path])).toEqual([true, true, true])
  })
})
