/**
 * Writes to a live layer at a steady pace, and measures when each write has reached its subscribers: live.ts OPTIONS, in a separate process.
 * One clock has both ends. A subscriber that misses a write ends the run with an error.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import WebSocket from 'ws'
import { quantile } from '../median.ts'

export interface LiveOptions {
  /** The address of GraphQL, with http. */
  readonly url: string
  /** The same of the server that takes the writes. @default url */
  readonly writeUrl?: string
  readonly kind: 'changes' | 'polling' | 'postgraphile'
  readonly vehicles: number
  readonly subscribers: number
  /** Each subscriber has one of 100 boxes, and a write is in one of them. If false, all subscribers follow all vehicles. */
  readonly boxes: boolean
  readonly writesPerSecond: number
  /** Most differences per second of a subscriber. @default the server's */
  readonly maxPerSecond?: number
  /** Instead of a steady pace, so many writers, each of which waits for the acknowledgement of its write. */
  readonly writers?: number
  readonly seconds: number
}

const options: LiveOptions = JSON.parse(process.argv[2] ?? '')
const { url, writeUrl = url, kind, vehicles, subscribers, boxes, writesPerSecond, maxPerSecond, writers, seconds } = options

/** Operations of one socket, below the limit of a server for one of them. */
const OF_A_SOCKET = 50
const GRID = 10
/** The interval at which Hasura asks by default. */
const POLL_MS = 1_000
const GRACE_MS = 20_000
const AT = /"at":([\d.]+)/g

const now = () => performance.timeOrigin + performance.now()

