/** Stores of objects in the configuration file: their credentials are names of environment variables, and nothing else is shown. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { Stores } from '../../../src/catalog/stores/stores.ts'
import { editorSchema } from '../../../src/config/file/schema.ts'
import { printableConfig } from '../../../src/config/resolve.ts'
import { resolved, TABLE } from './given.ts'

const ENVIRONMENT = { LAND_ID: 'id-0123', LAND_SECRET: 'secret-0123', WEB_TOKEN: 'token-0123', BROKEN: 'token\n0123' }
const KEY = { url: 's3://land', accessKeyId: '$LAND_ID', secretAccessKey: '$LAND_SECRET' }
const SET = '$ and the name of an environment variable that is set, such as $LAND_SECRET'

let folder: string
let file: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'geoduck-stores-'))
  file = join(folder, 'geoduck.yaml')
})
afterAll(() => rm(folder, { recursive: true }))

async function read(stores: unknown) {
  await writeFile(file, stringify({ stores }))
  return await resolved(['./data', '--config', file], { ...ENVIRONMENT, GEODUCK_CURSOR_SECRET: 'a-secret-of-cursors' })
}

test('are printed as they are in the file, and the file of what is printed is the same', async () => {
  const web = { url: 'https://data.example.org/private/', token: '$WEB_TOKEN', headers: { 'X-Api-Key': '$LAND_ID' } }
  const { config } = await read([KEY, web])
  expect(config.stores).toEqual([KEY, web])
  const printed = printableConfig(config)
  expect(printed).not.toContain('0123')
  await writeFile(file, printed)
  expect((await resolved(['--config', file], ENVIRONMENT)).config.stores).toEqual(config.stores)
  expect(JSON.parse(editorSchema(TABLE)).properties.stores.items.required).toEqual(['url'])
})

test.each<[string, unknown, readonly string[]]>([
  [
    'a secret itself',
    [{ ...KEY, secretAccessKey: 'literal-0123' }],
    [`\`stores[0].secretAccessKey\` takes ${SET}, and an accessKeyId beside it`],
  ],
  ['a number as a secret', [{ url: 'https://a.org', token: 12_345_678_901 }], [`\`stores[0].token\` takes ${SET}`]],
  [
    'a header itself',
    [{ url: 'https://a.org', headers: { 'X-Key': 'literal-0123' } }],
    [`\`stores[0].headers\` takes by header, such as X-Api-Key: ${SET}`],
  ],
  ['a variable that is not set', [{ ...KEY, secretAccessKey: '$ABSENT' }], [`\`stores[0].secretAccessKey\` takes ${SET}`]],
  ['a variable that no header can hold', [{ url: 'https://a.org', token: '$BROKEN' }], [`\`stores[0].token\` takes ${SET}`]],
  [
    'a key without its secret',
    [{ url: 's3://land', accessKeyId: '$LAND_ID' }],
    ['`stores[0].secretAccessKey` is missing: it takes'],
  ],
  ['a profile and a key', [{ ...KEY, profile: 'land' }], ['`stores[0].profile` takes the name of a profile']],
  [
    'a token over http',
    [{ url: 'http://a.org', token: '$WEB_TOKEN' }],
    ['`stores[0].url` takes s3:// with a bucket, or https:// with a host'],
  ],
  ['a password in an address', [{ url: 'https://me:literal-0123@a.org' }], ['`stores[0].url` takes s3://']],
  ['a token for S3', [{ ...KEY, token: '$WEB_TOKEN' }], ['`stores[0].token` takes nothing for s3://: leave it out']],
  [
    'a region for the web',
    [{ url: 'https://a.org', region: 'eu-north-1' }],
    ['`stores[0].region` takes nothing for https://: leave it out'],
  ],
  [
    'a header of each read',
    [{ url: 'https://a.org', headers: { Range: '$WEB_TOKEN' } }],
    ['`stores[0].headers` takes by header'],
  ],
  ['two of one address', [KEY, { url: 's3://land' }], ['`stores[1].url` takes']],
  [
    'a member that is not known',
    [{ ...KEY, secret: 'literal-0123' }],
    ['`stores[0].secret` is not known; near: `secretAccessKey`'],
  ],
  ['no list', 'literal-0123', ['`stores` takes a list of stores, each with a url']],
])('%s is refused, and not shown', async (_, stores, told) => {
  const { message } = await read(stores).then(
    () => Promise.reject(new Error('taken')),
    (reason: Error) => reason,
  )
  const [, ...lines] = message.split('\n')
  expect(lines).toHaveLength(told.length)
  for (const [n, line] of lines.entries()) expect(line).toContain(told[n])
  expect(message.replace(file, '')).not.toMatch(/0123|12345678901/)
})

test('the store with the longest beginning of an address counts, up to a border of a name', () => {
  const stores = new Stores([{ url: 's3://land' }, { url: 's3://land/north/' }, { url: 'https://data.example.org' }])
  const of = (address: string) => stores.of(address)
  const [land, north, web] = [
    of('s3://land/a.parquet'),
    of('s3://land/north/a.parquet'),
    of('https://data.example.org/a.parquet'),
  ]
  expect(new Set([land, north, web]).size).toBe(3)
  expect(of('s3://land/northern/a.parquet')).toBe(land)
  expect(of('S3://land/*/a.parquet')).toBe(land)
  expect(of('s3://landscape/a.parquet')).toBe(of('s3://other/a.parquet'))
  expect(of('HTTPS://DATA.example.org:443/a/../b.parquet?c')).toBe(web)
  const others = ['http://data.example.org/a', 'https://data.example.org:8443/a', 'https://data.example.org.other.org/a']
  expect(others.filter((address) => of(address) === web)).toEqual([])
})
