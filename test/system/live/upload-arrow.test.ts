/** Arrow streams of pyarrow, which are written into live layers. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ask } from '../../support/graphql.ts'
import { pointWkb, processesOf } from '../../support/live.ts'
import { python } from '../../support/python.ts'
import { Random } from '../../support/random.ts'
import { serve, type TestServer } from '../../support/server.ts'
import { ARROW, createLayer, put } from '../../support/upload.ts'

let folder: string
let server: TestServer
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'geoduck-test-'))
  server = await serve([], { live: join(folder, 'live'), writes: true })
})
afterAll(async () => {
  await server.close()
  await rm(folder, { recursive: true })
})

/** Sends the tables of `program`, which is the text of a generator named `tables`, as one stream, and returns the answer. */
const PUT = `
import sys, json, io, urllib.request, urllib.error, pyarrow as pa, shapely
from decimal import Decimal
from datetime import date, datetime, time, timezone
def put(url, tables):
    class Stream(io.RawIOBase):
        pass
    def pieces():
        sink = io.BytesIO()
        writer = None
        for table in tables:
            writer = writer or pa.ipc.new_stream(sink, table.schema)
            writer.write_table(table, max_chunksize=500)
            yield sink.getvalue(); sink.seek(0); sink.truncate()
        writer.close(); yield sink.getvalue()
    request = urllib.request.Request(url, data=pieces(), method='PUT', headers={'content-type': '${ARROW}'})
    try: answer = urllib.request.urlopen(request)
    except urllib.error.HTTPError as error: answer = error
    return json.load(answer)
`

const COLUMNS = {
  bool: 'BOOLEAN',
  tiny: 'TINYINT',
  big: 'BIGINT',
  ubig: 'UBIGINT',
  float: 'FLOAT',
  double: 'DOUBLE',
  small: 'DECIMAL(9,2)',
  wide: 'DECIMAL(38,10)',
  text: 'VARCHAR',
  label: 'VARCHAR',
  large: 'VARCHAR',
  uuid: 'UUID',
  date: 'DATE',
  time: 'TIME',
  local: 'TIMESTAMP',
  moment: 'TIMESTAMP WITH TIME ZONE',
  json: 'JSON',
}

/** A table of those columns, with nulls. The last lines read it back by a download, and compare. */
const EVERY_TYPE = `${PUT}
import uuid
n = 1200
at = lambda i: datetime(1965 + i % 100, 1 + i % 12, 1 + i % 28, i % 24, i % 60, i % 60, i * 839 % 1000000)
nulls = lambda values, k: [None if i % 7 == k else value for i, value in enumerate(values)]
table = pa.table({
    'id': pa.array([f'k{i:04}' for i in range(n)]),
    'bool': pa.array(nulls([i % 3 == 0 for i in range(n)], 0)),
    'tiny': pa.array(nulls([i % 256 - 128 for i in range(n)], 1), pa.int64()),
    'big': pa.array(nulls([9223372036854775807 - i * 10**15 for i in range(n)], 2), pa.int64()),
    'ubig': pa.array(nulls([18446744073709551615 - i for i in range(n)], 3), pa.uint64()),
    'float': pa.array(nulls([i / 3 for i in range(n)], 4), pa.float32()),
    'double': pa.array(nulls([i / 3 for i in range(n)], 5), pa.float64()),
    'small': pa.array(nulls([Decimal(i - 600) / 4 for i in range(n)], 6), pa.decimal128(9, 2)),
    'wide': pa.array(nulls([Decimal(f'{i - 600}12345678901234567890.0123456789') for i in range(n)], 0), pa.decimal128(38, 10)),
    'text': pa.array(nulls([f'Zürich {i} 🦆' for i in range(n)], 1)),
    'label': pa.array(nulls([f'label {i % 5}' for i in range(n)], 2)).dictionary_encode(),
    'large': pa.array(nulls([f'x{i}' for i in range(n)], 3), pa.large_string()),
    'uuid': pa.array(nulls([uuid.UUID(int=i).bytes for i in range(n)], 4), pa.binary(16)),
    'date': pa.array(nulls([at(i).date() for i in range(n)], 5)),
    'time': pa.array(nulls([at(i).time() for i in range(n)], 6), pa.time64('us')),
    'local': pa.array(nulls([at(i) for i in range(n)], 0), pa.timestamp('us')),
    'moment': pa.array(nulls([at(i) for i in range(n)], 1), pa.timestamp('us', 'UTC')),
    'json': pa.array(nulls([json.dumps({'i': i, 'list': [None, True]}) for i in range(n)], 2)),
    'geometry': pa.array(nulls(shapely.to_wkb(shapely.buffer(shapely.points([i % 90 for i in range(n)], [i % 80 for i in range(n)]), 0.5, quad_segs=2)), 3)),
})
answer = put(sys.argv[1], [table.slice(0, 700), table.slice(700)])
rows = lambda table: sorted(table.to_pylist(), key=lambda row: row['id'])
def plain(row):
    row = dict(row)
    row['uuid'] = str(uuid.UUID(bytes=row['uuid'])) if isinstance(row['uuid'], bytes) else row['uuid'] and str(row['uuid'])
    row['time'] = row['time'] and str(row['time']).rstrip('0')
    row['json'] = row['json'] and json.loads(row['json'])
    row['geometry'] = row['geometry'] and shapely.from_wkb(row['geometry']).wkt
    return {name: str(value) if isinstance(value, Decimal) else value for name, value in row.items()}
body = urllib.request.urlopen(sys.argv[2]).read()
back = pa.ipc.open_stream(body).read_all()
# The same stream is written into a second layer.
again = json.load(urllib.request.urlopen(urllib.request.Request(sys.argv[3], data=body, method='PUT', headers={'content-type': '${ARROW}'})))
second = pa.ipc.open_stream(urllib.request.urlopen(sys.argv[4]).read()).read_all()
want = [plain(row) for row in rows(table)]
differs = [[str(a), str(b)] for got in (back, second) for a, b in zip(want, [plain(row) for row in rows(got)]) if a != b]
large = put(sys.argv[5], [pa.table({'id': [str(i) for i in range(400)], 'text': ['x' * 60000] * 400})])
print(json.dumps({'answer': answer, 'large': large, 'again': again, 'rows': [back.num_rows, second.num_rows], 'differs': differs[:3]}))
`

