import { getIntrospectionQuery, parse } from 'graphql'
import { describe, expect, it } from 'vitest'
import { CurrentSchema } from '../../../src/graphql/current-schema.ts'
import { DocumentReader } from '../../../src/graphql/document.ts'

const schema = new CurrentSchema({ layers: () => [], layer: () => undefined, rivals: () => [], notReady: null })
const limits = { tokens: 2_000, depth: 10, aliases: 15, rootFields: 5 }
const documents = new DocumentReader({ limits, introspection: true })
const refusals = (source: string) =>
  documents.check(schema, parse(source)).errors.filter(({ extensions }) => extensions['code'] === 'LIMIT_EXCEEDED')

/** Inline fragments add no level, so the levels are fields that validation does not know. */
const nested = (levels: number) => `{ ${'a { '.repeat(levels - 1)} a ${'}'.repeat(levels - 1)} }`
const aliases = (count: number) => `{ health { ${Array.from({ length: count }, (_, i) => `a${i}: version`).join(' ')} } }`
const roots = (count: number) => `{ ${Array.from({ length: count }, () => '__typename').join(' ')} }`

describe('an operation', () => {
  it.each([
    ['levels', nested, 10],
    ['aliases', aliases, 15],
    ['root fields', roots, 5],
  ])('has a limit for the number of %s', (_what, make, most) => {
    expect(refusals(make(most))).toEqual([])
    expect(refusals(make(most + 1))).toHaveLength(1)
  })

  it('may have 2,000 tokens and no more', () => {
    const tokens = (count: number) => `{ ${'version '.repeat(count - 2)}}`
    expect(() => documents.parse(tokens(2_000))).not.toThrow()
    expect(() => documents.parse(tokens(2_001))).toThrow('Tokens: at most 2000 are allowed')
  })

  it('is measured through fragments, each once', () => {
    const doubling = Array.from({ length: 40 }, (_, i) => `fragment f${i} on Health { ...f${i + 1} ...f${i + 1} }`).join('\n')
    const source = `{ health { ...f0 } } ${doubling} fragment f40 on Health { a: version }`
    const startedAt = performance.now()
    expect(refusals(source)[0]?.message).toMatch(/^Aliases: \d+ where at most 15 are allowed \(--max-aliases\)\.$/)
    expect(performance.now() - startedAt).toBeLessThan(1_000)
  })

  it('may hold a fragment within itself without hanging the server', () => {
    expect(
      documents.check(schema, parse('{ health { ...a } } fragment a on Health { ...b } fragment b on Health { ...a }')).errors,
    ).not.toEqual([])
  })

  it('may be the introspection that GraphiQL sends', () => {
    expect(
      documents.check(schema, documents.parse(getIntrospectionQuery({ specifiedByUrl: true, inputValueDeprecation: true })))
        .errors,
    ).toEqual([])
  })
})
