/** 100 questions to a layer whose rows Spark gathers: the answers have the same bytes as those of a server that reads the files by itself. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { TestServer } from '../../support/server.ts'
import { type SharedSpark, sharedSpark } from '../../support/shared-spark.ts'
import { directServer, gatheringServer } from './gathering-server.ts'
import { answerOf, QUESTIONS } from './questions.ts'

let spark: SharedSpark
let direct: TestServer
let gathering: TestServer

beforeAll(async () => {
  spark = await sharedSpark()
  ;[direct, gathering] = await Promise.all([directServer(), gatheringServer(spark)])
})

afterAll(async () => {
  await gathering?.close()
  await direct?.close()
  await spark?.leave()
})

it('answers have the same bytes', async () => {
  for (const question of QUESTIONS) {
    const expected = await answerOf(direct, question)
    expect(await answerOf(gathering, question), JSON.stringify(question)).toEqual(expected)
  }
})
