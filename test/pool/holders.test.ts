import { expect, test } from 'vitest'
import { Holders } from '../../src/pool/holders.ts'
import type { Claim } from '../../src/pool/scheduler.ts'

const claim = (client: string): Claim => ({
  client,
  address: client,
  database: null,
  served: 0,
  grantedAt: 0,
  giveUp: () => {},
})

test('where all of the waiting have their half, each is entitled to the worker that is idle', () => {
  const holders = new Holders(3)
  holders.granted('first', claim('a'))
  holders.granted('second', claim('b'))
  const [one, other] = [{ claim: claim('a') }, { claim: claim('b') }]
  expect(holders.entitled(new Set([one, other]))).toEqual([one, other])
  holders.freed('second')
  expect(holders.entitled(new Set([one, other]))).toEqual([other])
})
