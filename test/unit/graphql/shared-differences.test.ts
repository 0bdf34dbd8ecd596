import { expect, test } from 'vitest'
import type { Page } from '../../../src/engines/engine.ts'
import { SharedDifferences } from '../../../src/graphql/shared-differences.ts'

const { signal } = new AbortController()
let released = 0
const pageOf = (text: string) =>
  ({
    count: 1,
    outputs: [[Buffer.from(text.slice(0, 1)), Buffer.from(text.slice(1))]],
    release: () => released++,
  }) as unknown as Page
const textOf = ({ outputs }: Page) => Buffer.concat(outputs[0]!).toString()

test('clients that ask at the same time, and later, get one page, and the memory of its worker is released once', async () => {
  const shared = new SharedDifferences()
  const work = Promise.withResolvers<Page>()
  let made = 0
  const make = () => {
    made++
    return work.promise
  }
  const asked = [1, 2, 3].map(() => shared.page('one', signal, make))
  const other = await shared.page('other', signal, async () => pageOf('other'))
  released = 0
  work.resolve(pageOf('difference'))
  const pages = [...(await Promise.all(asked)), await shared.page('one', signal, make)]
  expect([...pages.map(textOf), textOf(other)]).toEqual([...pages.map(() => 'difference'), 'other'])
  for (const { release } of pages) release()
  expect([made, released]).toEqual([1, 1])
})

test('another client makes the page if the one that it was made for leaves, and an error is that of all', async () => {
  const shared = new SharedDifferences()
  const leaving = new AbortController()
  const left = shared.page('one', leaving.signal, () => Promise.reject(new Error('it left')))
  const others = [1, 2, 3].map((n) => shared.page('one', signal, async () => pageOf(`by ${n}`)))
  leaving.abort()
  await expect(left).rejects.toThrow('it left')
  expect((await Promise.all(others)).map(textOf)).toEqual(['by 1', 'by 1', 'by 1'])
  const failing = [1, 2].map((n) => shared.page('two', signal, () => Promise.reject(new Error(`failed ${n}`))))
  expect((await Promise.allSettled(failing)).map((outcome) => (outcome as PromiseRejectedResult).reason.message)).toEqual([
    'failed 1',
    'failed 1',
  ])
  expect(textOf(await shared.page('two', signal, async () => pageOf('again')))).toBe('again')
})

test('keeps a limited memory', async () => {
  const shared = new SharedDifferences()
  let made = 0
  const make = async () => {
    made++
    return pageOf('x'.repeat(4_000_000))
  }
  for (let n = 0; n < 6; n++) await shared.page(`${n}`, signal, make)
  await shared.page('5', signal, make)
  expect(made).toBe(6)
  await shared.page('0', signal, make)
  expect(made).toBe(7)
})

test('keeps no more memory than the bytes of a page', async () => {
  const page = await new SharedDifferences().page('one', signal, async () => pageOf('difference'))
  expect(page.outputs.flat().map(({ buffer }) => buffer.byteLength)).toEqual(['difference'.length])
})
