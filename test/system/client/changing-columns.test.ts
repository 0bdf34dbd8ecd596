/** A layer that is checked while it streams: its geometry column has another type after the check than before. */
import { copyFile, mkdtemp, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { streamFeatures, toTable } from '../../../src/client/client.ts'
import { fixture } from '../../fixtures/index.ts'
import { ask } from '../../support/graphql.ts'
import { Link } from '../../support/link.ts'
import { PLACES, serve, type TestServer } from '../../support/server.ts'

let folder: string
let server: TestServer
let link: Link

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'geoduck-columns-'))
  await Promise.all([
    copyFile(PLACES, join(folder, 'points.parquet')),
    copyFile(await fixture('heavy/points.parquet'), join(folder, 'new')),
  ])
  // Results of checks are kept in the cache, and this cache is empty.
  server = await serve([join(folder, 'points.parquet')], { cacheDirectory: join(folder, 'cache') })
  link = await Link.to(server)
})

afterAll(async () => {
  await link?.close()
  await server?.close()
  await rm(folder, { recursive: true })
})

async function state(): Promise<string> {
  const { data } = await ask<{ layer: { state: string } }>(server, '{ layer(name: "points") { state } }')
  return data!.layer.state
}

it('a table that started before the check is complete, and WKB to its end, although the layer is READY when the stream resumes', async () => {
  await rename(join(folder, 'new'), join(folder, 'points.parquet'))
  const codes: string[] = []
  const stream = streamFeatures({
    url: link.url,
    layer: 'points',
    encoding: 'arrow',
    batchSize: 5_000,
    readAhead: 4,
    onState: (now) => now.state === 'waiting' && codes.push(now.error.code),
  })
  async function* interrupted() {
    for await (const batch of stream) {
      yield batch
      if (batch.sequence !== 3) continue
      while ((await state()) !== 'READY') await new Promise((resolve) => setTimeout(resolve, 50))
      link.cut()
    }
  }
  const table = await toTable(interrupted())
  // It received native columns, and refused them.
  expect(codes).toContain('PROTOCOL')
  expect(table.schema.fields.at(-1)!.metadata.get('ARROW:extension:name')).toBe('geoarrow.wkb')
  expect(table.numRows).toBe(500_000)
  expect(new Set(table.getChild('n')!.toArray()).size).toBe(500_000)
  // Asked now, it is of the native type from the first batch on.
  const now = await toTable(streamFeatures({ url: link.url, layer: 'points', encoding: 'arrow', limit: 5 }))
  expect(now.schema.fields.at(-1)!.metadata.get('ARROW:extension:name')).toBe('geoarrow.point')
})