async function post(query: string, variables: object, to = url): Promise<string> {
  const body = JSON.stringify({ query, variables })
  const response = await fetch(to, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
  const text = await response.text()
  if (text.includes('"errors":[{')) throw new Error(text.slice(0, 300))
  return text
}

/** The vehicles are spread over the boxes, each within one of them. */
const position = (vehicle: number, step: number) => [
  (vehicle % GRID) + 0.25 + ((step * 7) % 100) / 200,
  (Math.floor(vehicle / GRID) % GRID) + 0.25 + ((step * 13) % 100) / 200,
]
const boxOf = (n: number) => [n % GRID, Math.floor(n / GRID) % GRID, (n % GRID) + 1, (Math.floor(n / GRID) % GRID) + 1]
const whereOf = (n: number) => (boxes ? { where: { bbox: boxOf(n) } } : {})

const UPSERT =
  'mutation ($features: [FeatureInput!]!) { upsertFeatures(layer: "vehicles", features: $features) { written errors { message } } }'
const MOVE =
  'mutation ($id: Int!, $at: Float!, $x: Float!, $y: Float!) { moveVehicle(input: { vehicle: $id, moment: $at, x: $x, y: $y }) { clientMutationId } }'

function write(vehicle: number, step: number): Promise<string> {
  const [x, y] = position(vehicle, step)
  const at = now()
  if (kind === 'postgraphile') return acknowledged(at, post(MOVE, { id: vehicle, at, x, y }))
  return acknowledged(at, post(UPSERT, { features: [feature(vehicle, at, x!, y!)] }, writeUrl))
}

const feature = (vehicle: number, at: number, x: number, y: number) => ({
  key: `v${vehicle}`,
  geometry: { geojson: { type: 'Point', coordinates: [x, y] } },
  properties: { at },
})

/** When each write was sent, and when it was acknowledged. */
const acknowledgements = new Map<number, number>()
async function acknowledged(at: number, answer: Promise<string>): Promise<string> {
  const text = await answer
  acknowledgements.set(at, now())
  return text
}

/** The times at which each subscriber had each write. */
const arrivals: Map<number, number>[] = Array.from({ length: subscribers }, () => new Map())
function arrived(subscriber: number, text: string): void {
  const time = now()
  const had = arrivals[subscriber]!
  for (const [, at] of text.matchAll(AT)) if (!had.has(Number(at))) had.set(Number(at), time)
}

const CHANGES = `subscription ($where: FeatureFilter, $maxPerSecond: Float) { changes(layer: "vehicles", where: $where, maxPerSecond: $maxPerSecond) {
  __typename ... on ChangeBatch { added { geojson(only: ["at"]) } updated { geojson(only: ["at"]) } } } }`
const MOVED = 'subscription { vehicleMoved { rowId at geojson } }'

/** Resolves when all of its subscribers have what was there before. */
async function subscribe(first: number, count: number): Promise<void> {
  const socket = new WebSocket(url.replace(/^http/, 'ws'), 'graphql-transport-ws', { perMessageDeflate: false })
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const send = (message: object) => socket.send(JSON.stringify(message))
  let waiting = count
  socket.on('open', () => send({ type: 'connection_init' }))
  socket.on('error', reject)
  socket.on('message', (data: Buffer) => {
    const text = data.toString()
    const id = /"id":"(\d+)"/.exec(text)?.[1]
    if (text.includes('"type":"next"') && id !== undefined) {
      arrived(Number(id), text)
      if (text.includes('"UpToDate"') && --waiting === 0) resolve()
      return
    }
    const { type } = JSON.parse(text)
    if (type === 'ping') return send({ type: 'pong' })
    if (type !== 'connection_ack') return reject(new Error(text.slice(0, 300)))
    for (let n = first; n < first + count; n++) {
      const payload = kind === 'changes' ? { query: CHANGES, variables: { ...whereOf(n), maxPerSecond } } : { query: MOVED }
      send({ id: String(n), type: 'subscribe', payload })
    }
    // Nothing says that a listener of PostGraphile listens.
    if (kind === 'postgraphile') setTimeout(resolve, 1_000)
  })
  await promise
}

let isOver = false
const PAGE = `query ($where: FeatureFilter) { features(layer: "vehicles", where: $where, first: ${vehicles}) { geojson(only: ["at"]) } }`
async function poll(subscriber: number): Promise<void> {
  // They do not all ask at the same moment.
  await sleep((POLL_MS * subscriber) / subscribers)
  while (!isOver) {
    const began = now()
    arrived(subscriber, await post(PAGE, whereOf(subscriber)))
    await sleep(Math.max(0, began + POLL_MS - now()))
  }
}

if (kind !== 'postgraphile') {
  const all = Array.from({ length: vehicles }, (_, n) => feature(n, 0, ...(position(n, 0) as [number, number])))
  for (let n = 0; n < vehicles; n += 1_000) await post(UPSERT, { features: all.slice(n, n + 1_000) }, writeUrl)
}
const polls: Promise<void>[] = []
if (kind === 'polling') for (let n = 0; n < subscribers; n++) polls.push(poll(n))
else {
  const sockets = Array.from({ length: Math.ceil(subscribers / OF_A_SOCKET) }, (_, n) => n * OF_A_SOCKET)
  await Promise.all(sockets.map((first) => subscribe(first, Math.min(OF_A_SOCKET, subscribers - first))))
}

const began = now()
if (writers !== undefined) {
  let step = 0
  const writer = async () => {
    while (now() - began < seconds * 1_000) await write((step * 37) % vehicles, step++)
  }
  await Promise.all(Array.from({ length: writers }, writer))
  end({ writesPerSecond: (1_000 * step) / (now() - began) })
}
const writes: Promise<string>[] = []
for (let step = 0; step < seconds * writesPerSecond; step++) {
  await sleep(Math.max(0, began + (1_000 * step) / writesPerSecond - now()))
  writes.push(write((step * 37) % vehicles, step))
}
await Promise.all(writes)
const expected = writes.length * (boxes ? 1 : subscribers)
const latencies = () =>
  arrivals.flatMap((had) => [...had].flatMap(([at, time]) => (acknowledgements.has(at) ? [[at, time] as const] : [])))
for (const until = now() + GRACE_MS; latencies().length < expected && now() < until; ) await sleep(50)
isOver = true
await Promise.all(polls)
const all = latencies()
if (all.length !== expected) throw new Error(`${all.length} of ${expected} writes have arrived`)
const toArrival = all.map(([at, time]) => time - at)
const afterCommit = all.map(([at, time]) => Math.max(0, time - acknowledgements.get(at)!))
end({
  writeP50: quantile(toArrival, 0.5),
  writeP95: quantile(toArrival, 0.95),
  commitP50: quantile(afterCommit, 0.5),
  commitP95: quantile(afterCommit, 0.95),
})

function end(figures: Readonly<Record<string, number>>): void {
  process.stdout.write(`${JSON.stringify(figures)}\n`, () => process.exit(0))
}
