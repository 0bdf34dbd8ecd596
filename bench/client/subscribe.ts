/**
 * A WebSocket client that counts rows: subscribe.ts OPTIONS, in a separate process. It speaks graphql-transport-ws and reads `count`
 * off the beginning of each message; it does not parse the rest, as the Python pipeline's client does not.
 */
import WebSocket from 'ws'

export interface SubscribeOptions {
  /** The server's, with http. */
  readonly url: string
  readonly query: string
  readonly rows: number
  /** Sockets that subscribe at the same time, each for `rows` rows. @default 1 */
  readonly clients?: number
}

interface Tally {
  rows: number
  bytes: number
  batches: number
  firstMs: number
}

const COUNT = /"count":(\d+)/

function subscribe({ url, query }: SubscribeOptions): Promise<Tally> {
  const start = performance.now()
  const tally = { rows: 0, bytes: 0, batches: 0, firstMs: 0 }
  const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/graphql`, 'graphql-transport-ws', { perMessageDeflate: false })
  const send = (message: object) => socket.send(JSON.stringify(message))
  const { promise, resolve, reject } = Promise.withResolvers<Tally>()
  socket.on('open', () => send({ type: 'connection_init' }))
  socket.on('error', reject)
  socket.on('close', (code, reason) => reject(new Error(`closed: ${code} ${reason}`)))
  socket.on('message', (data: Buffer) => {
    const count = COUNT.exec(data.toString('latin1', 0, 200))?.[1]
    if (count !== undefined) {
      tally.firstMs ||= performance.now() - start
      tally.rows += Number(count)
      tally.bytes += data.length
      tally.batches++
      return
    }
    const message = JSON.parse(data.toString())
    if (message.type === 'connection_ack') send({ id: '1', type: 'subscribe', payload: { query } })
    else if (message.type === 'complete') resolve(tally)
    else if (message.type === 'ping') send({ type: 'pong' })
    else reject(new Error(JSON.stringify(message).slice(0, 300)))
  })
  return promise.finally(() => socket.terminate())
}

const options: SubscribeOptions = JSON.parse(process.argv[2] ?? '')
const start = performance.now()
const tallies = await Promise.all(Array.from({ length: options.clients ?? 1 }, () => subscribe(options)))
const seconds = (performance.now() - start) / 1_000
const short = tallies.find(({ rows }) => rows !== options.rows)
if (short) throw new Error(`${short.rows} rows instead of ${options.rows}`)
const sum = (key: keyof Tally) => tallies.reduce((total, tally) => total + tally[key], 0)
const firstMs = Math.max(...tallies.map((tally) => tally.firstMs))
const total = { rows: sum('rows'), bytes: sum('bytes'), batches: sum('batches'), firstMs }
process.stdout.write(JSON.stringify({ ...total, seconds, rowsPerSecond: total.rows / seconds }))
