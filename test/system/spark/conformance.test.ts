/** 100 questions to a layer whose rows Spark gathers: the answers have the same bytes as those of a server that reads the files by itself. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { fixture } from '../../fixtures/index.ts'
import { serve, type TestServer } from '../../support/server.ts'
import { answerOf, QUESTIONS } from './questions.ts'

let direct: TestServer
let gathering: TestServer

beforeAll(async () => {
  const path = await fixture('spark/edges')
  direct = await serve([], { layers: [{ name: 'edges', path, key: 'id' }] })
  gathering = await serve([], { layers: [{ name: 'edges', path, key: 'id' }] })
})

afterAll(async () => {
  await gathering?.close()
  await direct?.close()
})

it('answers have the same bytes', async () => {
  for (const question of QUESTIONS) {
    const expected = await answerOf(direct, question)
    expect(await answerOf(gathering, question), JSON.stringify(question)).toEqual(expected)
  }
})
