/** The promises of `streamFeatures`, over real sockets to a real server. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { clientError, connect, type GeoduckClientError, streamFeatures } from '../../../src/client/client.ts'
import { ask, quiet } from '../../support/graphql.ts'
import { PLACES, serve, type TestServer } from '../../support/server.ts'
import { idsOf, watch } from './collect.ts'

let server: TestServer
let url: string
let ids: string[]

beforeAll(async () => {
  server = await serve([PLACES])
  url = `${server.url}/graphql`
  ids = await idsOf(server, 'places')
})
afterAll(() => server?.close())

const failure = (promise: Promise<unknown>) => promise.then(() => null, clientError)

describe('what arrives', () => {
  it('is every feature once, in order, in batches that are numbered without a gap', async () => {
    const numbers: number[] = []
    const got = await watch({ url, layer: 'places', batchSize: 500 }).ids(({ sequence }) => numbers.push(sequence))
    expect(got).toEqual(ids)
    expect(numbers).toEqual(Array.from({ length: 15 }, (_, i) => i))
  })

  it('comes as GeoJSON, and as Arrow', async () => {
    let count = 0
    for await (const batch of streamFeatures({ url, layer: 'places', precision: 0 })) {
      expect(batch.geojson.features).toHaveLength(batch.count)
      const { geometry } = batch.geojson.features[0]!
      expect(geometry).toMatchObject({ type: 'Point', coordinates: [expect.toSatisfy(Number.isInteger), expect.anything()] })
      count += batch.count
    }
    let bytes = 0
    for await (const { arrow } of streamFeatures({ url, layer: 'places', encoding: 'arrow' })) bytes += arrow.byteLength
    expect(count).toBe(ids.length)
    expect(bytes).toBeGreaterThan(ids.length * 21)
  })

  it('has the requested properties', async () => {
    const { value } = await streamFeatures({ url, layer: 'places', encoding: 'features', properties: ['name'] }).next()
    expect(Object.keys(value.features[0].properties)).toEqual(['name'])
  })

  it('is filtered, sorted, and no more than `limit`', async () => {
    const where = { bbox: [0, 40, 20, 60] }
    const orderBy = [{ property: 'name', direction: 'DESC' as const }]
    const names: unknown[] = []
    for await (const { features } of streamFeatures({
      url,
      layer: 'places',
      encoding: 'features',
      where,
      orderBy,
      limit: 150,
      batchSize: 40,
    }))
      names.push(...features.map(({ properties }) => properties['name']))
    const { data } = await ask<{ features: { features: { properties: { name: string } }[] } }>(
      server,
      `query ($where: FeatureFilter, $orderBy: [FeatureOrder!]) {
        features(layer: "places", where: $where, orderBy: $orderBy, first: 150) { features { properties(only: ["name"]) } }
      }`,
      { where, orderBy },
    )
    expect(names).toEqual(data!.features.features.map(({ properties }) => properties.name))
  })

  it('continues after a cursor', async () => {
    const first = streamFeatures({ url, layer: 'places', batchSize: 1000 })
    const { value } = await first.next()
    await first.return()
    expect(await watch({ url, layer: 'places', after: value.cursor }).ids()).toEqual(ids.slice(1000))
  })
})

describe('a reader that is slow', () => {
  it('has no more than `readAhead` batches waiting, holds nothing on the server, and still gets each feature once', async () => {
    const { stream, states, ids: read } = watch({ url, layer: 'places', batchSize: 100, readAhead: 4 })
    await stream.next()
    await expect.poll(() => states.at(-1)).toEqual({ state: 'held' })
    await quiet(server)
    let arrived = 0
    const rest = await read(async ({ sequence }) => {
      arrived = sequence
      if (sequence === 40) await expect.poll(() => states.at(-1)).toEqual({ state: 'held' })
    })
    expect(rest).toEqual(ids.slice(100))
    expect(arrived).toBe(73)
    expect(states.filter(({ state }) => state === 'held').length).toBeGreaterThan(1)
  })

  it('that reads on in time is served in one go, however small the batches', async () => {
    const { states, ids: read } = watch({ url, layer: 'places', batchSize: 5, limit: 5000 })
    await read()
    expect(states.map(({ state }) => state)).toEqual(['asking', 'streaming'])
  })

  it('that takes one batch at a time gets each once', async () => {
    expect(await watch({ url, layer: 'places', batchSize: 2000, readAhead: 1 }).ids()).toEqual(ids)
  })
})

describe('ending', () => {
  const SLOW = { layer: 'places', batchSize: 1 }

  it('a loop that is left ends the operation', async () => {
    for await (const { count } of streamFeatures({ url, ...SLOW })) {
      expect(count).toBe(1)
      break
    }
    await quiet(server)
  })

  it('an aborted signal ends it with its reason, in every state', async () => {
    const left = new AbortController()
    const reading = watch({ url, ...SLOW, signal: left.signal }).ids(({ sequence }) => sequence === 3 && left.abort('enough'))
    await expect(reading).rejects.toBe('enough')
    await quiet(server)
    await expect(watch({ url, ...SLOW, signal: AbortSignal.abort('before') }).ids()).rejects.toBe('before')
  })

  it('an aborted signal ends the wait between two tries', async () => {
    const left = new AbortController()
    const { states, ids: read } = watch({ url: 'http://127.0.0.1:9/graphql', layer: 'places', signal: left.signal })
    const reading = read()
    const outcome = expect(reading).rejects.toBe('enough')
    await expect.poll(() => states.at(-1)?.state).toBe('waiting')
    left.abort('enough')
    await outcome
  })

  it('a shared connection stays for the others', async () => {
    const client = connect(url)
    const left = streamFeatures({ client, ...SLOW })
    await left.next()
    const [all] = await Promise.all([
      (async () => {
        let count = 0
        for await (const batch of streamFeatures({ client, layer: 'places', batchSize: 100 })) count += batch.count
        return count
      })(),
      left.return(),
    ])
    expect(all).toBe(ids.length)
    await client.dispose()
  })
})

describe('errors', () => {
  it.each([
    ['an unknown layer', { layer: 'palces' }, 'LAYER_NOT_FOUND'],
    ['an unknown property', { layer: 'places', where: { property: { name: 'nmae', eq: 'x' } } }, 'BAD_INPUT'],
    ['a cursor of another question', { layer: 'places', after: 'x' }, 'CURSOR_INVALID'],
    [
      'a message larger than the server takes',
      { layer: 'places', where: { intersects: { wkt: 'x'.repeat(2 ** 20) } } },
      'LIMIT_EXCEEDED',
    ],
  ])('%s is reported by its code, at once', async (_what, question, code) => {
    const { states, ids: read } = watch({ url, ...question })
    expect(await failure(read())).toMatchObject({ name: 'GeoduckClientError', code, retry: false })
    expect(states.filter(({ state }) => state === 'waiting')).toEqual([])
  })

  it('a server that is not there is OFFLINE, when it has been looked for often enough', async () => {
    const tries: number[] = []
    const { states, ids: read } = watch({
      url: 'http://127.0.0.1:9/graphql',
      layer: 'places',
      retry: (error, failures) => {
        tries.push(failures)
        return error.retry && failures < 3
      },
    })
    expect(await failure(read())).toMatchObject({ code: 'OFFLINE', retry: true, cursor: null })
    expect(tries).toEqual([1, 2, 3])
    const waits = states.flatMap((state) => (state.state === 'waiting' ? [state.waitMs] : []))
    expect(waits).toEqual([expect.toSatisfy((ms) => ms >= 250 && ms <= 500), expect.toSatisfy((ms) => ms >= 500 && ms <= 1000)])
  })

  it('a client that is disposed of before the first batch does not pass for an empty result', async () => {
    const client = connect(url)
    const stream = streamFeatures({ client, layer: 'places', retry: () => false })
    const first = failure(stream.next())
    await client.dispose()
    expect(await first).toMatchObject({ code: 'OFFLINE' })
  })

  it('a client that is disposed of in mid-stream does not pass for the end', async () => {
    const client = connect(url)
    const stream = streamFeatures({ client, layer: 'places', batchSize: 10, retry: () => false })
    await stream.next()
    await client.dispose()
    const rest = (async () => {
      for await (const { cursor } of stream) expect(cursor).toBeTruthy()
    })()
    const error: GeoduckClientError | null = await failure(rest)
    expect(error).toMatchObject({ code: 'OFFLINE', cursor: expect.any(String) })
  })
})
