import { describe, expect, it } from 'vitest'
import { idPrefix, keyIn, keyOfId, layerOfId, makersOf } from '../../../src/model/feature-id.ts'

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

  it('is one of the layer under each of its names', () => {
    const renamed = { ...NUMBERED, name: 'places_shp', names: ['places', 'places_shp', 'data_places'] }
    expect(idPrefix(renamed)).toBe('places_shp:3fa9c1-')
    for (const name of renamed.names) expect(keyOfId(`${name}:3fa9c1-17`, renamed)).toBe('17')
    expect(keyOfId('roads:3fa9c1-17', renamed)).toBeNull()
    expect([keyIn('places:3fa9c1-17', renamed), keyIn('roads:17', renamed)]).toEqual(['17', 'roads:17'])
  })

  it('with a shared name is of the layer whose fingerprint it has, or else of any whose key is a column', () => {
    const named = (layer: typeof KEYED | typeof NUMBERED, longName: string) => ({
      ...layer,
      name: longName,
      names: ['places', longName],
    })
    const layers = [named(NUMBERED, 'places_shp'), named(KEYED, 'a_places'), named(KEYED, 'b_places')]
    expect(makersOf('places:3fa9c1-17', layers).map(({ name }) => name)).toEqual(['places_shp'])
    expect(makersOf('places:17', layers).map(({ name }) => name)).toEqual(['a_places', 'b_places'])
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
