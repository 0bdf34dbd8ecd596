/** Flipped bits in the columns of a served Parquet file: the values are those that pyarrow reads, or the error names the source. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Answer, ask } from '../../support/graphql.ts'
import { python } from '../../support/python.ts'
import { Random } from '../../support/random.ts'
import { serve, type TestServer } from '../../support/server.ts'

const ROWS = 200
const CODECS = ['none', 'snappy', 'zstd'] as const
/** Damaged files per codec. */
const FILES = 34

const random = new Random()
let folder: string
let server: TestServer
let expected: Record<string, unknown>

const WRITE = `
import json, struct, sys
import pyarrow as pa, pyarrow.parquet as pq
n = ${ROWS}
geo = {'version': '1.1.0', 'primary_column': 'geometry', 'columns': {'geometry': {'encoding': 'WKB', 'geometry_types': []}}}
table = pa.table({
  'geometry': pa.array([struct.pack('<BIdd', 1, 1, i / 10, i / 10) for i in range(n)], pa.binary()),
  'whole': pa.array(range(n), pa.int32()),
  'text': [f'value {i % 37} \\u00e9' for i in range(n)],
  'double': [i * 1.5 for i in range(n)],
  'list': [[i, i + 1] for i in range(n)],
}).replace_schema_metadata({'geo': json.dumps(geo)})
places = {}
for codec in ${JSON.stringify(CODECS)}:
  file = f'{sys.argv[1]}/{codec}'
  pq.write_table(table, file, compression=codec)
  group = pq.ParquetFile(file).metadata.row_group(0)
  columns = [group.column(i) for i in range(1, group.num_columns)]
  places[codec] = [[c.dictionary_page_offset or c.data_page_offset, c.total_compressed_size] for c in columns]
print(json.dumps(places))
`

const READ = `
import glob, json, math, os, sys
import pyarrow.parquet as pq
def of(file):
  try:
    return [{k: None if isinstance(v, float) and not math.isfinite(v) else [str(i) for i in v] if isinstance(v, list) else v for k, v in row.items()}
      for row in pq.ParquetFile(file).read(['whole', 'text', 'double', 'list']).to_pylist()]
  except Exception:
    return None
print(json.dumps({os.path.basename(f)[:-8]: of(f) for f in glob.glob(sys.argv[1] + '/*.parquet')}))
`

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'geoduck-damaged-values-'))
  const places = await python<Record<string, [from: number, bytes: number][]>>(WRITE, [folder])
  for (const codec of CODECS) {
    const whole = await readFile(join(folder, codec))
    for (let n = 0; n < FILES; n++) {
      const [from, bytes] = random.pick(places[codec]!)
      const copy = Buffer.from(whole)
      copy[from + random.integer(bytes)]! ^= 1 << random.integer(8)
      await writeFile(join(folder, `${codec}${n}.parquet`), copy)
    }
  }
  expected = await python<Record<string, unknown>>(READ, [folder])
  server = await serve([folder], { cacheDirectory: join(folder, 'cache') })
})

afterAll(async () => {
  await server.close()
  await rm(folder, { recursive: true, force: true })
})

type Features = Answer<{ features: { edges: { node: { properties: { whole: number } } }[] } }>

const document = (layer: string, where: string) =>
  `{ features(layer: "${layer}", first: ${ROWS}${where}) { edges { node { properties } } } }`

test('values of a file with a flipped bit are those that pyarrow reads, or SOURCE_UNREADABLE with a problem that names the file', async () => {
  const damaged = new Set<string>()
  const counts = { read: 0, unreadable: 0 }
  for (const codec of CODECS) {
    for (let n = 0; n < FILES; n++) {
      const name = `${codec}${n}`
      for (const where of ['', ', where: { property: { name: "text", gte: "" } }']) {
        const { data, errors }: Features = await ask(server, document(name, where))
        if (errors) {
          counts.unreadable++
          expect([name, errors[0]!.extensions['code']]).toEqual([name, 'SOURCE_UNREADABLE'])
          expect(errors[0]!.message).toMatch(
            /^Layer \w+ cannot be read: .*; leave out the property that holds it, or repair the source\.$/,
          )
          damaged.add(`${name}.parquet`)
        } else {
          counts.read++
          const rows = data!.features.edges.map(({ node }) => node.properties)
          // DuckDB checks less than pyarrow, so it may read a file that pyarrow refuses.
          if (expected[name] && where === '') expect([name, rows]).toEqual([name, expected[name]])
        }
      }
    }
  }
  const named = async () => {
    const { data } = await ask<{ health: { problems: { source: string }[] } }>(server, '{ health { problems { source } } }')
    return [...damaged].filter((file) => !data!.health.problems.some(({ source }) => source === file))
  }
  await expect.poll(named).toEqual([])
  expect(counts.read).toBeGreaterThan(0)
  expect(counts.unreadable).toBeGreaterThan(0)
})
