import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Engine } from '../../support/plan/engine.ts'
import { readBytes, refusal } from '../../support/plan/geometry.ts'
import { Random } from '../../support/random.ts'
import { evaluated } from './evaluated.ts'
import { NOTATIONS } from './mutations.ts'
import { validWkb } from './valid.ts'

let engine: Engine
beforeAll(async () => {
  engine = await Engine.open(1)
})
afterAll(() => engine.close())

describe('20,000 damaged geometries', () => {
  it.each(Object.entries(NOTATIONS))(
    'as %s are refused in our own words, or are geometry that the engine computes with',
    async (_notation, make) => {
      const random = new Random()
      const attempts = Array.from({ length: 6_667 }, () => make(random))
      const taken = attempts.flatMap(({ taken: geometry }) => geometry ?? [])
      // Neither all nor none: the damage is worth something.
      expect(taken.length).toBeGreaterThan(100)
      expect(taken.length).toBeLessThan(attempts.length - 100)
      expect(await evaluated(engine, taken)).toBe(taken.length)
    },
  )
})

it('10,000 valid geometries made by shapely are all taken', async () => {
  const seed = Math.floor(Math.random() * 2 ** 31)
  console.log(`shapely seed ${seed}`)
  const all = await validWkb(seed, 10_000)
  expect(all).toHaveLength(10_000)
  // Both kinds occur: dimensions in the code as in ISO, and EWKB's flags.
  const codes = new Set(all.map((hex) => hex.slice(0, 10)))
  expect(codes.size).toBeGreaterThan(60)
  for (const hex of all)
    expect(
      refusal(() => readBytes(Buffer.from(hex, 'hex'))),
      hex,
    ).toBe('taken')
})
