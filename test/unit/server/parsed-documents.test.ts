import { parse } from 'graphql'
import { expect, it } from 'vitest'
import { LONGEST, MOST_CHARACTERS, ParsedDocuments } from '../../../src/server/yoga.ts'

const document = parse('{ a }')
const text = (seed: number, length: number) => `{ a${seed} }`.padEnd(length)

it('distinct documents of any length take no more than the limit, and the one that is used is kept', () => {
  const documents = new ParsedDocuments()
  documents.set('{ a }', document)
  for (let seed = 0; seed < 2_000; seed++) {
    documents.set(text(seed, 20 + ((seed * 48_271) % LONGEST)), document)
    expect(documents.characters).toBeLessThanOrEqual(MOST_CHARACTERS)
    expect(documents.get('{ a }')).toBe(document)
  }
  expect(documents.characters).toBeGreaterThan(MOST_CHARACTERS / 2)
})

it('a document that is very long, or was set twice, does not take the place of others', () => {
  const documents = new ParsedDocuments()
  documents.set('{ a }', document)
  documents.set(text(1, LONGEST + 1), document)
  documents.set('{ a }', document)
  expect(documents.get(text(1, LONGEST + 1))).toBeUndefined()
  expect(documents.characters).toBe('{ a }'.length)
})
