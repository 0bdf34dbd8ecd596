/** GeoParquet objects of a store with the interface of S3, which checks every signature. */
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { ROOT } from '../../support/environment.ts'
import { ask, checked } from '../../support/graphql.ts'
import { serveObjects } from '../../support/object-server.ts'
import { squares } from '../../support/pool.ts'
import { runProgram } from '../../support/program.ts'
import { openS3Store, type S3Store } from '../../support/s3-store.ts'
import { serve, type TestServer } from '../../support/server.ts'
import { SPATIAL_EXTENSION } from '../../support/spatial-extension.ts'

const KEYS = ['theme=a b/part 1.parquet', 'theme=c/part+(2).parquet']
const REGION = 'eu-north-1'

let folder: string
let file: string
let store: S3Store
let server: TestServer

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'geoduck-s3-'))
  file = await squares(30_000)
  store = await openS3Store()
  for (const key of [...KEYS, 'theme=c/_SUCCESS.parquet', 'other/notes.txt']) await store.put(`land/${key}`, file)
  for (const key of KEYS) {
    await mkdir(join(folder, 'land', key, '..'), { recursive: true })
    await copyFile(file, join(folder, 'land', key))
  }
  const { url: AWS_ENDPOINT_URL, id: AWS_ACCESS_KEY_ID, secret: AWS_SECRET_ACCESS_KEY } = store
  Object.assign(process.env, { AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION: REGION })
  server = await serve(['s3://data/land/'], { watch: true })
  await checked(server)
})
afterAll(async () => {
  await server?.close()
  store?.close()
  await rm(folder, { recursive: true })
})

it('a folder with hive partitions is the layer of the same files on disk', async () => {
  const query = `{ layers { name fingerprint featureCount columns { name type } } features(layer: "land", first: 3,
    where: { property: { name: "theme", eq: "c" } }) { totalCount features { key geometry properties } } }`
  const local = await serve([`${folder}/land/*/*.parquet`])
  try {
    await checked(local)
    const answer = await ask(server, query)
    expect(answer).toEqual(await ask(local, query))
    expect(answer).toMatchObject({
      data: { layers: [{ name: 'land', featureCount: '60000' }], features: { totalCount: '30000' } },
    })
  } finally {
    await local.close()
  }
})

it('a mirror of a folder is the same layer, with the same partitions, and is then read from the disk', async () => {
  const query = `{ layers { name fingerprint featureCount columns { name type } } features(layer: "land", first: 3,
    where: { property: { name: "theme", eq: "a b" } }) { totalCount features { key geometry properties } } }`
  const reads = '{ features(layer: "land", first: 1) { features { geometry } execution { remoteRequests } } }'
  const mirror = await serve(['s3://data/land/'], { mirrors: ['s3://data/land/'], cacheDirectory: join(folder, 'mirror') })
  try {
    await expect
      .poll(() => ask(mirror, reads), { timeout: 60_000 })
      .toMatchObject({
        data: { features: { execution: { remoteRequests: 0 } } },
      })
    await checked(mirror)
    const answer = await ask(mirror, query)
    expect(answer).toEqual(await ask(server, query))
    expect(answer).toMatchObject({ data: { layers: [{ featureCount: '60000' }], features: { totalCount: '30000' } } })
  } finally {
    await mirror.close()
  }
})

it('--watch notices a new object of the folder, and one that is gone', async () => {
  const counts = async (expected: string) => {
    for (let n = 0; n < 600; n++) {
      const { data } = await ask<{ layers: { featureCount: string }[] }>(server, '{ layers { featureCount } }')
      if (data!.layers[0]?.featureCount === expected) return
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    throw new Error(`there are never ${expected} features`)
  }
  await store.put('land/theme=d/part-3.parquet', file)
  await counts('90000')
  await store.put('land/theme=d/part-3.parquet', null)
  await counts('60000')
})

/** `geoduck prepare` in its own process. */
async function prepared(address: string, environment: Record<string, string>) {
  const { AWS_ACCESS_KEY_ID: _, AWS_SECRET_ACCESS_KEY: __, ...rest } = process.env
  const args = [join(ROOT, 'src/main.ts'), 'prepare', address, '--spatial-extension', SPATIAL_EXTENSION]
  const flags = ['--cache-directory', join(folder, 'cache')]
  const { code, stdout, stderr } = await runProgram(process.execPath, [...args, ...flags], {
    environment: { ...(rest as Record<string, string>), ...environment },
  })
  return { code, text: `${stdout}${stderr}` }
}

it('credentials may be those of a profile', async () => {
  const credentials = join(folder, 'credentials')
  await writeFile(
    credentials,
    `[default]\naws_access_key_id = wrong\n\n[land]\naws_access_key_id = ${store.id}\naws_secret_access_key = ${store.secret}\n`,
  )
  const profile = { AWS_SHARED_CREDENTIALS_FILE: credentials, AWS_PROFILE: 'land' }
  const { code, text } = await prepared(`s3://data/land/${KEYS[0]}`, profile)
  expect(text).toMatch(/^part_1 +30,000 +Polygon/m)
  expect(code).toBe(0)
  expect(text).not.toContain(store.secret)
})

it.each([
  ['an object', `s3://data/land/${KEYS[0]}`, /its server does not give it \(status 403\)/],
  ['a pattern', 's3://data/land/*/*.parquet', /its store does not list it \(SignatureDoesNotMatch\)/],
])('wrong credentials for %s are a problem, which does not hold them', async (_, address, reason) => {
  const secret = 'a-wrong-secret-of-40-characters-00000000'
  const { code, text } = await prepared(address, { AWS_ACCESS_KEY_ID: store.id, AWS_SECRET_ACCESS_KEY: secret })
  expect(text).toMatch(reason)
  expect(code).not.toBe(0)
  expect(text).not.toContain(secret)
})

it('without credentials nothing is signed, as for public data', async () => {
  const objects = await serveObjects(folder)
  try {
    const environment = { AWS_SHARED_CREDENTIALS_FILE: join(folder, 'absent'), AWS_ENDPOINT_URL: objects.url }
    const { code, text } = await prepared(`s3://land/${KEYS[1]}`, environment)
    expect(text).toMatch(/^part_2 +30,000 +Polygon/m)
    expect(code).toBe(0)
    expect(objects.requests.filter(({ headers }) => headers.authorization !== undefined)).toEqual([])
  } finally {
    await objects.close()
  }
})
