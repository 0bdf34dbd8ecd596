import { describe, expect, it } from 'vitest'
import { idPrefix, keyIn, keyOfId, layerOfId } from '../../../src/model/feature-id.ts'

const KEYED = { name: 'observations', key: { kind: 'COLUMN', column: 'id' }, fingerprint: '3fa9c1000000' } as const
const NUMBERED = { name: 'places', key: { kind: 'ROW_NUMBER' }, fingerprint: '3fa9c1000000' } as const
const REPLACED = { ...NUMBERED, fingerprint: '3fa9c2000000' }

describe('a global id', () => {
  it('names layer and key, and for row numbers the data that they are of', () => {
    expect([idPrefix(KEYED), idPrefix(NUMBERED)]).toEqual(['observations:', 'places:3fa9c1-'])
  })

  it('is split at its first colon: keys may hold some', () => {
    expect(layerOfId('observations:a:b')).toBe('observations')
    expect(keyOfId('observations:a:b', KEYED)).toBe('a:b')
    expect([layerOfId('observations'), layerOfId(':1'), layerOfId('')]).toEqual([null, null, null])
  })

  it('of a file that has been replaced, or of another layer, finds nothing', () => {
    expect(keyOfId('places:3fa9c1-17', NUMBERED)).toBe('17')
    expect(keyOfId('places:3fa9c1-17', REPLACED)).toBeNull()
    expect(keyOfId('places:17', NUMBERED)).toBeNull()
    expect(keyOfId('observations:17', NUMBERED)).toBeNull()
  })

  it('or a key is taken where the layer is named; what begins with its name and a colon is an id', () => {
    expect([keyIn('17', NUMBERED), keyIn('places:3fa9c1-17', NUMBERED)]).toEqual(['17', '17'])
    expect(keyIn('places:3fa9c1-17', REPLACED)).toBeNull()
    expect([keyIn('x:y', KEYED), keyIn('observations:x:y', KEYED), keyIn('observations:observations:1', KEYED)]).toEqual([
      'x:y',
      'x:y',
      'observations:1',
    ])
  })
})
