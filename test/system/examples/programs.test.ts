/** The examples that run without a browser, with the commands of their first lines. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ROOT } from '../../support/environment.ts'
import { Link } from '../../support/link.ts'
import { runProgram } from '../../support/program.ts'
import { PYTHON_ENVIRONMENT, python } from '../../support/python.ts'
import { serve, type TestServer } from '../../support/server.ts'

const DEMO = ['countries', 'observations'].map((name) => join(ROOT, `.geoduck/demo/${name}.parquet`))
const OWN_CLIENT = join(ROOT, 'test/support/own-client.mjs')

let server: TestServer
let folder: string

beforeAll(async () => {
  server = await serve(DEMO)
  folder = await mkdtemp(join(tmpdir(), 'geoduck-examples-'))
})
afterAll(async () => {
  await server?.close()
  await rm(folder, { recursive: true })
})

const COMPARE = `
import geopandas, json, sys
written, source = (geopandas.read_parquet(path) for path in sys.argv[1:3])
source = source.drop(columns=[name for name in source.columns if name == 'bbox'])
written = written[source.columns]
print(json.dumps({
  'rows': len(written),
  'properties': written.drop(columns='geometry').equals(source.drop(columns='geometry')),
  'geometry': bool(written.geometry.geom_equals(source.geometry).all()),
  'crs': written.crs == source.crs,
}))
`

test.each([
  ['countries', 0, 241],
  ['observations', 1, 200_000],
])(
  'Node to Parquet: %s in a GeoParquet file are what geopandas reads from the source',
  { timeout: 120_000 },
  async (layer, index, rows) => {
    const file = join(folder, `${layer}.parquet`)
    const program = join(ROOT, 'examples/node-to-parquet/to-parquet.js')
    const { code, stdout, stderr } = await runProgram(process.execPath, [
      '--import',
      OWN_CLIENT,
      program,
      layer,
      file,
      `${server.url}/graphql`,
    ])
    expect([code, stderr, stdout]).toEqual([0, '', `${rows} features\n`])
    expect(await python(COMPARE, [file, DEMO[index]!])).toEqual({ rows, properties: true, geometry: true, crs: true })
  },
)

test('Python to GeoDataFrame: continues after the last batch when the connection breaks', async () => {
  const link = await Link.to(server)
  const program = join(ROOT, 'examples/python-to-geodataframe/stream.py')
  const running = runProgram('python3', [program, 'observations', link.url.replace('http', 'ws')], {
    environment: PYTHON_ENVIRONMENT,
  })
  await expect.poll(() => link.bytes, { interval: 5 }).toBeGreaterThan(2e6)
  link.cut()
  const { code, stdout, stderr } = await running
  expect([code, stderr]).toEqual([0, ''])
  const bounds = await python<number[]>(
    'import geopandas, json, sys; print(json.dumps(geopandas.read_parquet(sys.argv[1]).total_bounds.round(2).tolist()))',
    [DEMO[1]!],
  )
  const [summary, box] = stdout.trim().split('\n')
  expect(summary).toMatch(/^200000 features .*\['Point'\]$/)
  expect(JSON.parse(box!)).toEqual(bounds)
  expect(link.connections).toBe(2)
  await link.close()
})
