/** Files of other formats over the real server. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from 'graphql-ws'
import { afterAll, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { SHARED } from '../../support/environment.ts'
import { ask } from '../../support/graphql.ts'
import { PLACES, startListening } from '../../support/server.ts'

const cache = await mkdtemp(join(tmpdir(), 'geoduck-test-'))
const lakes = join(SHARED, 'data/lakes.gpkg')
const server = await startListening([PLACES, lakes], { cacheDirectory: cache })
afterAll(async () => {
  await server.close()
  await rm(cache, { recursive: true, force: true })
})

const STATE = '{ layers { name state preparation { layer stage percent } } health { ready preparations { layer } } }'

interface State {
  readonly layers: readonly {
    name: string
    state: string
    preparation: { layer: string; stage: string; percent: number } | null
  }[]
  readonly health: { readonly ready: boolean; readonly preparations: readonly { layer: string }[] }
}

test('a layer is shown while it is prepared, others answer, and it is LAYER_NOT_READY itself', async () => {
  for (;;) {
    const { data } = await ask<State>(server, STATE)
    // A reading of health may be 50 ms older than the layers beside it.
    if (data && data.health.preparations.length > 0) {
      expect(data.layers).toContainEqual({
        name: 'lakes',
        state: 'PREPARING',
        preparation: expect.objectContaining({ layer: 'lakes' }),
      })
      expect(data.health).toEqual({ ready: false, preparations: [{ layer: 'lakes' }] })
      break
    }
  }
  const documents = ['{ features(layer: "lakes") { count } }', '{ lakes { features { aColumn } } }']
  for (const { errors } of await Promise.all(documents.map((document) => ask(server, document)))) {
    expect(errors?.map(({ message }) => message)).toEqual([
      expect.stringMatching(/^Layer lakes is being prepared: .* Ask again\.$/),
    ])
    expect(errors?.[0]?.extensions).toMatchObject({ code: 'LAYER_NOT_READY', retry: true, retryAfter: expect.any(Number) })
  }
})

test('when it is ready, every layer can be asked, and streams every feature once', async () => {
  await server.ready
  const { data } = await ask<State>(server, STATE)
  expect(data?.health).toEqual({ ready: true, preparations: [] })
  const client = createClient({ url: server.socketUrl, webSocketImpl: WebSocket })
  const query = 'subscription { featureBatches(layer: "lakes", batchSize: 100) { features { id } } }'
  const ids: string[] = []
  for await (const { data } of client.iterate<{ featureBatches: { features: { id: string }[] } }>({ query })) {
    ids.push(...(data?.featureBatches.features.map(({ id }) => id) ?? []))
  }
  await client.dispose()
  expect(ids).toHaveLength(1354)
  expect(new Set(ids).size).toBe(1354)
})

test('the result of the check is shown', async () => {
  const query = '{ layer(name: "lakes") { state check { nullGeometries withZ invalid firstInvalid { key reason } } } }'
  for (;;) {
    const { data } = await ask<{ layer: { state: string; check: unknown } }>(server, query)
    if (data?.layer.state !== 'READY') continue
    expect(data.layer.check).toEqual({
      nullGeometries: '0',
      withZ: '0',
      invalid: '2',
      firstInvalid: [
        { key: '413', reason: 'its outer ring crosses or touches itself' },
        { key: '1194', reason: 'its outer ring crosses or touches itself' },
      ],
    })
    break
  }
})

test('a server that starts again is ready with its copy', async () => {
  const again = await startListening([lakes], { cacheDirectory: cache })
  const layers = await again.ready
  expect(layers.map(({ name, featureCount }) => [name, featureCount])).toEqual([['lakes', 1354]])
  await again.close()
})
