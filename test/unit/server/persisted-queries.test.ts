import { hash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { PersistedQueries } from '../../../src/server/persisted-queries.ts'

const named = (text: string, version: unknown = 1) => ({
  extensions: { persistedQuery: { version, sha256Hash: hash('sha256', text) } },
})
const withText = (text: string) => ({ query: text, ...named(text) })

function keepAll(store: PersistedQueries, texts: readonly string[]): void {
  for (const text of texts) {
    store.documentOf(withText(text))
    store.keep(withText(text))
  }
}

const knows = (store: PersistedQueries, text: string) => {
  try {
    return store.documentOf(named(text)) === text
  } catch {
    return false
  }
}

describe('persisted queries', () => {
  it('a document is found by its hash once it has been kept, in any letter case of the hash', () => {
    const store = new PersistedQueries(2)
    expect(() => store.documentOf(named('{ a }'))).toThrow(
      expect.objectContaining({ code: 'PERSISTED_QUERY_NOT_FOUND', message: 'PersistedQueryNotFound' }),
    )
    keepAll(store, ['{ a }'])
    expect(store.documentOf({ query: '', ...named('{ a }') })).toBe('{ a }')
    const sha256Hash = hash('sha256', '{ a }').toUpperCase()
    expect(store.documentOf({ extensions: { persistedQuery: { version: 1, sha256Hash } } })).toBe('{ a }')
  })

  it('the documents that were kept first are dropped when there are more than the store keeps', () => {
    const store = new PersistedQueries(2)
    keepAll(store, ['{ a }', '{ b }', '{ a }', '{ c }'])
    expect(['{ a }', '{ b }', '{ c }'].map((text) => knows(store, text))).toEqual([true, false, true])
  })

  it('a document that is used stays', () => {
    const store = new PersistedQueries(2)
    keepAll(store, ['{ a }', '{ b }'])
    store.keep({ query: store.documentOf(named('{ a }')), ...named('{ a }') })
    keepAll(store, ['{ c }'])
    expect(['{ a }', '{ b }', '{ c }'].map((text) => knows(store, text))).toEqual([true, false, true])
  })

  it('the bytes of all documents have a limit, and a document that exceeds it drops no other', () => {
    const store = new PersistedQueries(10)
    const long = (name: string, bytes: number) => `{ ${name} }`.padEnd(bytes / 2)
    keepAll(
      store,
      ['a', 'b', 'c', 'd'].map((name) => long(name, 30_000)),
    )
    expect(['a', 'b', 'c', 'd'].map((name) => knows(store, long(name, 30_000)))).toEqual([false, false, true, true])
    keepAll(store, [long('e', 90_000)])
    expect(['c', 'd'].map((name) => knows(store, long(name, 30_000)))).toEqual([true, true])
    expect(knows(store, long('e', 90_000))).toBe(false)
  })

  it.each([
    ['it is turned off', new PersistedQueries(0), 1],
    ['its version is another', new PersistedQueries(2), 2],
    ['its version is none', new PersistedQueries(2), null],
  ])('a hash is PERSISTED_QUERY_NOT_SUPPORTED where %s, and the text is used', (_what, store, version) => {
    const unsupported = { code: 'PERSISTED_QUERY_NOT_SUPPORTED', message: 'PersistedQueryNotSupported' }
    expect(() => store.documentOf(named('{ a }', version))).toThrow(expect.objectContaining(unsupported))
    const both = { query: '{ a }', ...named('{ a }', version) }
    expect(store.documentOf(both)).toBe('{ a }')
    store.keep(both)
    expect(knows(store, '{ a }')).toBe(false)
  })

  it.each<[string, unknown]>([
    ['a hash of another text', { version: 1, sha256Hash: hash('sha256', '{ b }') }],
    ['no hash', { version: 1 }],
    ['a hash that is no text', { version: 1, sha256Hash: 5 }],
    ['a hash that is too short', { version: 1, sha256Hash: 'abc' }],
    ['a hash alone', hash('sha256', '{ a }')],
  ])('%s is BAD_INPUT', (_what, persistedQuery) => {
    const store = new PersistedQueries(2)
    const request = { query: '{ a }', extensions: { persistedQuery } }
    expect(() => store.documentOf(request)).toThrow(expect.objectContaining({ code: 'BAD_INPUT' }))
  })

  it.each([undefined, null, {}, { persistedQuery: null }, 'text', 5])(
    'a request with the extensions %j is unchanged',
    (extensions) => {
      expect(new PersistedQueries(0).documentOf({ query: '{ a }', extensions })).toBe('{ a }')
    },
  )
})
