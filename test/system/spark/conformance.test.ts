/** 100 questions to a layer whose rows Spark gathers: the answers have the same bytes as those of a server that reads the files by itself. */
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest'
import type { Narrowing } from '../../../src/engines/spark/dialect/narrow.ts'
import { ask } from '../../support/graphql.ts'
import type { TestServer } from '../../support/server.ts'
import { type SharedSpark, sharedSpark } from '../../support/shared-spark.ts'
import { directServer, gatheringServer } from './gathering-server.ts'
import { answerOf, QUESTIONS, type Question } from './questions.ts'

/** Changes the condition that Spark gets. */
const fault = vi.hoisted(() => ({ change: (narrowing: Narrowing): Narrowing => narrowing }))
vi.mock(import('../../../src/engines/spark/dialect/narrow.ts'), async (original) => {
  const { narrow } = await original()
  return { narrow: (...given) => fault.change(narrow(...given)) }
})

let spark: SharedSpark
let direct: TestServer
let gathering: TestServer

beforeAll(async () => {
  spark = await sharedSpark()
  ;[direct, gathering] = await Promise.all([directServer(), gatheringServer(spark)])
})

afterEach(() => {
  fault.change = (narrowing) => narrowing
})

afterAll(async () => {
  await gathering?.close()
  await direct?.close()
  await spark?.leave()
})

/** Fails at the first question with another answer. */
async function compare(questions: readonly Question[]): Promise<void> {
  for (const question of questions) {
    const [expected, answer] = await Promise.all([answerOf(direct, question), answerOf(gathering, question)])
    expect(answer, JSON.stringify(question)).toEqual(expected)
  }
}

it('answers have the same bytes', async () => {
  await compare(QUESTIONS)
})

it('Spark narrows at least 60 % of the filters', async () => {
  const filters = [...new Set(QUESTIONS.map(({ where }) => where))].filter((where) => where !== null)
  const asked =
    'query ($where: FeatureFilter) { features(layer: "edges", where: $where) { explain { gathering { condition } } } }'
  const conditions = filters.map(async (where) => {
    const { data } = await ask<{ features: { explain: { gathering: { condition: string | null } } } }>(gathering, asked, {
      where,
    })
    return data!.features.explain.gathering.condition
  })
  const narrowed = (await Promise.all(conditions)).filter((condition) => condition !== null)
  expect(narrowed.length).toBeGreaterThan(0.6 * filters.length)
})

const WHOLE = { where: { property: { name: 'whole', gt: 0 } }, orderBy: [], first: 1_000, select: 'features { id }' }

it('the comparison fails if Spark selects too few rows', async () => {
  fault.change = (narrowing) => ({ ...narrowing, condition: { sql: 't.`whole` > 7', values: [] } })
  await expect(compare([WHOLE])).rejects.toThrow('to deeply equal')
})

it('answers have the same bytes if Spark selects too many rows, and `execution` counts them', async () => {
  fault.change = (narrowing) => ({ ...narrowing, condition: null, isExact: false })
  await compare([WHOLE])
  const { data } = await ask(
    gathering,
    'query ($where: FeatureFilter) { features(layer: "edges", where: $where, first: 1000) { execution { engine gatheredRows notNarrowed } } }',
    WHOLE,
  )
  expect(data).toEqual({ features: { execution: { engine: 'spark', gatheredRows: '1500', notNarrowed: [] } } })
})
