import { expect, test } from 'vitest'
import { Quarantine } from '../../../src/engines/duckdb/pool/failover.ts'
import type { GeoduckError } from '../../../src/model/errors.ts'

const MINUTE_MS = 60_000

function at(): { now: number; readonly quarantine: Quarantine } {
  const clock = { now: 0 }
  return Object.assign(clock, { quarantine: new Quarantine(() => clock.now) })
}

/** FREE, ALONE, or the seconds for which it is refused. */
function standing(quarantine: Quarantine, question: string, form = ''): 'FREE' | 'ALONE' | number {
  try {
    return quarantine.admit(question, form) ? 'ALONE' : 'FREE'
  } catch (error) {
    return (error as GeoduckError).details.retryAfter!
  }
}

test('a query that has ended a worker runs alone for two minutes, and then as any other', () => {
  const clock = at()
  const { quarantine } = clock
  quarantine.blame('a', '', false)
  expect(standing(quarantine, 'a')).toBe('ALONE')
  expect(standing(quarantine, 'b')).toBe('FREE')
  clock.now = 2 * MINUTE_MS
  expect(standing(quarantine, 'a')).toBe('FREE')
})

test('a first death that it meets alone makes it suspected, and no more', () => {
  const { quarantine } = at()
  quarantine.blame('a', '', true)
  expect(standing(quarantine, 'a')).toBe('ALONE')
})

test('one that ends a worker alone too is refused for a minute; after it, it runs alone, and is refused again if it ends one', () => {
  const clock = at()
  const { quarantine } = clock
  quarantine.blame('a', '', false)
  quarantine.blame('a', '', true)
  expect(standing(quarantine, 'a')).toBe(60)
  clock.now = MINUTE_MS - 1_500
  expect(standing(quarantine, 'a')).toBe(2)
  clock.now = MINUTE_MS
  expect(standing(quarantine, 'a')).toBe('ALONE')
  quarantine.blame('a', '', true)
  expect(standing(quarantine, 'a')).toBe(60)
})

test('another limit of a refused query runs alone; when two limits have ended workers, every limit is refused', () => {
  const { quarantine } = at()
  quarantine.blame('a', '10', false)
  quarantine.blame('a', '10', true)
  expect(standing(quarantine, 'a', '10')).toBe(60)
  expect(standing(quarantine, 'a', '11')).toBe('ALONE')
  quarantine.blame('a', '11', true)
  for (const form of ['10', '11', '12', '13']) expect(standing(quarantine, 'a', form)).toBe(60)
})
