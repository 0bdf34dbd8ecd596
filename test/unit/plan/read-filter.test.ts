/** The limits of a filter, which apply before anything is compiled. */

import { describe, expect, it } from 'vitest'
import { FILTER_LIMITS, FilterBudget, MAX_LIST_ITEMS, MAX_PIECES_IN_ALL, readFilter } from '../../../src/ask/read/read-filter.ts'
import { viewOf } from '../../../src/ask/view.ts'
import type { FeatureFilter } from '../../../src/graphql/generated.ts'
import type { Layer } from '../../../src/model/layer.ts'
import { refusal } from '../../support/plan/geometry.ts'

const LAYER = {
  name: 'things',
  crs: { code: 'OGC:CRS84', name: 'WGS 84', isLonLat: true },
  columns: [{ name: 'n', type: { kind: 'int', bits: 32, signed: true }, native: 'INTEGER' }],
} as unknown as Layer

const read = (where: FeatureFilter, budget = new FilterBudget(), layer = LAYER) => readFilter(where, viewOf(layer), budget)
const line = (vertices: number) => `LINESTRING(${Array.from({ length: vertices }, (_, n) => `${n % 2} ${n % 3}`).join(', ')})`
const crossing = (vertices: number): FeatureFilter => ({ intersects: { wkt: line(vertices) } })
const among = (items: number): FeatureFilter => ({ property: { name: 'n', in: Array.from({ length: items }, (_, n) => n) } })
/** Points that are so far apart that each is a separate piece. */
const places = (count: number): FeatureFilter => {
  const positions = Array.from({ length: count }, (_, n) => [-170 + (n % 16) * 20, -70 + Math.floor(n / 16) * 20])
  return { dWithin: { geometry: { geojson: { type: 'MultiPoint', coordinates: positions } }, distance: 1 } }
}

describe('the filters of an operation', () => {
  const { vertices } = FILTER_LIMITS

  it('have together as many vertices, items and pieces as one may have, and no more', () => {
    const budget = new FilterBudget()
    read({ and: [crossing(vertices - 10), crossing(10)] }, budget)
    expect(refusal(() => read(crossing(2), budget))).toBe(
      `LIMIT_EXCEEDED: \`intersects.wkt\`: the geometry has with the others of its operation more than ${vertices} vertices (--max-vertices); simplify or split it.`,
    )
    read({ or: [among(MAX_LIST_ITEMS - 1), among(1)] }, budget)
    expect(refusal(() => read(among(1), budget))).toMatch(/^LIMIT_EXCEEDED: `where`: .* compare with 10001 items in lists/)
    read({ or: [places(64), places(MAX_PIECES_IN_ALL - 64)] })
    expect(refusal(() => read({ or: [places(64), places(64), places(1)] }))).toMatch(
      /^LIMIT_EXCEEDED: .* distances from 129 parts of 200 km, more than 128/,
    )
  })

  it('count a geometry that stands in several of them once, and one that is refused not at all', () => {
    const budget = new FilterBudget()
    const shared = crossing(vertices)
    const first = read(shared, budget)
    const second = read({ not: shared }, budget, { ...LAYER, name: 'others' })
    expect(second.predicate).toEqual({ kind: 'not', member: first.predicate })
    const other = new FilterBudget()
    expect(refusal(() => read(crossing(vertices + 1), other))).toMatch(/has more than 25000 vertices \(--max-vertices\)/)
    read(crossing(vertices), other)
  })

  it('have no more parts than twice the vertices, empty ones too', () => {
    const empty = (count: number) => ({
      intersects: { wkt: `GEOMETRYCOLLECTION(${'POINT EMPTY,'.repeat(count - 2)}POINT EMPTY)` },
    })
    const budget = new FilterBudget({ ...FILTER_LIMITS, vertices: 10 })
    read(empty(15), budget)
    expect(refusal(() => read(empty(10), budget))).toMatch(
      /^LIMIT_EXCEEDED: .*with the others of its operation more than 20 parts/,
    )
  })
})

describe('a filter 100,000 deep', () => {
  const nested = <T>(innermost: T, wrap: (inside: T) => T): T => {
    let value = innermost
    for (let depth = 0; depth < 100_000; depth++) value = wrap(value)
    return value
  }

  it('is refused, not gone down into, and so is a geometry', () => {
    expect(refusal(() => read(nested<FeatureFilter>({}, (not) => ({ not }))))).toMatch(/^LIMIT_EXCEEDED/)
    const coordinates = nested<unknown>([], (inside) => [inside])
    expect(refusal(() => read({ intersects: { geojson: { type: 'Point', coordinates } } }))).toMatch(/^BAD_INPUT/)
    const collection = nested<unknown>({}, (inside) => ({ type: 'GeometryCollection', geometries: [inside] }))
    expect(refusal(() => read({ intersects: { geojson: collection } }))).toMatch(/^LIMIT_EXCEEDED/)
  })
})

describe('a filter that was read', () => {
  it('is frozen, and has nothing of the notation in it', () => {
    const { predicate } = read({ and: [crossing(3), places(1), among(2)], not: { bbox: [0, 0, 1, 1] } })
    const frozen = (value: unknown): boolean =>
      typeof value !== 'object' ||
      value === null ||
      value instanceof Uint8Array ||
      (Object.isFrozen(value) && Object.values(value).every(frozen))
    expect(frozen(predicate)).toBe(true)
    expect(JSON.stringify(predicate)).not.toMatch(/LINESTRING|MultiPoint/)
  })

  it('has the digest of its meaning, however it was written', () => {
    const digest = (where: FeatureFilter) => read(where).digest
    const point = digest({ intersects: { wkt: 'POINT(1 2)' } })
    expect(digest({ intersects: { geojson: { type: 'Point', coordinates: [1, 2, 3] } }, and: [] })).toBe(point)
    expect(digest({ intersects: { wkb: '0101000000000000000000F03F0000000000000040' } })).toBe(point)
    expect(digest({ and: [{ intersects: { wkt: 'POINT(1.0 2.0)' } }] })).toBe(point)
    expect(digest({ intersects: { wkt: 'POINT(1 2.5)' } })).not.toBe(point)
    expect(digest({ within: { wkt: 'POINT(1 2)' } })).not.toBe(point)
    expect(digest({ property: { name: 'n', eq: 5 } })).toBe(digest({ property: { name: 'n', eq: 5.0 } }))
    expect(digest({ dWithin: { geometry: { wkt: 'POINT(1 2)' }, distance: 3 } })).not.toBe(
      digest({ dWithin: { geometry: { wkt: 'POINT(1 2)' }, distance: 4 } }),
    )
  })
})
