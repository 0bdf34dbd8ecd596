/** The tasks of clients, which they repeat. Each answer is known before, and a wrong one throws. */
import { setTimeout as sleep } from 'node:timers/promises'
import WebSocket from 'ws'
import { type Batch, query, Refused, subscribe } from './client.ts'
import { cornerOf, countIn, ROWS, scoreOf } from './data.ts'

export interface Dice {
  /** 0 <= n < limit */
  integer(limit: number): number
}

export interface TaskContext {
  readonly url: string
  readonly dice: Dice
  /** Milliseconds a bounding box took, for those who compare them. */
  readonly onBox: (ms: number) => void
}

export type Task = (context: TaskContext) => Promise<void>

/** In the order of the file; and by score, whose ties keep it. */
const NATURAL = Array.from({ length: ROWS }, (_, id) => String(id))
const BY_SCORE = [...NATURAL].sort((a, b) => scoreOf(Number(a)) - scoreOf(Number(b)) || Number(a) - Number(b))

const BY_NAME = [...NATURAL].sort()

/** Errors that allow a retry, and the position to resume from. */
const RETRIED = new Set(['OVERLOADED', 'WORKER_LOST', 'QUARANTINED', 'SLOW_CONSUMER'])
let questions = 0

/** Another question each time, which all features answer: crashes under one are not held against the next, for two minutes. */
const anotherWhere = () => ({ property: { name: 'id', gte: String(-1 - questions++) } })

interface Reading {
  readonly sorted?: boolean
  readonly batchSize: number
  /** False: drop the connection, and resume from the cursor on another one. */
  readonly onBatch?: (batch: Batch) => Promise<boolean> | boolean
}

/** Reads everything, over as many connections as it takes, and compares it. */
async function readAll({ url, dice }: TaskContext, { sorted = false, batchSize, onBatch = () => true }: Reading): Promise<void> {
  const layer = dice.integer(2) === 0 ? 'soak' : 'stored'
  const question = {
    layer,
    batchSize,
    where: anotherWhere(),
    orderBy: sorted ? [{ property: 'score' }] : null,
  }
  const ids: string[] = []
  let after: string | null = null
  for (let complete = false; !complete; ) {
    const take = (batch: Batch) => {
      ids.push(...batch.features.map(({ key }) => key))
      after = batch.cursor
      return onBatch(batch)
    }
    try {
      complete = await subscribe(url, { ...question, after }, take)
    } catch (error) {
      if (!(error instanceof Refused && RETRIED.has(error.code))) throw error
      after = error.cursor ?? after
      await sleep(500)
      // A minute is longer than a soak wants to wait: the rest of it is another question's.
      if (error.code === 'QUARANTINED') return compare(ids, (sorted ? BY_SCORE : NATURAL).slice(0, ids.length), layer)
    }
  }
  compare(ids, sorted ? BY_SCORE : NATURAL, layer)
}

function compare(ids: readonly string[], expected: readonly string[], layer: string): void {
  if (ids.length !== expected.length) throw new Error(`complete with ${ids.length} features of ${layer}, not ${expected.length}`)
  const wrong = ids.findIndex((id, n) => id !== expected[n])
  if (wrong >= 0) throw new Error(`feature ${wrong} of ${layer} is ${ids[wrong]}, not ${expected[wrong]}`)
}

const pausing = (dice: Dice, ms: number) => async () => {
  if (dice.integer(8) === 0) await sleep(ms)
  return true
}

export const TASKS: Readonly<Record<string, Task>> = {
  stream: (context) => readAll(context, { batchSize: 1_000 + context.dice.integer(4_000) }),
  sorted: (context) => readAll(context, { sorted: true, batchSize: 2_000 + context.dice.integer(8_000) }),
  slow: (context) => readAll(context, { batchSize: 5_000, onBatch: pausing(context.dice, 1_500) }),
  cut: (context) => readAll(context, { batchSize: 2_000, onBatch: () => context.dice.integer(6) > 0 }),
  box: async ({ url, dice, onBox }) => {
    const { x, y } = cornerOf(dice.integer(ROWS))
    const bbox = [x + 0.3, y + 0.3, x + 2.1, y + 1.7] as const
    const began = performance.now()
    const { features } = await query<{ features: { count: number } }>(
      url,
      'query ($bbox: BBox) { features(layer: "soak", where: { bbox: $bbox }, first: 1000) { count features { id } } }',
      { bbox },
    )
    onBox(performance.now() - began)
    const expected = countIn(bbox)
    if (features.count !== expected) throw new Error(`${features.count} features in ${bbox}, not ${expected}`)
    await sleep(20)
  },
  count: async ({ url }) => {
    const { features } = await query<{ features: { totalCount: string } }>(
      url,
      'query ($where: FeatureFilter) { features(layer: "stored", where: $where, first: 1) { totalCount } }',
      { where: anotherWhere() },
    )
    if (features.totalCount !== String(ROWS)) throw new Error(`${features.totalCount} features match, not ${ROWS}`)
    await sleep(200)
  },
  /** Heavy: a sort by text of everything. */
  page: async ({ url, dice }) => {
    const first = 1 + dice.integer(5_000)
    const { features } = await query<{ features: { features: { key: string }[] } }>(
      url,
      'query ($n: Int!) { features(layer: "soak", orderBy: [{ property: "name" }], first: $n) { features { key } } }',
      { n: first },
    )
    const ids = features.features.map(({ key }) => key)
    compare(ids, BY_NAME.slice(0, first), 'soak')
  },
  /** Ten times what two workers do at once. */
  burst: async (context) => {
    const sorted = 'query ($n: Int!) { features(layer: "soak", orderBy: [{ property: "name" }], first: $n) { count } }'
    const outcomes = await Promise.allSettled(
      Array.from({ length: 20 }, (_, n) => query<{ features: { count: number } }>(context.url, sorted, { n: 5_000 + n })),
    )
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected' && !(outcome.reason instanceof Refused && RETRIED.has(outcome.reason.code)))
        throw outcome.reason
    }
    await sleep(2_000)
  },
  abuse: async ({ url, dice }) => {
    const texts = ['{', 'null', '{"type":"subscribe","id":"a"}', '{"type":"connection_init"}', 'x'.repeat(20_000)]
    const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws')
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
    socket.once('error', () => {})
    socket.once('open', () => {
      socket.send(texts[dice.integer(texts.length)]!)
      setTimeout(() => socket.terminate(), 100)
    })
    await closed
    await sleep(200)
  },
}
