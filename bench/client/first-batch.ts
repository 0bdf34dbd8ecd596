/** Time to the first batch on an open socket, again and again: first-batch.ts OPTIONS. Each subscription is ended after its first batch. */
import WebSocket from 'ws'
import { median } from '../median.ts'

export interface FirstBatchOptions {
  readonly url: string
  readonly query: string
  readonly runs: number
}

const options: FirstBatchOptions = JSON.parse(process.argv[2] ?? '')
const socket = new WebSocket(`${options.url.replace(/^http/, 'ws')}/graphql`, 'graphql-transport-ws', {
  perMessageDeflate: false,
})
const send = (message: object) => socket.send(JSON.stringify(message))
await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
send({ type: 'connection_init' })
await nextMessage()

const times: number[] = []
for (let run = 0; run <= options.runs; run++) {
  const id = String(run)
  const start = performance.now()
  send({ id, type: 'subscribe', payload: { query: options.query } })
  let text = await nextMessage()
  // Batches of the one before may still be on their way.
  while (!text.includes(`"id":"${id}"`)) text = await nextMessage()
  if (!text.includes('"count":')) throw new Error(text)
  times.push(performance.now() - start)
  send({ id, type: 'complete' })
  // A client that reads its batch. The worker is free again by then.
  await new Promise((resolve) => setTimeout(resolve, 100))
}
socket.terminate()
// The first one warms the server up.
process.stdout.write(JSON.stringify({ firstMs: median(times.slice(1)) }))

function nextMessage(): Promise<string> {
  return new Promise((resolve) => socket.once('message', (data: Buffer) => resolve(data.toString('latin1', 0, 200))))
}
