import { describe, expect, test } from 'vitest'
import { claimNames, sourceNames, tableNames, validName } from '../../../src/catalog/names.ts'
import { Random } from '../../support/random.ts'

test.each([
  ['roads', 'roads'],
  ['Natural Earth (10m)', 'Natural_Earth_10m'],
  ['søer_2024-01', 'søer_2024-01'],
  ['東京', '東京'],
  ['a"b\'c;--', 'a_b_c'],
  ['../../etc', 'etc'],
  ['🦆', 'layer'],
  ['', 'layer'],
])('%s makes the name %s', (text, name) => {
  expect(validName(text)).toBe(name)
})

const AIRPORTS = {
  stem: 'airports',
  ending: 'shp',
  folder: '/srv/maps/data',
  within: 'airports.shp',
  whole: '/srv/maps/data/airports.shp',
}
const DIGEST = /^[0-9a-f]{12}$/

describe('the names of a source', () => {
  test('begin with its own name, and that with its ending; each later one has more of its path', () => {
    const names = sourceNames({ ...AIRPORTS, isLongByFolder: false })
    expect(names.slice(0, -2)).toEqual([
      'airports',
      'airports_shp',
      'data_airports',
      'data_airports_shp',
      'maps_data_airports_shp',
    ])
    for (const name of names.slice(-2)) expect(name.replace('airports_', '')).toMatch(DIGEST)
  })

  test('are the same when the served folder is moved, except those that contain the folders above it', () => {
    const moved = { ...AIRPORTS, folder: '/data', whole: '/data/airports.shp' }
    const [names, others] = [AIRPORTS, moved].map((place) => sourceNames({ ...place, isLongByFolder: false }))
    expect(names!.filter((name) => others!.includes(name))).toEqual([...names!.slice(0, 4), names!.at(-2)])
  })

  test('of a folder that is one layer, or of a pattern, have no ending', () => {
    const names = sourceNames({ ...AIRPORTS, ending: '', isLongByFolder: true })
    expect(names.slice(0, -2)).toEqual(['airports', 'data_airports', 'maps_data_airports'])
  })

  test('are those of each table with the table, and differ for tables whose names differ only in lost characters', () => {
    const store = sourceNames({ ...AIRPORTS, stem: 'multi', ending: 'gpkg', isLongByFolder: false })
    expect(tableNames(store, ['airports']).slice(0, 4)).toEqual([
      'airports',
      'multi_airports',
      'multi_gpkg_airports',
      'data_multi_airports',
    ])
    expect(tableNames(store, ['roads', 'osm_roads']).slice(0, 3)).toEqual(['roads', 'osm_roads', 'multi_osm_roads'])
    const [one, other] = ['a b', 'a_b'].map((table) => tableNames(store, [table]))
    expect(one!.slice(0, -2)).toEqual(other!.slice(0, -2))
    expect(one!.slice(-2).some((name) => other!.includes(name))).toBe(false)
  })
})

/** Returns the names of each, from the names that it may have. */
function namesOf(wishes: readonly (readonly string[])[], taken: readonly string[] = []): string[][] {
  const claims = claimNames(wishes, new Set(taken))
  return wishes.map((names, index) => names.filter((name) => String(claims.get(name)) === String(index)))
}

describe('a name', () => {
  test('belongs to the only source that asks for it, the short one and the long one', () => {
    expect(
      namesOf([
        ['roads', 'a_roads', 'x_a_roads'],
        ['lakes', 'a_lakes'],
      ]),
    ).toEqual([
      ['roads', 'a_roads'],
      ['lakes', 'a_lakes'],
    ])
  })

  test('that several ask for belongs to none of them', () => {
    const wishes = [['roads', 'a_roads'], ['roads', 'b_roads'], ['lakes'], ['roads', 'c_roads'], ['a_roads', 'd_a_roads']]
    expect(namesOf(wishes)).toEqual([[], ['b_roads'], ['lakes'], ['c_roads'], ['d_a_roads']])
  })

  test('is a longer one as long as others ask for all of the shorter ones', () => {
    const wishes = [
      ['roads', 'x_roads', 'a_x_roads'],
      ['roads', 'x_roads', 'b_x_roads'],
      ['b_x_roads', 'x_b_x_roads'],
      ['b_x_roads', 'c', 'd'],
    ]
    expect(namesOf(wishes)).toEqual([['a_x_roads'], [], ['x_b_x_roads'], ['c']])
  })

  test('that is configured belongs to no other layer', () => {
    expect(namesOf([['roads', 'a_roads']], ['roads'])).toEqual([['a_roads']])
  })

  test('differs in capitals alone is another name', () => {
    expect(namesOf([['Roads'], ['roads']])).toEqual([['Roads'], ['roads']])
  })

  test('is unique, does not depend on the order, and never passes from one layer to a newcomer', () => {
    const random = new Random()
    for (let run = 0; run < 300; run++) {
      const word = () => `${'abc'[random.integer(3)]}`
      const wishes = Array.from({ length: 2 + random.integer(8) }, (_, n) => {
        const names = Array.from({ length: 1 + random.integer(4) }, (_, at) =>
          Array.from({ length: 1 + (at % 2) }, word).join('_'),
        )
        return [...new Set(names), `digest${n}`]
      })
      const names = namesOf(wishes)
      for (const own of names) expect(own).not.toEqual([])
      expect(new Set(names.flat()).size).toBe(names.flat().length)
      expect(namesOf(wishes.toReversed())).toEqual(names.toReversed())
      const [without, newcomer] = [namesOf(wishes.slice(0, -1)), names.at(-1)!]
      expect(without.flat().filter((name) => newcomer.includes(name))).toEqual([])
      for (const [index, own] of without.entries()) {
        for (const [other, now] of names.entries())
          if (other !== index) expect(now.filter((name) => own.includes(name))).toEqual([])
      }
    }
  })
})
