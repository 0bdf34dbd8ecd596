/** Every wire and every encoding serves a layer whose rows Spark gathers, with the same bytes as a layer of the same files. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { TestServer } from '../../support/server.ts'
import { type SharedSpark, sharedSpark } from '../../support/shared-spark.ts'
import { directServer, gatheringServer } from './gathering-server.ts'
import { WIRES } from './wires.ts'

/** Flowing pages have more than 10,000 features. */
const CONFIG = { pageRows: 20_000 }

let spark: SharedSpark
let direct: TestServer
let gathering: TestServer

beforeAll(async () => {
  spark = await sharedSpark()
  ;[direct, gathering] = await Promise.all([directServer(CONFIG), gatheringServer(spark, CONFIG)])
})

afterAll(async () => {
  await gathering?.close()
  await direct?.close()
  await spark?.leave()
})

it.each(Object.entries(WIRES))('%s', async (_, wire) => {
  const expected = await wire(direct)
  expect(JSON.stringify(expected)).not.toMatch(/"errors\\*":|"status":[45]/)
  expect(await wire(gathering)).toEqual(expected)
})
