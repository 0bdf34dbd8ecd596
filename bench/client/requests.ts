/**
 * Distinct requests over HTTP for some seconds: requests.ts OPTIONS, in a separate process. It is the client of every server, so that
 * its own cost, which is small and the same, leaves their order alone: it keeps connections, reads each body whole, and counts the
 * features in its bytes without parsing it.
 */
import { readFile } from 'node:fs/promises'
import { Agent, request } from 'node:http'
import type { Question } from '../data/questions.ts'
import { quantile } from '../median.ts'

export interface RequestOptions {
  /** `$1`, `$2` are the question's values, here and in `body`. */
  readonly url: string
  /** JSON to post. Null: a GET. */
  readonly body: string | null
  /** File of the questions. */
  readonly questions: string
  /** Bytes that each feature of an answer has once. Null: the answer has the number of features as `count` or `totalCount`. */
  readonly marker: string | null
  readonly concurrency: number
  /** Asks the first questions again and again. @default each question once */
  readonly distinct?: number
  readonly seconds: number
}

const WARM_UPS = 20

const options: RequestOptions = JSON.parse(process.argv[2] ?? '')
const questions: Question[] = JSON.parse(await readFile(options.questions, 'utf8'))
const agent = new Agent({ keepAlive: true, maxSockets: options.concurrency })
const times: number[] = []
let next = 0

async function one(): Promise<void> {
  const question = questions[options.distinct === undefined ? next++ : next++ % options.distinct]
  if (!question) throw new Error(`The ${questions.length} questions are used up, and none may be asked twice.`)
  const { values, features } = question
  const url = options.url.replace(/\$(\d)/g, (_, n) => encodeURIComponent(values[n - 1]!))
  const body = options.body?.replace(/\$(\d)/g, (_, n) => JSON.stringify(values[n - 1])) ?? null
  const start = performance.now()
  const answer = await send(url, body)
  times.push(performance.now() - start)
  const found =
    options.marker === null ? Number(/ount": ?"?(\d+)/.exec(answer.toString('latin1'))?.[1]) : count(answer, options.marker)
  if (found !== features)
    throw new Error(`${found} features instead of ${features} for ${values}: ${answer.toString('utf8', 0, 300)}`)
}

function send(url: string, body: string | null): Promise<Buffer> {
  const headers = body === null ? {} : { 'content-type': 'application/json', accept: 'application/json' }
  return new Promise((resolve, reject) => {
    const sent = request(url, { agent, method: body === null ? 'GET' : 'POST', headers }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.once('end', () => resolve(Buffer.concat(chunks)))
      response.once('error', reject)
    })
    sent.once('error', reject)
    sent.end(body ?? undefined)
  })
}

function count(answer: Buffer, marker: string): number {
  const bytes = Buffer.from(marker)
  let found = 0
  for (let at = answer.indexOf(bytes); at !== -1; at = answer.indexOf(bytes, at + bytes.length)) found++
  return found
}

for (let warm = 0; warm < WARM_UPS; warm++) await one()
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
