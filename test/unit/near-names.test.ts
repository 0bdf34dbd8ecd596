import { describe, expect, it } from 'vitest'
import { nearNames } from '../../src/model/near-names.ts'

const NAMES = ['places', 'buildings', 'buildings_2', 'railroads', 'lakes']

describe('near names', () => {
  it.each([
    ['place', ['places']],
    ['BUILDING', ['buildings', 'buildings_2']],
    ['railraods', ['railroads']],
    ['laeks', ['lakes']],
    ['countries', []],
    ['', []],
  ])('of %j are %j', (written, near) => {
    expect(nearNames(written, NAMES)).toEqual(near)
  })
})
