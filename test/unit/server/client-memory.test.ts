import { describe, expect, it } from 'vitest'
import { ClientMemory } from '../../../src/server/client-memory.ts'

const LIMIT = 16e6
const SHARE = LIMIT / 16
const open = (memory: ClientMemory, client: string, address = client) => memory.open({ client, address })
const { signal } = new AbortController()

describe('what waits for clients', () => {
  it('is at most a sixteenth of the limit for one connection, half for one address, and all of it for the server', () => {
    const memory = new ClientMemory({ limitBytes: LIMIT, patienceSeconds: 30 })
    const own = open(memory, 'a:1', 'a')
    const sameConnection = open(memory, 'a:1', 'a')
    const sameAddress = open(memory, 'a:2', 'a')
    const other = open(memory, 'b:1', 'b')
    own.add(SHARE - 1)
    expect(sameConnection.hasRoom).toBe(true)
    own.add(1)
    expect([sameConnection.hasRoom, sameAddress.hasRoom, other.hasRoom]).toEqual([false, true, true])
    own.add(7 * SHARE)
    expect([sameAddress.hasRoom, other.hasRoom]).toEqual([false, true])
    open(memory, 'c:1', 'c').add(8 * SHARE)
    expect(other.hasRoom).toBe(false)
    expect(memory.bytes).toBe(LIMIT)
  })

  it('does not stop the operation that holds it', () => {
    const own = open(new ClientMemory({ limitBytes: LIMIT, patienceSeconds: 30 }), 'a')
    own.add(10 * LIMIT)
    expect(own.hasRoom).toBe(true)
  })

  it('leaves room again when half of it has been taken, for all who wait', async () => {
    const memory = new ClientMemory({ limitBytes: LIMIT, patienceSeconds: 30 })
    const full = open(memory, 'a')
    full.add(SHARE)
    const waiting = [open(memory, 'a'), open(memory, 'a')]
    const woken = Promise.all(waiting.map((holding) => holding.room(signal, { timed: false })))
    full.remove(SHARE / 2)
    expect(waiting.map(({ hasRoom }) => hasRoom)).toEqual([false, false])
    full.remove(1)
    await woken
    expect(waiting.map(({ hasRoom }) => hasRoom)).toEqual([true, true])
  })

  it('of an address that is full leaves a little to each of its connections that is read', async () => {
    const memory = new ClientMemory({ limitBytes: LIMIT, patienceSeconds: 30 })
    open(memory, 'a:1', 'a').add(LIMIT)
    const [busy, other] = [open(memory, 'a:2', 'a'), open(memory, 'a:2', 'a')]
    expect([other.hasRoom, other.allowance]).toEqual([false, 65_536])
    busy.add(65_536)
    expect([other.allowance, busy.allowance]).toEqual([0, 65_536])
    const woken = other.room(signal, { timed: false })
    busy.remove(1)
    await woken
    expect(other.allowance).toBe(65_536)
  })

  it('is OVERLOADED with retryAfter for an operation that waits longer than its patience', async () => {
    const memory = new ClientMemory({ limitBytes: LIMIT, patienceSeconds: 0.05 })
    open(memory, 'a').add(LIMIT)
    await expect(open(memory, 'a').room(signal, { timed: true })).rejects.toMatchObject({
      code: 'OVERLOADED',
      details: { retryAfter: 1 },
    })
  })

  it('ends with the reason of its signal for an operation that is cancelled', async () => {
    const memory = new ClientMemory({ limitBytes: LIMIT, patienceSeconds: 30 })
    open(memory, 'a').add(LIMIT)
    const gone = new AbortController()
    const waits = open(memory, 'a').room(gone.signal, { timed: true })
    gone.abort(new Error('gone'))
    await expect(waits).rejects.toThrow('gone')
  })

  it('is zero after its operation ends, also when something is added or removed late', () => {
    const memory = new ClientMemory({ limitBytes: LIMIT, patienceSeconds: 30 })
    const holding = open(memory, 'a')
    holding.add(500)
    holding.close()
    expect(memory.bytes).toBe(0)
    holding.add(500)
    holding.remove(100)
    holding.close()
    expect(memory.bytes).toBe(0)
    expect(open(memory, 'a').hasRoom).toBe(true)
  })
})
