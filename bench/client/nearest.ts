/** The nearest features of places, or boxes of about as many around them: nearest.ts OPTIONS, in a separate process. */
import { readFile } from 'node:fs/promises'
import type { QueryBox } from '../data/boxes.ts'
import { quantile } from '../median.ts'
import { ask, countIn } from './http.ts'

export interface NearestOptions {
  readonly url: string
  readonly layer: string
  /** File of the boxes. Their middles are the places. */
  readonly boxes: string
  readonly kind: 'box' | 'nearest'
  readonly first: number
  readonly seconds: number
}

const options: NearestOptions = JSON.parse(process.argv[2] ?? '')
const { layer, kind, first } = options
const boxes: QueryBox[] = JSON.parse(await readFile(options.boxes, 'utf8'))

function fieldOf({ bbox: [west, south, east, north], hits }: QueryBox): string {
  const [x, y] = [(west + east) / 2, (south + north) / 2]
  if (kind === 'nearest') return `nearest(layer: "${layer}", to: { wkt: "POINT(${x} ${y})" }, first: ${first})`
  const share = Math.sqrt(first / hits)
  const [dx, dy] = [(share * (east - west)) / 2, (share * (north - south)) / 2]
  return `features(layer: "${layer}", where: { bbox: [${x - dx}, ${y - dy}, ${x + dx}, ${y + dy}] }, first: 10000)`
}

const times: number[] = []
const start = performance.now()
for (let n = 0; times.length < 20 || performance.now() - start < options.seconds * 1_000; n++) {
  const answer = await ask(`${options.url}/graphql`, `{ ${fieldOf(boxes[n % boxes.length]!)} { count geojson } }`)
  const count = countIn(answer)
  if (kind === 'nearest' && count !== first) throw new Error(`${count} features instead of ${first}`)
  // The first ten warm it up.
  if (n >= 10) times.push(answer.totalMs)
}
process.stdout.write(JSON.stringify({ p50Ms: quantile(times, 0.5) }))
process.exit()
