/** Sort keys of 64 KB: a cursor does not carry them, and what a client gives back is taken. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { fixture } from '../../fixtures/index.ts'
import { ask, type PageInfo } from '../../support/graphql.ts'
import { serve, type TestServer } from '../../support/server.ts'

let server: TestServer
beforeAll(async () => {
  server = await serve([await fixture('heavy/wide.parquet')])
})
afterAll(() => server?.close())

const PAGE = `query ($after: Cursor) {
  features(layer: "wide", where: { property: { name: "n", lt: 60 } }, orderBy: [{ property: "text", direction: DESC }], first: 13, after: $after) {
    pageInfo { hasNextPage endCursor } features { properties(only: ["n"]) }
  }
}`

interface Page {
  readonly pageInfo: PageInfo
  readonly features: readonly { readonly properties: { readonly n: number } }[]
}

async function pageBehind(after: string | null): Promise<Page> {
  const { data, errors } = await ask<{ features: Page }>(server, PAGE, { after })
  expect(errors).toBeUndefined()
  return data!.features
}

it('pages of a result that is sorted by them follow each other, each feature once', async () => {
  const numbers: number[] = []
  let after: string | null = null
  for (let more = true; more; ) {
    const page = await pageBehind(after)
    expect(page.pageInfo.endCursor!.length).toBeLessThan(200)
    numbers.push(...page.features.map(({ properties }) => properties.n))
    more = page.pageInfo.hasNextPage
    after = page.pageInfo.endCursor
  }
  // The fixture writes this number, with zeros in front, again and again.
  const rank = (n: number) => (n * 7919) % 4_000
  expect(numbers).toEqual(Array.from({ length: 60 }, (_, n) => n).sort((a, b) => rank(b) - rank(a)))
})
