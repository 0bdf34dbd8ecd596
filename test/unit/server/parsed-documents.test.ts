import { parse } from 'graphql'
import { expect, it } from 'vitest'
import { LONGEST, MOST_CHARACTERS, parsedDocuments } from '../../../src/server/yoga.ts'

const document = parse('{ a }')
const text = (seed: number, length: number) => `{ a${seed} }`.padEnd(length)

it('distinct documents of any length take no more than the limit, and the one that is used is kept', () => {
  const documents = parsedDocuments()
  documents.set('{ a }', document)
  for (let seed = 0; seed < 2_000; seed++) {
    documents.set(text(seed, 20 + ((seed * 48_271) % LONGEST)), document)
    expect(documents.calculatedSize).toBeLessThanOrEqual(MOST_CHARACTERS)
    expect(documents.get('{ a }')).toBe(document)
  }
  expect(documents.calculatedSize).toBeGreaterThan(MOST_CHARACTERS / 2)
})

it('a document that is very long, or was set twice, does not take the place of others', () => {
  const documents = parsedDocuments()
  documents.set('{ a }', document)
  documents.set(text(1, LONGEST + 1), document)
  documents.set('{ a }', document)
  expect(documents.get(text(1, LONGEST + 1))).toBeUndefined()
  expect(documents.calculatedSize).toBe('{ a }'.length)
})
