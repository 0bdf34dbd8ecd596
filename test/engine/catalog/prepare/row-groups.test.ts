/** The layout of a copy: the row groups that a box must read. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { python } from '../../../support/python.ts'
import { layerOf, testCatalog } from '../support.ts'

const LAYOUT = `
import json, sys
import pyarrow.parquet as pq
metadata = pq.read_metadata(sys.argv[1])
groups = [metadata.row_group(n) for n in range(metadata.num_row_groups)]
print(json.dumps({
    'rows': [group.num_rows for group in groups],
    'compression': sorted({group.column(c).compression for group in groups for c in range(group.num_columns)}),
}))`

interface Layout {
  readonly rows: readonly number[]
  readonly compression: readonly string[]
}

function feature(n: number, vertices: number): string {
  const [x, y] = [(n % 300) - 150, Math.floor(n / 300)]
  const at = (angle: number) => [x + Math.cos(angle) / 3, y + Math.sin(angle) / 3]
  const ring = Array.from({ length: vertices }, (_, corner) => at((2 * Math.PI * corner) / vertices))
  const geometry =
    vertices === 1 ? { type: 'Point', coordinates: [x, y] } : { type: 'Polygon', coordinates: [[...ring, ring[0]]] }
  return JSON.stringify({ type: 'Feature', properties: { n }, geometry })
}

test('the row groups of a copy have some 8,192 features, or fewer where those are large', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'geoduck-row-groups-'))
  const write = (name: string, features: number, vertices: number) =>
    writeFile(join(folder, name), Array.from({ length: features }, (_, n) => feature(n, vertices)).join('\n'))
  // 8 MB of geometry are 2,468 of 3.2 KB.
  await Promise.all([write('small.geojsonl', 25_000, 1), write('large.geojsonl', 5_000, 200)])
  const catalog = await testCatalog(folder)
  try {
    await catalog.prepared
    const layoutOf = (name: string): Promise<Layout> => {
      const { relation } = layerOf(catalog, name)
      return python(LAYOUT, relation.kind === 'parquet' ? relation.files : [])
    }
    const [small, large] = [await layoutOf('small'), await layoutOf('large')]
    expect([small.compression, large.compression]).toEqual([['LZ4'], ['LZ4']])
    // The engine ends one with the chunk that makes it full.
    for (const [{ rows }, wanted, all] of [
      [small, 8_192, 25_000],
      [large, 2_048, 5_000],
    ] as const) {
      expect(rows.reduce((sum, count) => sum + count, 0)).toBe(all)
      expect(rows.slice(0, -1).every((count) => count >= wanted && count < wanted + 2_048)).toBe(true)
      expect(rows.length).toBeGreaterThan(1)
    }
  } finally {
    await catalog.close()
    await rm(folder, { recursive: true })
  }
})
