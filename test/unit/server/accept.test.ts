import { describe, expect, it } from 'vitest'
import { acceptsEvents, jsonTypeFor } from '../../../src/server/accept.ts'

const JSON_TYPE = 'application/json'
const GRAPHQL = 'application/graphql-response+json'

describe('the media type of a result', () => {
  it.each([
    [null, JSON_TYPE],
    ['*/*', JSON_TYPE],
    ['application/*', JSON_TYPE],
    ['application/json', JSON_TYPE],
    [`${GRAPHQL}, application/json;q=0.9`, GRAPHQL],
    [`application/json, ${GRAPHQL}`, JSON_TYPE],
    [`text/html, ${GRAPHQL}; charset=utf-8`, GRAPHQL],
    ['application/json; charset=iso-8859-1', null],
    ['text/event-stream', null],
    ['image/png', null],
  ])('for Accept: %s is %s', (accept, type) => {
    expect(jsonTypeFor(accept)).toBe(type)
  })

  it.each([
    ['text/event-stream', true],
    ['application/json, Text/Event-Stream', true],
    ['*/*', true],
    [null, true],
    ['application/json', false],
  ])('of a subscription for Accept: %s may be events: %s', (accept, events) => {
    expect(acceptsEvents(accept)).toBe(events)
  })
})
