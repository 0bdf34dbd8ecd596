/**
 * Writes a PMTiles archive of the tiles that the server has. The features are read once per share of them (`Query.thinning`). A part of
 * the world with no more features than a tile may have is read into memory, and the writer draws all of its tiles, zoom after zoom.
 */
import { createReadStream, createWriteStream } from 'node:fs'
import { rm, stat } from 'node:fs/promises'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { DuckDBConnection } from '@duckdb/node-api'
import { ByteWriter } from '../../../../encode/bytes.ts'
import { archiveHead, TileEntries, tileId } from '../../../../encode/pmtiles.ts'
import { propertiesIn, type TileOutput, tileEncoder } from '../../../../encode/tile/vector-tile.ts'
import { BUFFER, EXTENT, type TilePlace } from '../../../../geometry/tile-place.ts'
import { MOST_THINNING, MOST_TILE_FEATURES, thinningFor } from '../../../../model/tile-budget.ts'
import type { ExportedFile, ExportJob, ExportNote, TilePyramid } from '../../host/export-messages.ts'
import { withNotes } from '../answer.ts'
import type { ColumnReader } from '../query/column-reader.ts'
import { ExportRefusal } from './refusal.ts'
import { type NearFeatures, StagedTiles, windowOf, type ZoomCounts } from './stage-tiles.ts'
import { TileFile } from './tile-file.ts'

/** The last zoom, unless the request has one: at most, and at least for a layer of points, whose places have 5 metres then. */
const [MOST_LAST, LEAST_OF_POINTS] = [14, 10]
/** Tiles of that zoom, and positions of the features in them: every tile reads all positions of its features. */
const [MOST_BY_DEFAULT, MOST_POSITIONS] = [250_000, 300_000_000]
/** Tiles of the last zoom. Every tile takes 28 bytes of memory per zoom. */
const MOST_TILES = 2_000_000
/** Units of a tile between two positions of a line. A position is exact to one unit, and maps draw tiles of the last zoom larger. */
const FINE = 128

type Job = ExportJob & { readonly pyramid: TilePyramid; readonly output: TileOutput }

/** The tiles of consecutive zooms that show the same share of the features. */
interface Band {
  readonly first: number
  readonly last: number
}

/** @throws ExportRefusal; Error of the engine */
export async function writePmtiles(
  connection: DuckDBConnection,
  columnReader: ColumnReader,
  job: ExportJob,
): Promise<ExportedFile> {
  const { folder, layout, output, pyramid } = job
  if (pyramid === null || output.kind !== 'tile') throw new TypeError('the job has no tiles')
  const staged = new StagedTiles({ connection, columnReader, layout, isLonLat: output.isLonLat })
  const writer = new PyramidWriter(staged, { ...job, output, pyramid })
  return await withNotes(
    { phase: 'read' },
    () => writer.note,
    () => writer.write(path.join(folder, 'export.pmtiles')),
  )
}

class PyramidWriter {
  readonly #staged: StagedTiles
  readonly #job: Job
  readonly #files = new Map<number, TileFile>()
  readonly #encode: ReturnType<typeof tileEncoder>
  /** The power of two by zoom. */
  #levels: number[] = []
  #level = 0
  /** Tiles of the zooms that are drawn, or were; and those that were drawn. */
  #tiles = 0
  #drawn = 0

  constructor(staged: StagedTiles, job: Job) {
    this.#staged = staged
    this.#job = job
    this.#encode = tileEncoder(job.layout, job.output, new ByteWriter())
  }

  /** Null until tiles are drawn. */
  get note(): ExportNote | null {
    return this.#tiles === 0 ? null : { phase: 'write', share: Math.min(1, this.#drawn / this.#tiles) }
  }

