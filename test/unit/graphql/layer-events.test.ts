/** The list of changes that all subscriptions of `layerChanged` share. */
import { expect, test } from 'vitest'
import { LayerChanges, LayerEvents } from '../../../src/graphql/layer-events.ts'
import type { Layer, LayerChange } from '../../../src/model/layer.ts'

const layer = (name: string, fingerprint = '') => ({ name, fingerprint }) as Layer
const change = (kind: LayerChange['kind'], name: string, fingerprint?: string) => ({ kind, layer: layer(name, fingerprint) })

function subscribe(changes: LayerChanges) {
  const [left, stopping] = [new AbortController(), new AbortController()]
  const events = new LayerEvents(changes, { layer: null, fingerprint: null, left: left.signal, stopping: stopping.signal })
  const next = async () => (await events.next()).value?.layerChanged
  return { next, left, stopping }
}

test('a client that has not read for 10,000 changes of two layers gets one event per layer, the newest', async () => {
  const changes = new LayerChanges()
  const slow = subscribe(changes)
  for (let n = 0; n < 10_000; n++) changes.add(change('NEW_VERSION', n % 2 === 0 ? 'a' : 'b', String(n)))
  expect(await slow.next()).toMatchObject({ name: 'a', layer: { fingerprint: '9998' } })
  expect(await slow.next()).toMatchObject({ name: 'b', layer: { fingerprint: '9999' } })
  const next = slow.next()
  changes.add(change('REMOVED', 'a'))
  expect(await next).toEqual({ kind: 'REMOVED', name: 'a', layer: null })
})

test('a layer that was removed and added again while a client did not read is one event', async () => {
  const changes = new LayerChanges()
  const slow = subscribe(changes)
  changes.add(change('REMOVED', 'a'))
  changes.add(change('ADDED', 'a', 'new'))
  changes.add(change('ADDED', 'last'))
  expect(await slow.next()).toMatchObject({ kind: 'ADDED', name: 'a', layer: { fingerprint: 'new' } })
  expect(await slow.next()).toMatchObject({ kind: 'ADDED', name: 'last' })
})

test('the end of the connection and of the server end a wait', async () => {
  const changes = new LayerChanges()
  const [first, second] = [subscribe(changes), subscribe(changes)]
  const waits = [first.next(), second.next()]
  first.left.abort()
  second.stopping.abort(new Error('stopping'))
  expect(await waits[0]).toBeUndefined()
  await expect(waits[1]).rejects.toThrow('stopping')
})
