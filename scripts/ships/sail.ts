/**
 * Moves the ships of the demo, as any client writes: `sail.ts` with the environment variables GEODUCK_DEMO_URL and GEODUCK_DEMO_TOKEN. It ends with
 * the process that has started it.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { featureOf, fleet, LAYER, stepOf } from './fleet.ts'

/** Each ship moves once in a second. A part of them moves at a time, so that the work is spread over the second. */
const PARTS = 4
const PART_MS = 1_000 / PARTS

const UPSERT = `mutation ($features: [FeatureInput!]!) {
  upsertFeatures(layer: "${LAYER}", features: $features) { errors { message } }
}`
const LATEST = `{
  features(layer: "${LAYER}", orderBy: [{ property: "at", direction: DESC }], first: 1) { features { properties(only: ["at"]) } }
}`

const { GEODUCK_DEMO_URL: url = '', GEODUCK_DEMO_TOKEN: token = '' } = process.env

process.once('disconnect', () => process.exit())
let isEnding = false
process.once('SIGTERM', () => {
  isEnding = true
})

/** Waits between two mutations, so that none is cut off by an end. */
async function pause(ms: number): Promise<void> {
  await sleep(Math.max(0, ms))
  if (isEnding) process.exit()
}

interface Answer {
  readonly data?: {
    readonly features?: { readonly features: readonly { readonly properties: { readonly at: string } }[] }
    readonly upsertFeatures?: { readonly errors: readonly { readonly message: string }[] }
  }
  readonly errors?: readonly { readonly message: string; readonly extensions: { readonly retry?: boolean } }[]
}

/** Sends it again while the server has too much to do. */
async function ask(query: string, variables = {}): Promise<NonNullable<Answer['data']>> {
  for (;;) {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` }
    const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ query, variables }) })
    const { data, errors = [] } = (await response.json()) as Answer
    if (data && errors.length === 0) return data
    if (!errors[0]?.extensions.retry) throw new Error(errors[0]?.message)
    await pause(1_000)
  }
}

const ships = fleet()
const { features } = await ask(LATEST)
let step = stepOf(features!.features[0]!.properties.at)
for (let due = performance.now(); ; ) {
  step += 1
  for (let part = 0; part < PARTS; part++) {
    const moved = ships.filter((_, n) => n % PARTS === part).map((ship) => featureOf(ship, step))
    const { upsertFeatures } = await ask(UPSERT, { features: moved })
    const [error] = upsertFeatures!.errors
    if (error) throw new Error(error.message)
    due = Math.max(due + PART_MS, performance.now())
    await pause(due - performance.now())
  }
}
