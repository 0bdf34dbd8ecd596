/** Reads a Shapefile: shapes, their index, attributes, encoding and CRS. */
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { BlockFile } from './blocks.ts'
import { DbfTable } from './dbf.ts'
import {
  CURVES,
  type DeclaredCrs,
  Faults,
  FEATURE_NUMBER,
  type FeatureReader,
  plural,
  type ReadColumn,
  type ReadFeature,
} from './reader.ts'
import { ShapeReader } from './shapes.ts'

const HEAD_BYTES = 100
const RECORD_HEAD_BYTES = 8
const INDEX_BYTES = 8

/** @throws Error with the reason why the file is no Shapefile, or is not whole */
export async function openShapefile(file: string): Promise<FeatureReader> {
  return new Shapefile(file)
}

class Shapefile implements FeatureReader {
  readonly columns: readonly ReadColumn[]
  readonly geometryName = null
  readonly crs: DeclaredCrs
  readonly total: number
  readonly #shapes: BlockFile
  readonly #table: DbfTable | null
  /** The positions of the records. */
  readonly #places: readonly number[]
  readonly #problems: string[] = []
  readonly #faults = new Faults()

  constructor(file: string) {
    const part = partsOf(file)
    const text = (ending: string) => {
      const found = part(ending)
      return found === null ? null : readFileSync(found, 'utf8')
    }
    this.#shapes = new BlockFile(file)
    let table: DbfTable | null = null
    try {
      const [dbf, shx, wkt] = [part('.dbf'), part('.shx'), text('.prj')]
      if (dbf === null) this.#problems.push('it has no .dbf beside it, so its features have no attributes')
      else table = new DbfTable(dbf, text('.cpg'))
      this.#table = table
      this.columns = this.#named(table?.columns ?? [])
      this.crs = wkt === null ? { kind: 'NONE' } : { kind: 'WKT', wkt: wkt.replaceAll('\0', '') }
      this.#places = this.#placesBy(shx === null ? null : readFileSync(shx))
      this.total = Math.max(this.#places.length, table?.rows ?? 0)
      const [shapes, rows] = [this.#places.length, table?.rows ?? this.#places.length]
      if (shapes !== rows) {
        this.#problems.push(
          `its .shp has ${plural(shapes, 'shape', 'shapes')} and its .dbf ${plural(rows, 'row', 'rows')}: the features without a ${shapes < rows ? 'shape' : 'row'} are served with nulls`,
        )
      }
    } catch (error) {
      table?.close()
      this.#shapes.close()
      throw error
    }
  }

  *features(): Iterable<ReadFeature> {
    const reader = new ShapeReader()
    const hasNumber = this.columns[0]?.name === FEATURE_NUMBER && this.columns.length > (this.#table?.columns.length ?? 0)
    for (let index = 0; index < this.total; index++) {
      const isMissing = this.#table !== null && index >= this.#table.rows
      const values = this.#table === null || isMissing ? [] : this.#table.row(index)
      if (values === null) continue
      yield { values: hasNumber ? [index, ...values] : values, wkb: this.#wkb(reader, index) }
    }
  }

  problems(): readonly string[] {
    return [
      ...this.#problems,
      ...(this.#table?.problems() ?? []),
      ...this.#faults.problem((count) => `the shapes of ${count} of its features cannot be read and are null`),
    ]
  }

  close(): void {
    this.#shapes.close()
    this.#table?.close()
  }

  /** The number of the feature is a column, unless an attribute has its name. */
  #named(columns: readonly ReadColumn[]): readonly ReadColumn[] {
    const isTaken = columns.some(({ name }) => name.toUpperCase() === FEATURE_NUMBER)
    return isTaken ? columns : [{ name: FEATURE_NUMBER, type: 'BIGINT' }, ...columns]
  }

  #wkb(reader: ShapeReader, index: number): Uint8Array | null {
    const place = this.#places[index]
    if (place === undefined) return null
    try {
      const bytes = 2 * this.#shapes.at(place, RECORD_HEAD_BYTES).readInt32BE(4)
      return reader.read(this.#shapes.at(place + RECORD_HEAD_BYTES, bytes))
    } catch (error) {
      const { message } = error as Error
      if (message === CURVES) throw error
      this.#faults.add(`number ${index}: ${error instanceof RangeError ? 'it is cut short' : message}`)
      return null
    }
  }

  /**
   * The index is used if it lists every record, or if it alone agrees with the attribute table: a writer may leave old records in the file. Otherwise
   * the records are found one after the other.
   */
  #placesBy(index: Buffer | null): readonly number[] {
    const head = this.#shapes.at(0, HEAD_BYTES)
    if (head.length < HEAD_BYTES || head.readInt32BE(0) !== 9994)
      throw new Error('its .shp has no header: it is cut short, or no Shapefile')
    const end = 2 * head.readInt32BE(24)
    if (end > this.#shapes.size) throw new Error('its .shp is cut short')
    const listed = index && this.#listed(index, end)
    if (listed?.isWhole) return listed.places
    const found = this.#walked(end)
    if (listed && listed.places.length === this.#table?.rows && found.places.length !== this.#table.rows) return listed.places
    if (!found.isWhole) throw new Error(`its .shp is corrupt after ${plural(found.places.length, 'shape', 'shapes')}`)
    if (listed)
      this.#problems.push(
        `its .shx does not fit: it lists ${listed.entries} of the ${plural(found.places.length, 'shape', 'shapes')} of its .shp, and is not used`,
      )
    return found.places
  }

  /** The places in the index that can be records. It is whole if they follow one another from the header to the end. */
  #listed(index: Buffer, end: number): { places: number[]; entries: number; isWhole: boolean } {
    const entries = Math.max(0, Math.floor((index.length - HEAD_BYTES) / INDEX_BYTES))
    const places: number[] = []
    let next = HEAD_BYTES
    let isWhole = true
    for (let n = 0; n < entries; n++) {
      const place = 2 * index.readInt32BE(HEAD_BYTES + INDEX_BYTES * n)
      const bytes = 2 * index.readInt32BE(HEAD_BYTES + INDEX_BYTES * n + 4)
      if (place < HEAD_BYTES || bytes < 4 || place + RECORD_HEAD_BYTES + bytes > end) isWhole = false
      else places.push(place)
      isWhole &&= place === next
      next = place + RECORD_HEAD_BYTES + bytes
    }
    return { places, entries, isWhole: isWhole && next === end }
  }

  #walked(end: number): { places: number[]; isWhole: boolean } {
    const places: number[] = []
    let place = HEAD_BYTES
    while (place + RECORD_HEAD_BYTES < end) {
      const bytes = 2 * this.#shapes.at(place, RECORD_HEAD_BYTES).readInt32BE(4)
      if (bytes < 4 || place + RECORD_HEAD_BYTES + bytes > end) return { places, isWhole: false }
      places.push(place)
      place += RECORD_HEAD_BYTES + bytes
    }
    return { places, isWhole: true }
  }
}

/** Finds the parts by their endings, in upper or lower case. */
function partsOf(file: string): (ending: string) => string | null {
  const { dir, name } = path.parse(file)
  const parts = readdirSync(dir).filter((part) => path.parse(part).name === name)
  return (ending) => {
    const found = parts.find((part) => path.extname(part).toLowerCase() === ending)
    return found === undefined ? null : path.join(dir, found)
  }
}
