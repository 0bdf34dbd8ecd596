import { join } from 'node:path'
import { expect, it } from 'vitest'
import { ROOT } from '../../support/environment.ts'
import { java } from '../../support/java.ts'
import { PLACES, serve } from '../../support/server.ts'

it("Java's HttpClient, which offers h2c with a body too, gets HTTP/1.1 and 200", async () => {
  const server = await serve([PLACES])
  const bodies = ['{ layers { name } }', '{ features(layer: "places", first: 2) { count } }'].map((query) =>
    JSON.stringify({ query }),
  )
  const printed = await java(join(ROOT, 'test/system/server/Client.java'), [server.url, bodies.join('\n')])
  expect(printed.trim().split('\n')).toEqual([
    '200 HTTP_1_1 {"ready":true,"problems":[]}',
    '200 HTTP_1_1 {"data":{"layers":[{"name":"places"}]}}',
    '200 HTTP_1_1 {"data":{"features":{"count":2}}}',
  ])
  await server.close()
})
