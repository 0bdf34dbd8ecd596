/** Boxes of the reference geometries, by the positions that their GeoJSON has. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { boxOfWkb } from '../../../src/geometry/wkb-box.ts'
import { SHARED } from '../../support/environment.ts'

interface Sample {
  readonly wkb: string
  readonly wkbXdr: string
  readonly ewkb: string
  readonly geoJSON: { readonly coordinates?: unknown; readonly geometries?: readonly Sample['geoJSON'][] }
}

const samples: Readonly<Record<string, Sample>> = JSON.parse(readFileSync(join(SHARED, 'wkb/testdata.json'), 'utf8'))

function positionsOf({ coordinates, geometries }: Sample['geoJSON']): readonly (readonly number[])[] {
  const flat = (value: unknown): (readonly number[])[] => {
    if (!Array.isArray(value)) return []
    return typeof value[0] === 'number' ? [value as number[]] : value.flatMap(flat)
  }
  return geometries ? geometries.flatMap(positionsOf) : flat(coordinates)
}

test.each(Object.entries(samples))(
  'the box of %s is that of its positions, in every notation',
  (_, { geoJSON, ...notations }) => {
    const positions = positionsOf(geoJSON)
    const side = (pick: (...values: number[]) => number, axis: 0 | 1) => pick(...positions.map((position) => position[axis]!))
    const box = [side(Math.min, 0), side(Math.min, 1), side(Math.max, 0), side(Math.max, 1)]
    for (const notation of ['wkb', 'wkbXdr', 'ewkb'] as const)
      expect(boxOfWkb(Buffer.from(notations[notation], 'hex')), notation).toEqual(positions.length === 0 ? null : box)
  },
)
