/** A client who asks for a box or a small page at a time over one connection, and reads short streams over one WebSocket. */
import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { WebSocket } from 'ws'
import { SQUARES } from './data.ts'

const BOX = `query ($bbox: BBox!) { features(layer: "${SQUARES}", where: { bbox: $bbox }) { count geojson } }`
const PAGE = `query ($from: JSON!) { features(layer: "${SQUARES}", first: 100, where: { property: { name: "id", gte: $from } }) { count geojson } }`
const STREAM_ROWS = 2_048
const STREAM = `subscription { featureBatches(layer: "${SQUARES}", batchSize: 1024, limit: ${STREAM_ROWS}) { count geojson } }`

/** Milliseconds between an answer and the next question. */
const THINKS_MS = 15
const THINKS_BETWEEN_STREAMS_MS = 150

export interface Experience {
  /** Milliseconds that each took. */
  readonly requests: readonly number[]
  readonly streams: readonly number[]
  /** The error instead of an answer. */
  readonly failures: readonly string[]
}

export class PoliteClient {
  readonly #url: string
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 })
  readonly #socket: WebSocket
  #asked = 0

  private constructor(url: string, socket: WebSocket) {
    this.#url = url
    this.#socket = socket
  }

  static async open(url: string): Promise<PoliteClient> {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws')
    await once(socket, 'open')
    socket.send('{"type":"connection_init"}')
    await once(socket, 'message')
    return new PoliteClient(url, socket)
  }

  async use(ms: number): Promise<Experience> {
    const until = performance.now() + ms
    const failures: string[] = []
    const repeat = async (thinksMs: number, ask: () => Promise<string | null>) => {
      const times: number[] = []
      while (performance.now() < until) {
        const began = performance.now()
        const failure = await ask()
        if (failure === null) times.push(performance.now() - began)
        else failures.push(failure)
        await sleep(thinksMs)
      }
      return times
    }
    const [requests, streams] = await Promise.all([
      repeat(THINKS_MS, () => this.#request()),
      repeat(THINKS_BETWEEN_STREAMS_MS, () => this.#stream()),
    ])
    return { requests, streams, failures }
  }

  close(): void {
    this.#agent.destroy()
    this.#socket.terminate()
  }

  async #request(): Promise<string | null> {
    const n = this.#asked++
    const [x, y] = [(n * 37) % 340, (n * 13) % 150]
    const body = JSON.stringify(
      n % 2 === 0
        ? { query: BOX, variables: { bbox: [x - 170, y - 75, x - 168, y - 73] } }
        : { query: PAGE, variables: { from: String((n * 7_919) % 190_000) } },
    )
    const sent = request(`${this.#url}/graphql`, {
      method: 'POST',
      agent: this.#agent,
      headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
    })
    try {
      sent.end(body)
      const [response] = await once(sent, 'response')
      let text = ''
      for await (const piece of response) text += piece
      return text.startsWith('{"data":{"features":{"count":') ? null : text.slice(0, 300)
    } catch (error) {
      return String(error)
    }
  }

  #stream(): Promise<string | null> {
    const id = `stream-${this.#asked++}`
    return new Promise((resolve) => {
      let count = 0
      const settle = (failure: string | null) => {
        this.#socket.off('message', look)
        this.#socket.off('close', closed)
        resolve(failure)
      }
      const closed = () => settle('the socket closed')
      const look = (data: Buffer) => {
        const head = data.subarray(0, 300).toString()
        if (!head.includes(`"${id}"`)) return
        if (head.includes('"type":"next"')) count += Number(/"count":(\d+)/.exec(head)?.[1])
        else settle(head.includes('"complete"') && count === STREAM_ROWS ? null : `after ${count} features: ${head}`)
      }
      this.#socket.on('message', look)
      this.#socket.once('close', closed)
      this.#socket.send(JSON.stringify({ id, type: 'subscribe', payload: { query: STREAM } }))
    })
  }
}
