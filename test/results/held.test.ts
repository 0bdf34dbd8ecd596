import { expect, it } from 'vitest'
import type { BatchLayout, Output } from '../../src/results/batch.ts'
import { createEncoder } from '../../src/results/encode.ts'
import { type Column, toBatch } from './columns.ts'
import { FLAVOURS, toWkb } from './geometries.ts'
import { Random } from './random.ts'
import { sampleColumns } from './samples.ts'

const ROWS = 900
/** The second is longer than the first, the third shorter: buffers grow in between. */
const CUTS = [
  [0, 200],
  [200, 800],
  [800, 810],
  [810, ROWS],
] as const

const OUTPUTS: readonly Output[] = [
  { kind: 'geojson', precision: 7 },
  { kind: 'geojson-lines', precision: 7 },
  { kind: 'features', fields: [{ key: 'id', field: 'id' }] },
  { kind: 'arrow' },
  { kind: 'arrow-base64' },
]

it.each(OUTPUTS)('a batch as $kind stays as it is while the next one is made', (output) => {
  const random = new Random()
  const properties = sampleColumns(random, ROWS)
  const columns: Column[] = [
    { name: 'key', wire: { kind: 'int', bits: 32, signed: true }, values: random.list(ROWS, () => random.integer(1e9)) },
    {
      name: 'geom',
      wire: { kind: 'wkb' },
      values: random.list(ROWS, () => toWkb({ type: 'Point', coordinates: [1, 2] }, 'XY', FLAVOURS[0]!)),
    },
    ...properties,
  ]
  const layout: BatchLayout = {
    columns,
    id: 0,
    geometry: 1,
    properties: properties.map((_, n) => n + 2),
    crs: null,
    geometryName: 'geom',
  }
  const batch = toBatch(columns, 0, ROWS)
  const encode = createEncoder(layout, output)
  let last: { readonly bytes: Uint8Array; readonly copy: Buffer } | null = null
  for (const [from, to] of CUTS) {
    const bytes = encode(batch, from, to)
    if (last) expect(Buffer.compare(last.bytes, last.copy)).toBe(0)
    last = { bytes, copy: Buffer.from(bytes) }
  }
})
