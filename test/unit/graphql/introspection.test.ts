/** Introspection is answered for the whole schema, in another thread, with the values that graphql-js would give. */
import { executeSync, getIntrospectionQuery, parse, print } from 'graphql'
import { afterAll, describe, expect, it } from 'vitest'
import { withoutIntrospection } from '../../../src/graphql/execute.ts'
import { Introspector } from '../../../src/graphql/introspection/introspector.ts'
import { AnswerTooLarge, writeIntrospection } from '../../../src/graphql/introspection/writer.ts'
import { wholeSchema } from '../../../src/graphql/schema.ts'
import { LAYER } from '../../support/layers.ts'
import { Random } from '../../support/random.ts'

const LAYERS = ['roads', 'rivers'].map((name) => ({ ...LAYER, name }))
const schema = wholeSchema(LAYERS)
const STANDARD = getIntrospectionQuery({
  specifiedByUrl: true,
  inputValueDeprecation: true,
  oneOf: true,
  schemaDescription: true,
})

const textOf = (pieces: readonly Uint8Array[]) => Buffer.concat(pieces).toString()

function written(source: string, variables: Record<string, unknown> = {}, mostBytes = 1e9): Record<string, unknown> {
  const answer = writeIntrospection(schema, { document: parse(source), operationName: null, variables }, mostBytes)
  return Object.fromEntries(Object.entries(answer).map(([key, pieces]) => [key, JSON.parse(textOf(pieces))]))
}

function byGraphql(source: string, variableValues: Record<string, unknown> = {}): unknown {
  const { data, errors } = executeSync({ schema, document: parse(source), variableValues })
  expect(errors).toBeUndefined()
  return JSON.parse(JSON.stringify(data))
}

describe('the answer', () => {
  it.each([
    ['the standard query', STANDARD, {}],
    ['an unknown type', '{ __type(name: "None") { name } }', {}],
    [
      'aliases and fragments',
      '{ a: __schema { ...S } b: __schema { ...S } } fragment S on __Schema { types { ... on __Type { n: name } __typename } }',
      {},
    ],
    ['merged fields', '{ __schema { types { name } } __schema { types { kind fields { name } } } }', {}],
    [
      'variables',
      'query ($n: String!, $d: Boolean = true) { __type(name: $n) { fields(includeDeprecated: $d) { args { defaultValue } } } }',
      { n: 'Query' },
    ],
    [
      'directives',
      'query ($y: Boolean!) { a: __schema @skip(if: $y) { __typename } b: __schema { types @include(if: $y) { name } } }',
      { y: true },
    ],
    ['no field', 'query ($y: Boolean!) { __schema { types { name @include(if: $y) } } }', { y: false }],
  ])('equals that of graphql-js for %s', (_, source, variables) => {
    expect(written(source, variables)).toEqual(byGraphql(source, variables))
  })

  it('equals that of graphql-js for 200 random selections', () => {
    const random = new Random()
    for (let n = 0; n < 200; n++) {
      const source = `{ ${selectionOf(random, '__Query', 5)} }`
      expect(written(source), source).toEqual(byGraphql(source))
    }
  })

  it('ends when it is larger than the limit', () => {
    const size = textOf(
      Object.values(writeIntrospection(schema, { document: parse(STANDARD), operationName: null, variables: {} }, 1e9)).flat(),
    ).length
    expect(size).toBeGreaterThan(50_000)
    expect(written(STANDARD, {}, size * 2)).toBeDefined()
    expect(() => written(STANDARD, {}, size / 2)).toThrow(AnswerTooLarge)
  })
})

/** The fields that a random selection may have: the type of each, or null for a leaf. */
const FIELDS: Readonly<Record<string, Readonly<Record<string, string | null>>>> = {
  __Query: {
    __schema: '__Schema',
    '__type(name: "Feature")': '__Type',
    '__type(name: "Layer")': '__Type',
    '__type(name: "NullsOrder")': '__Type',
  },
  __Schema: {
    __typename: null,
    description: null,
    types: '__Type',
    queryType: '__Type',
    mutationType: '__Type',
    directives: '__Directive',
  },
  __Type: {
    kind: null,
    name: null,
    description: null,
    specifiedByURL: null,
    isOneOf: null,
    'fields(includeDeprecated: true)': '__Field',
    fields: '__Field',
    interfaces: '__Type',
    possibleTypes: '__Type',
    enumValues: '__EnumValue',
    inputFields: '__InputValue',
    ofType: '__Type',
  },
  __Field: { name: null, args: '__InputValue', type: '__Type', isDeprecated: null, deprecationReason: null },
  __InputValue: { name: null, type: '__Type', defaultValue: null, __typename: null },
  __EnumValue: { name: null, description: null, isDeprecated: null },
  __Directive: { name: null, locations: null, isRepeatable: null, args: '__InputValue' },
}