  async write(file: string): Promise<ExportedFile> {
    const rows = await this.#stage(0)
    const { detail, bounds } = await this.#staged.summary()
    const zooms = await this.#zooms(detail)
    await this.#walk(zooms)
    const entries = new TileEntries()
    let dataBytes = 0
    for (let zoom = zooms.first; zoom <= zooms.last; zoom++) {
      const tiles = this.#files.get(zoom)!
      entries.append(tiles.entries, dataBytes)
      dataBytes += tiles.bytes
    }
    const head = archiveHead({
      entries,
      dataBytes,
      zooms: [zooms.first, zooms.last],
      bounds: bounds ?? [-180, -85, 180, 85],
      metadata: this.#metadata(zooms),
    })
    await pipeline([head], createWriteStream(file))
    for (let zoom = zooms.first; zoom <= zooms.last; zoom++) {
      const tiles = this.#files.get(zoom)!
      await pipeline(createReadStream(tiles.path), createWriteStream(file, { flags: 'a' }))
      await rm(tiles.path)
    }
    return { file, rows, bytes: (await stat(file)).size }
  }

  async #stage(level: number): Promise<number> {
    const { statement, pyramid } = this.#job
    this.#level = level
    return await this.#staged.stage({ ...statement, sql: pyramid.statements[level]! })
  }

  /** Chooses the zooms, and sets the level of each. @throws ExportRefusal for too many tiles */
  async #zooms(detail: number | null): Promise<Band> {
    const { first, last } = this.#job.pyramid
    const most = await this.#staged.mostByZoom(last ?? Math.max(first, MOST_LAST))
    this.#levels = most.map(thinningFor)
    const zooms = { first, last: last ?? (await this.#fineZoom(first, detail)) }
    const { tiles } = await this.#staged.countsAt(zooms.last)
    if (tiles <= MOST_TILES) return zooms
    throw new ExportRefusal(
      `Zoom ${zooms.last} has more than ${MOST_TILES.toLocaleString('en')} tiles: ask for a smaller last zoom, or filter the features.`,
      'LIMIT_EXCEEDED',
    )
  }

  /** The first zoom that shows all features, and the positions of half of the lines and polygons. It has not very many tiles. */
  async #fineZoom(first: number, detail: number | null): Promise<number> {
    let zoom = Math.max(first, detail === null ? LEAST_OF_POINTS : 0)
    const isFine = () => this.#levels[zoom] === 0 && (detail === null || detail * 2 ** zoom * EXTENT >= FINE)
    while (zoom < MOST_LAST && !isFine()) zoom++
    const isCostly = ({ tiles, positions }: ZoomCounts) => tiles > MOST_BY_DEFAULT || positions > MOST_POSITIONS
    while (zoom > first && isCostly(await this.#staged.countsAt(zoom))) zoom--
    return zoom
  }

  /** Draws all zooms, from the last to the first. */
  async #walk({ first, last }: Band): Promise<void> {
    let zoom = last
    let least = 0
    while (zoom >= first) {
      const top = zoom
      least = Math.max(least, await this.#fitted(top, Math.max(least, this.#levels[top]!)))
      this.#levels[zoom] = least
      while (zoom - 1 >= first && this.#levels[zoom - 1]! <= least && (await this.#fits(zoom - 1))) {
        zoom--
        this.#levels[zoom] = least
      }
      await this.#draw({ first: zoom, last: top })
      zoom--
    }
    // The lower zooms show a part of these features.
    for (let lower = first - 1; lower >= 0; lower--) this.#levels[lower] = Math.max(this.#levels[lower]!, least)
  }

  /** Stages the features at the least level from this one on at which every tile of the zoom fits. */
  async #fitted(zoom: number, from: number): Promise<number> {
    for (let level = from; ; level++) {
      if (level !== this.#level) await this.#stage(level)
      if (level === MOST_THINNING || (await this.#fits(zoom))) return level
    }
  }

  async #fits(zoom: number): Promise<boolean> {
    const { tiles, mostRows, mostBytes } = await this.#staged.countsAt(zoom)
    const fits = mostRows <= MOST_TILE_FEATURES && mostBytes <= this.#job.pyramid.mostBytes
    if (fits) this.#tiles += tiles
    return fits
  }

  /** Draws the tiles of a band, from the features that are staged. */
  async #draw(band: Band): Promise<void> {
    const { folder } = this.#job
    for (let zoom = band.first; zoom <= band.last; zoom++)
      this.#files.set(zoom, await TileFile.create(path.join(folder, `tiles-${zoom}`)))
    await this.#part({ zoom: 0, x: 0, y: 0 }, band)
    for (let zoom = band.first; zoom <= band.last; zoom++) await this.#files.get(zoom)!.close()
  }

  /** Draws the tiles in a part of the world. It is divided until its features fit into memory. */
  async #part(place: TilePlace, band: Band): Promise<void> {
    const window = windowOf(place)
    const { rows, bytes } = await this.#staged.countIn(window)
    if (rows === 0) return
    if (place.zoom < band.first && (rows > MOST_TILE_FEATURES || bytes > this.#job.pyramid.mostBytes)) {
      for (const child of childrenOf(place)) await this.#part(child, band)
      return
    }
    const near = await this.#staged.read(window)
    await this.#tile(
      place,
      band,
      near,
      Int32Array.from({ length: near.batch.length }, (_, row) => row),
    )
    near.release()
  }

  /** Draws a tile, if it is in the band, and those below it. `candidates` are the rows that may be in it. */
  async #tile(place: TilePlace, band: Band, near: NearFeatures, candidates: Int32Array): Promise<void> {
    const { zoom } = place
    let rows = meeting(place, near, candidates)
    if (rows.length === 0) return
    if (zoom >= band.first) {
      this.#drawn++
      const { output, pyramid } = this.#job
      const tolerance = zoom < pyramid.exactZoom ? output.tolerance : 0
      const bytes = this.#encode({ ...output, tile: place, tolerance }, near.batch, 0, rows.length, rows)
      if (bytes.length > 0) await this.#files.get(zoom)!.add(tileId(zoom, place.x, place.y), bytes)
      rows = remaining(place, near, rows)
    }
    if (zoom < band.last) for (const child of childrenOf(place)) await this.#tile(child, band, near, rows)
  }

  #metadata({ first, last }: Band): object {
    const { layout, output, pyramid } = this.#job
    const fields = propertiesIn(layout, output).map(({ name, index }) => [name, typeName(layout.columns[index]!.wire.kind)])
    const dropped = this.#levels.map((level) => 1 - 1 / 2 ** level)
    return {
      name: pyramid.title,
      ...(pyramid.description && { description: pyramid.description }),
      vector_layers: [{ id: output.layer, fields: Object.fromEntries(fields), minzoom: first, maxzoom: last }],
      dropped: dropped.slice(
        0,
        Math.min(
          last,
          dropped.findLastIndex((share) => share > 0),
        ) + 1,
      ),
    }
  }
}

