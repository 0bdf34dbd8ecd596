import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Answer, ask } from '../client/http.ts'
import type { QueryBox } from '../data/boxes.ts'
import { tableOf } from '../data/store.ts'
import type { Arm, Figure, Row } from '../row.ts'
import { usage } from './typed-page.ts'

/** Requests of a run, each with another box or key, and features of the layer. */
const [REQUESTS, KEYS] = [200, 500_000]
const LAYER = tableOf('buildings')

/** Processor time per small answer, of the server and of its workers, with `clients` requests at a time. */
function arm(clients: number, queryOf: (box: QueryBox, n: number) => string, expected: (box: QueryBox) => string): Arm {
  return {
    run: async ({ server, data }) => {
      const boxes: QueryBox[] = JSON.parse(await readFile(join(data, 'buildings.boxes.json'), 'utf8'))
      const pids = (await server.workers()).map(({ pid }) => pid)
      const before = await usage(server, pids)
      let next = 0
      const client = async () => {
        for (let n = next++; n < REQUESTS; n = next++) {
          const box = boxes[n % boxes.length]!
          requireText(await ask(`${server.url}/graphql`, queryOf(box, n)), expected(box))
        }
      }
      await Promise.all(Array.from({ length: clients }, client))
      const after = await usage(server, pids)
      const [serverMs, workersMs] = after.map((ms, n) => (ms - before[n]!) / REQUESTS) as [number, number]
      return { serverMs, workersMs }
    },
  }
}

function requireText({ status, head }: Answer, text: string): void {
  if (status !== 200 || !head.includes(text)) throw new Error(`HTTP ${status} without ${text}: ${head.slice(0, 200)}`)
}

const box = ({ bbox }: QueryBox) => `{ features(layer: "${LAYER}", where: { bbox: [${bbox}] }, first: 10000) { count geojson } }`
const counted = ({ hits }: QueryBox) => `"count":${hits}`

/** The table, because its workers take the least time. The server's own time is the same for the file. */
export const BOX_CPU: Row = {
  id: 'box-cpu',
  title: 'Processor time of small answers over HTTP: 1,000 buildings of a table, a count, a feature by its key',
  arms: {
    box: arm(1, box, counted),
    'boxes of 8 clients': arm(8, box, counted),
    count: arm(
      1,
      ({ bbox }) => `{ features(layer: "${LAYER}", where: { bbox: [${bbox}] }, first: 1) { totalCount } }`,
      ({ hits }) => `"totalCount":"${hits}"`,
    ),
    key: arm(
      1,
      (_, n) =>
        `{ feature(layer: "${LAYER}", id: "${1 + ((n * 7_919) % KEYS)}") { __typename key geojson: geometry(as: GEOJSON) } }`,
      () => `"key":`,
    ),
  },
  figures: ['box', 'boxes of 8 clients', 'count', 'key'].flatMap((name) => [
    figure(name, 'serverMs', 'of the server'),
    figure(name, 'workersMs', 'of its workers'),
  ]),
}

function figure(name: string, key: string, whose: string): Figure {
  return { label: `${name}: ${whose}`, key, unit: 'ms', arm: name, better: 'lower', threshold: null, goal: null }
}
