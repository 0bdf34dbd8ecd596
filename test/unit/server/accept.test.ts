import { describe, expect, it } from 'vitest'
import { jsonTypeFor, prefersPage, streamTypeFor } from '../../../src/delivery/response.ts'

const JSON_TYPE = 'application/json'
const EVENTS = 'text/event-stream'
const PARTS = 'multipart/mixed'
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
    ['application/json; charset="UTF-8"', JSON_TYPE],
    ['application/json;charset=utf8', JSON_TYPE],
    ['application/json;q=0', null],
    ['application/json;Q=0, */*', GRAPHQL],
    ['*/*, application/json;q=0', GRAPHQL],
    [`application/json;q=0.1,${GRAPHQL};q=0.2`, GRAPHQL],
    ['*/*;q=0', null],
    ['application/json;profile="a, b; q=0"', JSON_TYPE],
    ['application/json;odata=verbose;q=0', null],
    ['multipart/mixed;boundary="-";subscriptionSpec="1.0",application/json', JSON_TYPE],
    ['multipart/mixed;x="application/json, */*"', null],
    ['text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2', JSON_TYPE],
    [' ', JSON_TYPE],
    ['text/event-stream', null],
    ['image/png', null],
  ])('for Accept: %s is %s', (accept, type) => {
    expect(jsonTypeFor(accept)).toBe(type)
  })

  it.each([
    ['text/event-stream', EVENTS],
    ['application/json, Text/Event-Stream', EVENTS],
    ['*/*', EVENTS],
    [null, EVENTS],
    ['text/event-stream;q=0, */*', PARTS],
    ['text/event-stream;charset=utf8;x="1,2"', EVENTS],
    ['application/json', null],
    // Apollo Client 4, Apollo Client 3, urql.
    ['multipart/mixed;boundary=graphql;subscriptionSpec=1.0,application/graphql-response+json,application/json;q=0.9', PARTS],
    ['multipart/mixed;boundary="graphql";subscriptionSpec="1.0",application/json', PARTS],
    ['text/event-stream, multipart/mixed', EVENTS],
    ['multipart/mixed; boundary="a, b"; subscriptionSpec=1.0', PARTS],
    ['multipart/mixed', PARTS],
    ['multipart/mixed;deferSpec=20220824', null],
    ['multipart/mixed;subscriptionSpec=2.0', null],
    ['multipart/mixed;subscriptionSpec=1.0;q=0.5, text/event-stream;q=0.9', EVENTS],
    ['multipart/mixed;subscriptionSpec=1.0, text/event-stream;q=0', PARTS],
  ])('of a stream for Accept: %s is %s', (accept, type) => {
    expect(streamTypeFor(accept)).toBe(type)
  })

  it.each([
    ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', true],
    ['text/html;q=0.5, application/json', false],
    ['text/html;q=0', false],
    ['application/json;x="text/html"', false],
    ['*/*', false],
    [undefined, false],
  ])('for Accept: %s is a page: %s', (accept, isPage) => {
    expect(prefersPage(accept)).toBe(isPage)
  })
})
