/** Questions about the schema see all of it, in any form and on every wire, beside other fields. */
import { getIntrospectionQuery } from 'graphql'
import { createClient } from 'graphql-ws'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { ask, post } from '../../support/graphql.ts'
import { PLACES, serve, type TestServer } from '../../support/server.ts'

let server: TestServer
beforeAll(async () => {
  server = await serve([PLACES])
})
afterAll(() => server.close())

type Wire = (query: string, variables?: Record<string, unknown>, operationName?: string) => Promise<unknown>

const WIRES: Readonly<Record<string, Wire>> = {
  POST: (...of) => ask(server, ...of),
  'Server-Sent Events': async (query, variables, operationName) => {
    const response = await post(server, { query, variables, operationName }, { accept: 'text/event-stream' })
    const [, data] = /^event: next\ndata: (.*)$/m.exec(await response.text())!
    return JSON.parse(data!)
  },
  WebSocket: async (query, variables = {}, operationName) => {
    const client = createClient({ url: server.socketUrl, webSocketImpl: WebSocket })
    try {
      const payload = { query, variables, ...(operationName !== undefined && { operationName }) }
      for await (const result of client.iterate(payload)) return result
      throw new Error('There is no result')
    } finally {
      await client.dispose()
    }
  },
}

describe.each(Object.entries(WIRES))('over %s', (_, wire) => {
  it('the whole schema is shown, with the types of layers that the document does not name', async () => {
    const { data } = (await wire(getIntrospectionQuery())) as { data: { __schema: { types: { name: string }[] } } }
    const names = data.__schema.types.map(({ name }) => name)
    expect(names).toEqual(
      expect.arrayContaining(['Query', 'Feature', 'PlacesFeature', 'PlacesConnection', 'PlacesFilter', '__Type']),
    )
  })

  it('each field has its place beside other root fields, in aliases and fragments', async () => {
    const answer = await wire(
      `query Other { health { ready } }
       query Asked($type: String!, $no: Boolean = false) {
         a: __type(name: $type) { name fields @include(if: $no) { name } } layers { name } ...F places(first: 1) { count }
         hidden: __type(name: "Query") @include(if: $no) { name }
       }
       fragment F on Query { ... { __schema { queryType { ...T } } } }
       fragment T on __Type { typename: __typename name }`,
      { type: 'PlacesBatch' },
      'Asked',
    )
    const expected = {
      a: { name: 'PlacesBatch' },
      layers: [{ name: 'places' }],
      __schema: { queryType: { typename: '__Type', name: 'Query' } },
      places: { count: 1 },
    }
    expect(answer).toEqual({ data: expected })
    expect(Object.keys((answer as { data: object }).data)).toEqual(Object.keys(expected))
  })
})

it('a document with an introspection field that is not executed has the result of its other operation', async () => {
  const text = 'query A { __schema { queryType { name } } } query B { layers { name } }'
  expect(await ask(server, text, {}, 'B')).toEqual({ data: { layers: [{ name: 'places' }] } })
})

it('introspection has its values beside a field that fails', async () => {
  const { data, errors } = await ask(server, '{ __type(name: "Query") { name } feature(layer: "none", id: "1") { id } }')
  expect(data).toEqual({ __type: { name: 'Query' }, feature: null })
  expect(errors?.map(({ path, extensions }) => [path, extensions['code']])).toEqual([[['feature'], 'LAYER_NOT_FOUND']])
})

it('a wrong field of introspection is refused as any other', async () => {
  const { errors } = await ask(server, '{ __schema { typs { name } } }')
  expect(errors?.map(({ message }) => message)).toEqual(['Cannot query field "typs" on type "__Schema".'])
})
