/** Engines in the configuration file, and layers whose rows they gather: their tokens are names of environment variables. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { editorSchema } from '../../../src/config/file/schema.ts'
import { printableConfig } from '../../../src/config/resolve.ts'
import { sparkAddress } from '../../../src/model/spark-address.ts'
import { resolved, TABLE } from './given.ts'

const ENVIRONMENT = { SPARK_TOKEN: 'token-0123', BROKEN: 'token\n0123', GEODUCK_CURSOR_SECRET: 'a-secret-of-cursors' }
const BIG = { name: 'big', kind: 'spark-connect', url: 'sc://127.0.0.1:15002', resultSets: './results' }
const LAKE = { name: 'sea', table: 'lake.geo.sea', engine: 'big', key: 'id' }
const SEA = { name: 'sea', path: './sea', engine: 'big', key: 'id' }

let folder: string
let file: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'geoduck-engines-'))
  file = join(folder, 'geoduck.yaml')
})
afterAll(() => rm(folder, { recursive: true }))

async function read(content: object) {
  await writeFile(file, stringify(content))
  return await resolved(['--config', file], ENVIRONMENT)
}

test('have defaults, and are printed as they are in the file without the value of the token', async () => {
  const { config } = await read({ engines: [{ ...BIG, token: '$SPARK_TOKEN', maxBytes: '1GB' }], layers: [SEA] })
  const limits = { maxRows: 10_000_000, maxBytes: 1e9, keepSeconds: 600, concurrency: 2 }
  expect(config.engines).toEqual([{ ...BIG, token: '$SPARK_TOKEN', resultSets: join(folder, 'results'), ...limits }])
  const printed = printableConfig(config)
  expect(printed).not.toContain('0123')
  await writeFile(file, printed)
  expect((await resolved(['--config', file], ENVIRONMENT)).config).toMatchObject({
    engines: config.engines,
    layers: config.layers,
  })
  const { items } = JSON.parse(editorSchema(TABLE)).properties.engines
  expect(items.required).toEqual(['name', 'kind', 'url', 'resultSets'])
})

const faultsOf = async (content: object) => {
  const { message } = await read(content).then(
    () => Promise.reject(new Error('taken')),
    (reason: Error) => reason,
  )
  expect(message.replace(file, '')).not.toContain('0123')
  return message.split('\n').slice(1)
}

const SET = '$ and the name of an environment variable that is set'

test.each<[string, object, string]>([
  ['no list', { engines: 'sc://token-0123' }, '`engines` takes a list of engines, each with a name, kind, url and resultSets'],
  ['another kind', { engines: [{ ...BIG, kind: 'livy' }] }, '`engines[0].kind` takes spark-connect'],
  ['no folder', { engines: [{ ...BIG, resultSets: undefined }] }, '`engines[0].resultSets` is missing: it takes a folder'],
  ['a token itself', { engines: [{ ...BIG, token: 'token-0123' }] }, `\`engines[0].token\` takes ${SET}`],
  ['a token that is not set', { engines: [{ ...BIG, token: '$ABSENT' }] }, `\`engines[0].token\` takes ${SET}`],
  ['a token that no header can hold', { engines: [{ ...BIG, token: '$BROKEN' }] }, `\`engines[0].token\` takes ${SET}`],
  [
    'a token in an address',
    { engines: [{ ...BIG, url: 'sc://spark:15002/;token=token-0123' }] },
    '`engines[0].url` takes sc://HOST:PORT, and beyond',
  ],
  [
    'another machine without TLS',
    { engines: [{ ...BIG, url: 'sc://spark.example.org:15002' }] },
    '`engines[0].url` takes TLS beyond this machine: sc://HOST:PORT/;use_ssl=true',
  ],
  [
    'two of one name',
    { engines: [BIG, { ...BIG }] },
    '`engines[1].name` takes letters, digits, _ and -, and a name that no other',
  ],
  ['no gathering at a time', { engines: [{ ...BIG, concurrency: 0 }] }, '`engines[0].concurrency` takes a whole number from 1'],
  ['a member that is not known', { engines: [{ ...BIG, maxBites: 1 }] }, '`engines[0].maxBites` is not known; near: `maxBytes`'],
  [
    'an engine that is not there',
    { engines: [BIG], layers: [{ ...SEA, engine: 'bigger' }] },
    '`layers[0].engine` takes the name of one',
  ],
  [
    'a layer without a key',
    { engines: [BIG], layers: [{ ...SEA, key: undefined }] },
    '`layers[0].key` is missing: it takes the name of',
  ],
  [
    'a table with a path',
    { engines: [BIG], layers: [{ ...SEA, table: 'lake.geo.sea' }] },
    '`layers[0].table` takes either `path` or `table`, for a layer with an `engine`',
  ],
  [
    'neither a table nor a path',
    { engines: [BIG], layers: [{ ...SEA, path: undefined }] },
    '`layers[0].path` is missing: it takes either `path` or `table`, for a layer with an `engine`',
  ],
  [
    'a table without a catalog',
    { engines: [BIG], layers: [{ ...LAKE, table: 'geo.sea' }] },
    '`layers[0].table` takes CATALOG.DATABASE.TABLE of letters, digits, _ and -, for a layer with an `engine`, not "geo.sea"',
  ],
  [
    'a table whose name is more than a name',
    { engines: [BIG], layers: [{ ...LAKE, table: 'lake.geo.`sea`' }] },
    '`layers[0].table` takes CATALOG.DATABASE.TABLE',
  ],
  [
    'a geometry of files',
    { engines: [BIG], layers: [{ ...SEA, geometry: { column: 'shape' } }] },
    '`layers[0].geometry` takes nothing without an `engine` and a `table`',
  ],
  [
    'a covering of three sides',
    { engines: [BIG], layers: [{ ...LAKE, geometry: { column: 'shape', covering: { xmin: 'w', ymin: 's', xmax: 'e' } } }] },
    '`layers[0].geometry` takes a column, and covering',
  ],
  [
    'an address',
    { engines: [BIG], layers: [{ ...SEA, path: 's3://sea/a.parquet' }] },
    '`layers[0].path` takes a path that this machine and',
  ],
  ['a repair', { engines: [BIG], layers: [{ ...SEA, onInvalid: 'repair' }] }, '`layers[0].onInvalid` takes only flag'],
  ['an enum', { engines: [BIG], layers: [{ ...SEA, fields: { a: { enum: true } } }] }, '`layers[0].fields` takes no `enum`'],
])('%s is refused, and no secret is shown', async (_, content, told) => {
  expect(await faultsOf(content)).toEqual([expect.stringContaining(told)])
})

test.each([
  ['sc://localhost', { address: 'localhost:15002', isEncrypted: false, isLoopback: true }],
  ['sc://[::1]:7/', { address: '[::1]:7', isEncrypted: false, isLoopback: true }],
  ['sc://spark.example.org:443/;use_ssl=true', { address: 'spark.example.org:443', isEncrypted: true, isLoopback: false }],
  ['sc://spark/;use_ssl=false;', { address: 'spark:15002', isEncrypted: false, isLoopback: false }],
  ['sc://127.0.0.1.example.org', { address: '127.0.0.1.example.org:15002', isEncrypted: false, isLoopback: false }],
  ['sc://spark:99999', null],
  ['sc://me:secret@spark', null],
  ['sc://spark/path', null],
  ['https://spark', null],
])('the address %s has a host, a port, and perhaps TLS', (url, address) => {
  expect(sparkAddress(url)).toEqual(address)
})
