/** Box queries over HTTP for some seconds: boxes.ts OPTIONS, in a separate process. Each answer must have the expected number of features. */
import { readFile } from 'node:fs/promises'
import type { QueryBox } from '../data/boxes.ts'
import { quantile } from '../median.ts'
import { ask, countIn } from './http.ts'

export interface BoxOptions {
  readonly url: string
  readonly layer: string
  /** File of the boxes. */
  readonly boxes: string
  /** The number of different boxes. @default all of the file */
  readonly distinct?: number
  readonly concurrency: number
  readonly seconds: number
}

const options: BoxOptions = JSON.parse(process.argv[2] ?? '')
const all: QueryBox[] = JSON.parse(await readFile(options.boxes, 'utf8'))
const boxes = all.slice(0, options.distinct)
let next = 0
const times: number[] = []

async function one(): Promise<void> {
  const { bbox, hits } = boxes[next++ % boxes.length]!
  const query = `{ features(layer: "${options.layer}", where: { bbox: [${bbox}] }, first: 10000) { count geojson } }`
  const answer = await ask(`${options.url}/graphql`, query)
  const count = countIn(answer)
  if (count !== hits) throw new Error(`${count} features instead of ${hits}`)
  times.push(answer.totalMs)
}

for (let warm = 0; warm < 10; warm++) await one()
times.length = 0
const start = performance.now()
await Promise.all(
  Array.from({ length: options.concurrency }, async () => {
    while (performance.now() - start < options.seconds * 1_000) await one()
  }),
)
const seconds = (performance.now() - start) / 1_000
const perSecond = times.length / seconds
process.stdout.write(JSON.stringify({ perSecond, p50Ms: quantile(times, 0.5), p95Ms: quantile(times, 0.95) }))
process.exit()