/** In the order of their ids. */
function childrenOf({ zoom, x, y }: TilePlace): readonly TilePlace[] {
  const children = [0, 1, 2, 3].map((n) => ({ zoom: zoom + 1, x: 2 * x + (n & 1), y: 2 * y + (n >> 1) }))
  return children.sort((a, b) => tileId(a.zoom, a.x, a.y) - tileId(b.zoom, b.x, b.y))
}

/** Returns the rows whose box reaches into the tile, after any turn around the earth. */
function meeting(place: TilePlace, { boxes: [x0, y0, x1, y1] }: NearFeatures, candidates: Int32Array): Int32Array {
  const { west, north, east, south } = windowOf(place)
  const rows = new Int32Array(candidates.length)
  let count = 0
  for (const row of candidates) {
    if (y1[row]! < north || y0[row]! > south) continue
    const [left, right] = [x0[row]!, x1[row]!]
    const meets =
      (right >= west && left <= east) || (right + 1 >= west && left + 1 <= east) || (right - 1 >= west && left - 1 <= east)
    if (meets) rows[count++] = row
  }
  return rows.subarray(0, count)
}

/**
 * Returns the rows that may be in the tiles below. A feature that is larger than the tile and was not drawn in it is not drawn there, though
 * its box reaches into them: a long line, or a box around two islands.
 */
function remaining({ zoom }: TilePlace, { boxes: [x0, y0, x1, y1] }: NearFeatures, rows: Int32Array): Int32Array {
  const size = (1 + (2 * BUFFER) / EXTENT) / 2 ** zoom
  let count = 0
  for (const drawn of rows) {
    const row = drawn < 0 ? ~drawn : drawn
    if (drawn < 0 && (x1[row]! - x0[row]! > size || y1[row]! - y0[row]! > size)) continue
    rows[count++] = row
  }
  return rows.subarray(0, count)
}

function typeName(kind: string): string {
  if (kind === 'bool') return 'Boolean'
  return kind === 'int' || kind === 'float' || kind === 'decimal' ? 'Number' : 'String'
}
