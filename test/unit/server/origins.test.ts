import { describe, expect, it } from 'vitest'
import { originAllowed } from '../../../src/server/access.ts'

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
  ])('%s for host %s: %s', (origin, host, allowed) => {
    expect(originAllowed(origin, host, ['https://listed.example'])).toBe(allowed)
  })
})
