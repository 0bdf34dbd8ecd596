/**
 * Promise 19: no request costs the server process more than 50 ms of its event loop. The server runs in a separate process, and receives the
 * largest requests of every kind (corpus.ts), then what a search makes of the worst. `GEODUCK_LONG=1` asks all of them by every wire, and searches
 * for ten minutes.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { fixture } from '../../fixtures/index.ts'
import { Random } from '../../support/random.ts'
import { ProbedServer } from './probed-server.ts'
import { type Found, search } from './search.ts'

/** Milliseconds of processor time. */
const MOST = 50
const LONG = process.env['GEODUCK_LONG'] === '1'

let server: ProbedServer
beforeAll(async () => {
  const [loop, many] = [await fixture('loop/loop.duckdb'), await fixture('loop/many.duckdb')]
  server = await ProbedServer.start([loop, many])
})
afterAll(() => server?.close())

const shown = ({ kind, n, size, request, held, answer }: Found) =>
  `${held.toFixed(1)} ms: ${kind.name}, no. ${n}, ${request.wire}, size ${size.toFixed(2)}, ${request.text.length} bytes; ${answer.replaceAll(/\s+/g, ' ').slice(0, 90)}`

test('no request within or beyond the limits holds the event loop of the server for more than 50 ms', async () => {
  const options = { server, random: new Random(), whole: LONG, climbMs: LONG ? 600_000 : 8_000, most: MOST }
  const worst = await search(options)
  console.log(worst.slice(0, 10).map(shown).join('\n'))
  expect(worst.filter(({ held }) => held > MOST).map(shown)).toEqual([])
  // It was no dead server that was asked.
  expect(worst.length).toBeGreaterThan(60)
  expect(worst.filter(({ answer }) => /"data"|data:/.test(answer)).length).toBeGreaterThan(20)
}, 1_200_000)
