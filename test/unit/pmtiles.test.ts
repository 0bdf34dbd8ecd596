/** The head of a PMTiles archive, read by the library of its authors. */
import { PMTiles, zxyToTileId } from 'pmtiles'
import { expect, it } from 'vitest'
import { archiveHead, TileEntries, tileId } from '../../src/encode/pmtiles.ts'

it('the id of a tile is that of PMTiles', () => {
  const places = [0, 1, 2, 3].flatMap((z) =>
    Array.from({ length: 4 ** z }, (_, i) => [z, i % 2 ** z, Math.floor(i / 2 ** z)] as const),
  )
  for (const z of [14, 22]) for (let n = 1; n < 50; n++) places.push([z, (n * 7919) % 2 ** z, (n * 104_729) % 2 ** z])
  expect(places.map((place) => tileId(...place))).toEqual(places.map((place) => zxyToTileId(...place)))
})

it('an archive with more tiles than a directory has room for has them in leaves', async () => {
  const zoom = 10
  const entries = new TileEntries()
  const data: Buffer[] = []
  const places = new Map<number, readonly [number, number]>()
  for (let x = 0; x < 400; x++) for (let y = 0; y < 300; y++) places.set(tileId(zoom, x, y), [x, y])
  let offset = 0
  for (const id of [...places.keys()].sort((a, b) => a - b)) {
    const bytes = Buffer.from(`tile ${id}`)
    // Each seventh tile is the first one again.
    const isNew = id % 7 > 0 || data.length === 0
    entries.add(id, isNew ? offset : 0, isNew ? bytes.length : data[0]!.length, isNew)
    if (!isNew) continue
    data.push(bytes)
    offset += bytes.length
  }
  const head = archiveHead({
    entries,
    dataBytes: offset,
    zooms: [zoom, zoom],
    bounds: [-180, -85, 180, 85],
    metadata: { name: 'é' },
  })
  // The tiles are not compressed here, so that they are short.
  head.writeUInt8(1, 98)
  const bytes = Buffer.concat([head, ...data])
  const archive = new PMTiles({
    getKey: () => 'archive',
    getBytes: async (from, length) => ({ data: Uint8Array.from(bytes.subarray(from, from + length)).buffer }),
  })
  const { leafDirectoryLength, rootDirectoryOffset, rootDirectoryLength, ...header } = await archive.getHeader()
  expect(leafDirectoryLength).toBeGreaterThan(0)
  expect(rootDirectoryOffset + rootDirectoryLength).toBeLessThanOrEqual(16_384)
  expect(header).toMatchObject({ numAddressedTiles: places.size, numTileContents: data.length, minLon: -180, maxLat: 85 })
  expect(await archive.getMetadata()).toEqual({ name: 'é' })
  const first = data[0]!.toString()
  for (const [id, [x, y]] of [...places].filter((_, n) => n % 97 === 0)) {
    const tile = await archive.getZxy(zoom, x, y)
    expect(Buffer.from(tile!.data).toString()).toBe(id % 7 > 0 ? `tile ${id}` : first)
  }
  expect(await archive.getZxy(zoom, 500, 500)).toBeUndefined()
})
