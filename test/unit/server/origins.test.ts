import type { IncomingMessage } from 'node:http'
import { describe, expect, it } from 'vitest'
import { Origins, originAllowed } from '../../../src/server/access.ts'

describe('an origin', () => {
  it.each([
    [undefined, 'maps.example:4000', true],
    ['http://maps.example:4000', 'maps.example:4000', true],
    ['http://maps.example:4001', 'maps.example:4000', false],
    ['http://localhost:5173', 'maps.example:4000', true],
    ['http://127.0.0.1:5173', 'maps.example', true],
    ['http://[::1]:5173', 'maps.example', true],
    ['https://listed.example', 'maps.example', true],
    ['https://listed.example.evil.example', 'maps.example', false],
    ['http://localhost.evil.example', 'maps.example', false],
    ['null', 'maps.example', false],
    ['', '', false],
    ['http://maps.example', 'maps.example:80', true],
    ['https://maps.example', 'maps.example:443', true],
    ['https://maps.example', 'maps.example:80', false],
    ['http://maps.example:80', 'maps.example', true],
    ['http://maps.example', undefined, false],
    ['chrome-extension://abc', 'maps.example', false],
    ['file://', 'localhost', false],
  ])('%s for host %s: %s', (origin, host, allowed) => {
    expect(originAllowed(origin, host, ['https://listed.example'])).toBe(allowed)
  })
})

it.each([
  ['maps.example', [], true],
  ['maps.example', ['maps.example'], true],
  ['rebound.example', ['maps.example'], false],
])('the host %s that a proxy has received is the own one, where the names %j are listed: %s', (host, hosts, allowed) => {
  const origins = new Origins({ origins: [], allowCredentials: false, hosts, trustProxy: 1 })
  const headers = { origin: `https://${host}`, host: 'localhost', 'x-forwarded-host': `${host}, localhost` }
  expect(origins.allow({ headers, socket: { remoteAddress: '127.0.0.1' } } as unknown as IncomingMessage)).toBe(allowed)
})
