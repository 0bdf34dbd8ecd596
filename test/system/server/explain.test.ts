import { afterAll, beforeAll, expect, it } from 'vitest'
import { ask } from '../../support/graphql.ts'
import { PLACES, serve, type TestServer } from '../../support/server.ts'

let server: TestServer
beforeAll(async () => {
  server = await serve([PLACES])
})
afterAll(() => server.close())

it('a page has its plan, by its selection, without values and files', async () => {
  const args = 'layer: "places", where: { property: { name: "name", eq: "SECRET" } }, orderBy: [{ property: "name" }], first: 5'
  const { data } = await ask<{ features: { explain: Record<string, unknown> } }>(
    server,
    `{ features(${args}) { count explain { sql values reads pruning sorted } features { bbox } } }`,
  )
  expect(data!.features.explain).toMatchObject({ values: 2, pruning: 'NONE', sorted: true })
  expect(data!.features.explain['reads']).toHaveLength(2)
  expect(data!.features.explain['sql']).toContain('FROM "places" AS t WHERE')
  expect(JSON.stringify(data)).not.toMatch(/SECRET|\.parquet|\/shared\//)
})