function selectionOf(random: Random, type: string, levels: number): string {
  const fields = Object.entries(FIELDS[type]!).filter(([, inner]) => inner === null || levels > 1)
  const chosen = Array.from({ length: 1 + random.integer(3) }, (_, n) => {
    const [field, inner] = fields[random.integer(fields.length)]!
    return `${String.fromCharCode(97 + n)}${levels}: ${field}${inner ? ` { ${selectionOf(random, inner, levels - 1)} }` : ''}`
  })
  return chosen.join(' ')
}

describe('the other fields of the document', () => {
  it('are executed with `__typename` in the place of an introspection field', () => {
    const document = parse(
      '{ a: __type(name: "X") { name } layers { name } ...F } fragment F on Query { __schema { types { name } } }',
    )
    const expected = '{ a: __typename layers { name } ...F } fragment F on Query { __schema: __typename }'
    expect(print(withoutIntrospection(document)!)).toBe(print(parse(expected)))
  })

  it('are executed as they are if there is no introspection field', () => {
    for (const text of ['{ __typename }', '{ layer(name: "__schema") { __typename } }', '{ __schemas }'])
      expect(withoutIntrospection(parse(text)), text).toBeNull()
  })
})

describe('the thread', () => {
  const asker = (address: string) => ({ address, signal: new AbortController().signal })
  const question = (source: string) => ({ source, operationName: null, variables: {} })
  let layers = LAYERS
  const introspector = new Introspector({ layers: () => layers })
  afterAll(() => introspector.close())

  it('answers, and gives the same bytes again until the layers change', async () => {
    const ask = async () => (await introspector.answer(question('{ __schema { types { name } } }'), asker('a'))).get('__schema')!
    const [first, second] = await Promise.all([ask(), ask()])
    expect(second).toBe(first)
    expect(textOf(first.pieces)).toContain('RoadsFeature')
    layers = [...LAYERS, { ...LAYER, name: 'lakes' }]
    expect(await ask()).toBe(first)
    introspector.layersChanged()
    expect(textOf((await ask()).pieces)).toContain('LakesFeature')
  })

  it('lets addresses take turns', async () => {
    const ended: string[] = []
    const ask = (address: string, n: number) =>
      introspector
        .answer(question(`{ ${address}${n}: __type(name: "Query") { name } }`), asker(address))
        .then(() => ended.push(`${address}${n}`))
    await Promise.all([ask('a', 1), ask('a', 2), ask('a', 3), ask('b', 1), ask('b', 2)])
    expect(ended).toEqual(['a1', 'b1', 'a2', 'b2', 'a3'])
  })

  it('drops the question of a client that has gone, and answers the next one', async () => {
    const gone = new AbortController()
    const [first, dropped, next] = ['x', 'y', 'z'].map((alias) =>
      introspector.answer(question(`{ ${alias}: __type(name: "Query") { name } }`), { address: 'a', signal: gone.signal }),
    )
    gone.abort(new Error('gone'))
    const last = introspector.answer(question('{ w: __type(name: "Query") { name } }'), asker('a'))
    expect((await Promise.allSettled([first, dropped, next])).map(({ status }) => status)).toEqual([
      'rejected',
      'rejected',
      'rejected',
    ])
    expect([...(await last).keys()]).toEqual(['w'])
  })

  it('refuses an answer above the limit, names the command, and answers the next question', async () => {
    const small = new Introspector({ layers: () => LAYERS, mostBytes: 20_000 })
    await expect(small.answer(question(STANDARD), asker('a'))).rejects.toThrow(/larger than 0 MiB; .*`geoduck schema PATH`/)
    expect((await small.answer(question('{ __type(name: "Query") { name } }'), asker('a'))).size).toBe(1)
    small.close()
  })

  it('is started again after it has ended', async () => {
    const idle = new Introspector({ layers: () => LAYERS, idleMs: 0 })
    for (const name of ['Query', 'Layer', 'Health']) {
      const values = await idle.answer(question(`{ __type(name: "${name}") { name } }`), asker('a'))
      expect(textOf(values.get('__type')!.pieces)).toBe(`{"name":"${name}"}`)
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
    idle.close()
  })
})
