/** Lookups over HTTP for some seconds, one at a time: lookups.ts OPTIONS, in a separate process. Each answer must have the expected number of features. */
import { readFile } from 'node:fs/promises'
import type { Lookup } from '../data/lookups.ts'
import { type LookupKind, questionOf } from '../lookup-questions.ts'
import { quantile } from '../median.ts'
import { ask, countIn } from './http.ts'

export interface LookupOptions {
  readonly url: string
  readonly layer: string
  readonly kind: LookupKind
  /** File of the lookups. */
  readonly lookups: string
  readonly seconds: number
}

const options: LookupOptions = JSON.parse(process.argv[2] ?? '')
const lookups: Lookup[] = JSON.parse(await readFile(options.lookups, 'utf8'))
let next = 0
const times: number[] = []

async function one(): Promise<void> {
  const { query, count } = questionOf(options.kind, options.layer, lookups, next++)
  const answer = await ask(`${options.url}/graphql`, query)
  if (options.kind === 'key') {
    if (!answer.head.includes('"type":"Polygon"')) throw new Error(`no feature: ${answer.head}`)
  } else if (countIn(answer) !== count) throw new Error(`${countIn(answer)} features instead of ${count}`)
  times.push(answer.totalMs)
}

for (let warm = 0; warm < 10; warm++) await one()
times.length = 0
const start = performance.now()
while (performance.now() - start < options.seconds * 1_000) await one()
const perSecond = times.length / ((performance.now() - start) / 1_000)
process.stdout.write(JSON.stringify({ perSecond, p50Ms: quantile(times, 0.5), p95Ms: quantile(times, 0.95) }))
process.exit()
