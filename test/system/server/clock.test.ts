/** The wall clock of server and workers is set back and forth by two hours every second: no wait and no limit hangs on it. */
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ROOT } from '../../support/environment.ts'
import { GRID_ROWS, grid } from '../../support/faults/grid.ts'
import { ask, type Served } from '../../support/graphql.ts'
import { type Launched, launch } from '../../support/launched.ts'
import { RawSocket } from './raw-socket.ts'

const CLOCK = pathToFileURL(join(ROOT, 'test/support/restless-clock.ts')).href
const LAYER = `grid-${GRID_ROWS}`

let launched: Launched
let server: Served
beforeAll(async () => {
  const args = ['--import', CLOCK, 'test/support/faulty-server.ts', await grid()]
  launched = launch(process.execPath, args, { cwd: ROOT, environment: { IMPORTS: CLOCK } })
  server = { url: (await launched.line(/^ready (.*)$/))[1]! }
})
afterAll(async () => {
  process.kill(launched.pid, 'SIGTERM')
  await launched.ended
})

describe('while the clock is set back and forth', () => {
  test('streams are whole, at the pace of their clients; a slow one is not ended', async () => {
    const sockets = await Promise.all([0, 1, 2].map(() => RawSocket.open(`${server.url.replace('http', 'ws')}/graphql`)))
    const query = `subscription { featureBatches(layer: "${LAYER}", batchSize: 2048, orderBy: [{ property: "id" }]) { features { key } } }`
    for (const socket of sockets) socket.subscribe('a', query)
    // One does not read for three changes of the clock.
    const [slow] = sockets
    await slow!.until(({ type }) => type === 'next')
    slow!.ws.pause()
    await delay(3_000)
    slow!.ws.resume()
    const expected = Array.from({ length: GRID_ROWS }, (_, id) => String(id)).join()
    for (const socket of sockets) {
      const messages = await socket.ended('a')
      const keys = messages.flatMap(({ payload }) => {
        const batch = (payload as { data?: { featureBatches: { features: { key: string }[] } } } | undefined)?.data
          ?.featureBatches
        return batch?.features.map(({ key }) => key) ?? []
      })
      expect(messages.at(-1)!.type).toBe('complete')
      expect(keys.join() === expected).toBe(true)
      socket.close()
    }
  })

  test('pages answer within their deadline, and none is late before its time', async () => {
    const until = performance.now() + 3_000
    while (performance.now() < until) {
      const { data } = await ask(server, `{ features(layer: "${LAYER}", first: 100, deadline: 5) { count totalCount } }`)
      expect(data).toEqual({ features: { count: 100, totalCount: String(GRID_ROWS) } })
      await delay(100)
    }
  })
})