test('every type that pyarrow writes comes back exactly, also from a stream of the server itself', {
  timeout: 60_000,
}, async () => {
  for (const name of ['every', 'second']) await createLayer(server, name, COLUMNS)
  await createLayer(server, 'large', { text: 'VARCHAR' })
  const upload = (name: string) => `${server.url}/layers/${name}/features?upload=a`
  const download = (name: string) => `${server.url}/download/${name}.arrows?geometry=WKB`
  const places = [upload('every'), download('every'), upload('second'), download('second'), upload('large')]
  const answer = { committed: 1_200, version: expect.any(String), errors: [] }
  expect(await python(EVERY_TYPE, places)).toEqual({
    answer,
    again: answer,
    rows: [1_200, 1_200],
    differs: [],
    // A record batch of 24 MB.
    large: { ...answer, committed: 0, errors: [{ code: 'LIMIT_EXCEEDED', message: expect.stringContaining('max_chunksize') }] },
  })
})

const wkb = Buffer.from(pointWkb(1, 2)).toString('hex')
const hostile = `01060000000100000001010000000000000000000000${'00'.repeat(10)}`

/** Tables as pyarrow takes them, and the error of their stream. */
const WRONG: readonly (readonly [what: string, columns: string, error: object])[] = [
  ['without keys', "{'n': pa.array([1])}", { message: expect.stringContaining('no column `id`') }],
  ['with a null key', "{'id': ['a', None], 'n': [1, 2]}", { index: 1, message: expect.stringContaining('`id` is null') }],
  ['with an unknown column', "{'id': ['a'], 'm': [1]}", { index: 0, message: expect.stringContaining('no column "m"') }],
  [
    'with a number that is too large',
    "{'id': [1, 2], 'n': [1, 2**40]}",
    { index: 1, message: expect.stringContaining('INTEGER') },
  ],
  [
    'with a type that is not read',
    "{'id': ['a'], 'n': [[1]]}",
    { message: expect.stringContaining('"n" has the Arrow type List') },
  ],
  ['with native GeoArrow', "{'id': ['a'], 'geometry': [[1.0, 2.0]]}", { message: expect.stringContaining('takes WKB') }],
  [
    'with a geometry that ends engines',
    `{'id': ['a'], 'geometry': [bytes.fromhex('${hostile}')]}`,
    { index: 0, code: 'BAD_INPUT' },
  ],
]

test('a wrong stream is refused, and one with damaged bytes never ends the server', { timeout: 60_000 }, async () => {
  const good = `{'id': ['a', 'b'], 'n': [1, None], 'geometry': [bytes.fromhex('${wkb}'), None]}`
  const program = `import pyarrow as pa, io, json
def stream(table):
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as writer: writer.write_table(table)
    return sink.getvalue().hex()
print(json.dumps([stream(pa.table(columns)) for columns in [${[...WRONG.map(([, columns]) => columns), good].join(', ')}]]))`
  const streams = (await python<string[]>(program)).map((hex) => Buffer.from(hex, 'hex'))
  await createLayer(server, 'wrong', { n: 'INTEGER' })
  const send = (body: Buffer) => put(server, 'wrong', new Uint8Array(body), {}, { 'content-type': ARROW })
  for (const [n, [what, , error]] of WRONG.entries())
    expect((await send(streams[n]!)).body, what).toMatchObject({ committed: 0, errors: [error] })

  const whole = streams.at(-1)!
  expect((await send(whole)).body).toMatchObject({ committed: 2, errors: [] })
  // The number of columns in the metadata is 2^24 and more, which the reader would count for hours.
  const endless = Buffer.from(whole)
  endless.set([0x27], 154)
  endless.set([0x32], 311)
  expect((await send(endless)).body.errors).toMatchObject([
    { code: 'BAD_INPUT', message: expect.stringContaining('took too long') },
  ])

  const random = new Random(7)
  for (let round = 0; round < 3; round++) {
    const bytes = Buffer.from(whole)
    for (let n = 0; n <= random.integer(3); n++) bytes[random.integer(bytes.length)] = random.integer(256)
    const body = random.chance(0.25) ? bytes.subarray(0, random.integer(bytes.length)) : bytes
    expect([200, 400], body.toString('hex')).toContain((await send(body)).status)
  }
  await expect.poll(() => processesOf(process.pid, 'live/arrow-reader'), { timeout: 10_000 }).toEqual([])
  expect((await ask(server, '{ features(layer: "wrong") { count } }')).errors).toBeUndefined()
})
