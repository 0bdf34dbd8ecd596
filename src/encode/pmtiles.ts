/** Writes the head of a PMTiles archive, version 3: header, directories and metadata. The data of the tiles follows them. */
import { gzipSync } from 'node:zlib'
import { ByteWriter } from './bytes.ts'
import { putVarint } from './tile/protobuf.ts'

const HEADER_BYTES = 127
/** The header and the root directory are in the first bytes of the archive, so that one request reads both. */
const ROOT_BYTES = 16_384 - HEADER_BYTES
/** Entries of a leaf directory. There are more in each if the root directory would be too large. */
const LEAF_ENTRIES = 4_096
/** The numbers for gzip and for Mapbox Vector Tiles. */
const [GZIP, MVT] = [2, 1]

/** The number of a tile on the Hilbert curves of all zooms, one after the other. */
export function tileId(zoom: number, x: number, y: number): number {
  let id = (4 ** zoom - 1) / 3
  let [column, row] = [x, y]
  for (let size = 2 ** zoom / 2; size >= 1; size /= 2) {
    const [right, low] = [(column & size) > 0 ? 1 : 0, (row & size) > 0 ? 1 : 0]
    id += size * size * ((3 * right) ^ low)
    if (low === 1) continue
    if (right === 1) [column, row] = [size - 1 - column, size - 1 - row]
    ;[column, row] = [row, column]
  }
  return id
}

/** The tiles of an archive, in the order of their ids. Consecutive tiles with the same data are one entry. */
export class TileEntries {
  length = 0
  /** Tiles with data, and different data. */
  tiles = 0
  contents = 0
  ids = new Float64Array(1_024)
  offsets = new Float64Array(1_024)
  lengths = new Uint32Array(1_024)
  runs = new Uint32Array(1_024)

  /** @param offset from the beginning of the data; data that is in the archive already is before its end */
  add(id: number, offset: number, length: number, isNew: boolean): void {
    this.tiles++
    if (isNew) this.contents++
    const last = this.length - 1
    if (last >= 0 && this.offsets[last] === offset && id === this.ids[last]! + this.runs[last]!) {
      this.runs[last]!++
      return
    }
    this.put(id, offset, length, 1)
  }

  /** Adds the tiles of the next zoom, whose data begins at `from`. */
  append(others: TileEntries, from: number): void {
    this.tiles += others.tiles
    this.contents += others.contents
    for (let n = 0; n < others.length; n++)
      this.put(others.ids[n]!, from + others.offsets[n]!, others.lengths[n]!, others.runs[n]!)
  }

  private put(id: number, offset: number, length: number, run: number): void {
    if (this.length === this.ids.length) this.grow()
    this.ids[this.length] = id
    this.offsets[this.length] = offset
    this.lengths[this.length] = length
    this.runs[this.length] = run
    this.length++
  }

  private grow(): void {
    const size = 2 * this.ids.length
    const [ids, offsets] = [new Float64Array(size), new Float64Array(size)]
    const [lengths, runs] = [new Uint32Array(size), new Uint32Array(size)]
    ids.set(this.ids)
    offsets.set(this.offsets)
    lengths.set(this.lengths)
    runs.set(this.runs)
    Object.assign(this, { ids, offsets, lengths, runs })
  }
}

export interface Archive {
  readonly entries: TileEntries
  /** Bytes of the data of all tiles. */
  readonly dataBytes: number
  readonly zooms: readonly [least: number, most: number]
  /** West, south, east and north in degrees. */
  readonly bounds: readonly [number, number, number, number]
  readonly metadata: object
}

/** Returns everything before the data of the tiles. */
export function archiveHead({ entries, dataBytes, zooms, bounds, metadata }: Archive): Buffer {
  const { root, leaves } = directories(entries)
  const json = gzipSync(JSON.stringify(metadata))
  const header = Buffer.alloc(HEADER_BYTES)
  header.write('PMTiles', 'latin1')
  header.writeUInt8(3, 7)
  let at = 8
  let offset = HEADER_BYTES
  for (const size of [root.length, json.length, leaves.length, dataBytes]) {
    header.writeBigUInt64LE(BigInt(offset), at)
    header.writeBigUInt64LE(BigInt(size), at + 8)
    at += 16
    offset += size
  }
  for (const count of [entries.tiles, entries.length, entries.contents]) at = header.writeBigUInt64LE(BigInt(count), at)
  // The data is in the order of the entries (clustered). Directories and metadata, and tiles, are compressed.
  for (const byte of [1, GZIP, GZIP, MVT, ...zooms]) at = header.writeUInt8(byte!, at)
  const places = bounds.map((degrees) => Math.round(degrees * 1e7))
  for (const place of places) at = header.writeInt32LE(place, at)
  at = header.writeUInt8(zooms[0], at)
  const [west, south, east, north] = places as [number, number, number, number]
  at = header.writeInt32LE(Math.round((west + east) / 2), at)
  header.writeInt32LE(Math.round((south + north) / 2), at)
  return Buffer.concat([header, root, json, leaves])
}

interface Directories {
  readonly root: Buffer
  readonly leaves: Buffer
}

function directories(entries: TileEntries): Directories {
  const whole = entries.length <= LEAF_ENTRIES ? directory(entries, 0, entries.length) : null
  if (whole && whole.length <= ROOT_BYTES) return { root: whole, leaves: Buffer.alloc(0) }
  for (let size = LEAF_ENTRIES; ; size *= 2) {
    const leaves: Buffer[] = []
    const pointers = new TileEntries()
    let offset = 0
    for (let from = 0; from < entries.length; from += size) {
      const leaf = directory(entries, from, Math.min(entries.length, from + size))
      leaves.push(leaf)
      pointers.add(entries.ids[from]!, offset, leaf.length, true)
      offset += leaf.length
    }
    // A run of 0 is a leaf directory.
    pointers.runs.fill(0)
    const root = directory(pointers, 0, pointers.length)
    if (root.length <= ROOT_BYTES) return { root, leaves: Buffer.concat(leaves) }
  }
}

function directory({ ids, runs, lengths, offsets }: TileEntries, from: number, to: number): Buffer {
  const out = new ByteWriter()
  putVarint(out, to - from)
  for (let n = from; n < to; n++) putVarint(out, ids[n]! - (n === from ? 0 : ids[n - 1]!))
  for (let n = from; n < to; n++) putVarint(out, runs[n]!)
  for (let n = from; n < to; n++) putVarint(out, lengths[n]!)
  for (let n = from; n < to; n++) {
    const isNext = n > from && offsets[n] === offsets[n - 1]! + lengths[n - 1]!
    putVarint(out, isNext ? 0 : offsets[n]! + 1)
  }
  return gzipSync(out.written())
}
