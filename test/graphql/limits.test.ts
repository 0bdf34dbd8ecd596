import { getIntrospectionQuery, parse } from 'graphql'
import { describe, expect, it } from 'vitest'
import { parseDocument, validateDocument } from '../../src/graphql/document.ts'
import { openSchema } from '../../src/graphql/schema.ts'

const schema = openSchema()
const refusals = (source: string) =>
  validateDocument(schema, parse(source)).filter(({ extensions }) => extensions['code'] === 'LIMIT_EXCEEDED')

/** Inline fragments add no level, so levels are made of fields that validation does not know. */
const nested = (levels: number) => `{ ${'a { '.repeat(levels - 1)} a ${'}'.repeat(levels - 1)} }`
const aliases = (count: number) => `{ health { ${Array.from({ length: count }, (_, i) => `a${i}: version`).join(' ')} } }`
const roots = (count: number) => `{ ${Array.from({ length: count }, () => '__typename').join(' ')} }`

describe('an operation', () => {
  it.each([
    ['levels', nested, 10],
    ['aliases', aliases, 15],
    ['root fields', roots, 5],
  ])('may have so many %s and no more', (_what, make, most) => {
    expect(refusals(make(most))).toEqual([])
    expect(refusals(make(most + 1))).toHaveLength(1)
  })

  it('may have 2,000 tokens and no more', () => {
    const tokens = (count: number) => `{ ${'version '.repeat(count - 2)}}`
    expect(() => parseDocument(tokens(2_000))).not.toThrow()
    expect(() => parseDocument(tokens(2_001))).toThrow('Tokens: at most 2000 are allowed')
  })

  it('is measured through fragments, each once', () => {
    const doubling = Array.from({ length: 40 }, (_, i) => `fragment f${i} on Health { ...f${i + 1} ...f${i + 1} }`).join('\n')
    const source = `{ health { ...f0 } } ${doubling} fragment f40 on Health { a: version }`
    const startedAt = performance.now()
    expect(refusals(source)[0]?.message).toMatch(/^Aliases: \d+ where at most 15 are allowed\.$/)
    expect(performance.now() - startedAt).toBeLessThan(1_000)
  })

  it('may hold a fragment within itself without hanging the server', () => {
    expect(
      validateDocument(schema, parse('{ health { ...a } } fragment a on Health { ...b } fragment b on Health { ...a }')),
    ).not.toEqual([])
  })

  it('may be the introspection that GraphiQL sends', () => {
    expect(
      validateDocument(schema, parseDocument(getIntrospectionQuery({ specifiedByUrl: true, inputValueDeprecation: true }))),
    ).toEqual([])
  })
})
