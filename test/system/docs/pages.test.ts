/** Runs the blocks of the documentation, and compares the output. Figures that differ from run to run are not compared. */
import { globSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest'
import { blocksOf } from '../../support/blocks.ts'
import { ROOT } from '../../support/environment.ts'
import type { Place } from './example.ts'
import { PAGES } from './pages.ts'
import { openPlace } from './place.ts'

let place: Place & { close(): Promise<void> }

beforeAll(async () => {
  place = await openPlace()
})
afterAll(() => place?.close())

test('every page is known', () => {
  expect(Object.keys(PAGES).toSorted()).toEqual(
    ['README.md', ...globSync(['docs/*.md', 'docs/clients/*.md'], { cwd: ROOT })].toSorted(),
  )
})

describe.each(Object.entries(PAGES))('%s', (page, examples) => {
  const blocks = blocksOf(page)
  const firsts = examples.map((_, n) => examples.slice(0, n).reduce((sum, { blocks }) => sum + blocks.length, 0))
  const runs = examples.flatMap(({ blocks: { length }, holds }, n) => {
    const own = blocks.slice(firsts[n]!, firsts[n]! + length)
    return holds === null ? [] : [{ heading: own[0]?.heading, texts: own.map(({ text }) => text), holds }]
  })

  it('has an example in the tests for each of its blocks', () => {
    expect(blocks.map(({ language }) => language)).toEqual(examples.flatMap((example) => example.blocks))
  })

  it.each(runs)('$heading', async ({ texts, holds }) => {
    await holds(place, ...texts)
  })
})
