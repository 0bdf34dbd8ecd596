/**
 * Reads the features of a query into a table on disk, with their boxes in widths of the world, along a Hilbert curve, so that the
 * features of a place are read together. It counts what the tiles of a zoom have.
 */
import type { DuckDBConnection, DuckDBPreparedStatement } from '@duckdb/node-api'
import type { BatchLayout, ColumnBatch, WireColumn } from '../../../../encode/batch.ts'
import { concatenate } from '../../../../encode/slice.ts'
import { HALF_WORLD } from '../../../../geometry/cells.ts'
import { BUFFER, EXTENT, type TilePlace } from '../../../../geometry/tile-place.ts'
import type { Statement } from '../../dialect/plan.ts'
import { identifier } from '../../dialect/quote.ts'
import { sidesOf } from '../inspect/row-geometry.ts'
import { rowsOf } from '../inspect/rows.ts'
import { STAGING } from '../prepare/engine.ts'
import type { ColumnReader } from '../query/column-reader.ts'
import type { BatchRange } from '../query/cutter.ts'
import { bindParameters } from '../query/execution.ts'

const RAW = `${identifier(STAGING)}.raw`
const TABLE = `${identifier(STAGING)}.tiled`
const COUNTS = `${identifier(STAGING)}.counts`

/** Degrees. The poles themselves are infinitely far away. */
const FARTHEST = 89.9
/** The part of a tile that it shows beyond its edge, and a little more because of rounding. */
const BEYOND = (BUFFER + 0.1) / EXTENT
/** Pairs of a tile and a feature that are counted one by one, besides some per feature. */
const MOST_PAIRS = 30_000_000
const PAIRS_PER_FEATURE = 4

/** The last columns of a batch: the sides of the boxes. The world is from 0 to 1. */
const SIDES = ['x0', 'y0', 'x1', 'y1'] as const
const SIDE_COLUMNS: readonly WireColumn[] = SIDES.map((name) => ({ name, wire: { kind: 'float', bits: 64 } }))

/** The part of the world that a tile shows. */
export interface TileWindow {
  readonly west: number
  readonly north: number
  readonly east: number
  readonly south: number
}

export function windowOf({ zoom, x, y }: TilePlace): TileWindow {
  const n = 2 ** zoom
  return { west: (x - BEYOND) / n, north: (y - BEYOND) / n, east: (x + 1 + BEYOND) / n, south: (y + 1 + BEYOND) / n }
}

/** The content of the tiles of a zoom. A feature counts in every tile that its box meets. */
export interface ZoomCounts {
  /** Infinity if the boxes meet very many. */
  readonly tiles: number
  /** Positions of the features of all tiles. */
  readonly positions: number
  /** Features of the tile with the most of them. */
  readonly mostRows: number
  /** Bytes of the columns of the largest tile with more than one feature. */
  readonly mostBytes: number
}

/** Features near a tile, in the order of the layer. */
export interface NearFeatures {
  readonly batch: ColumnBatch
  readonly boxes: readonly [x0: Float64Array, y0: Float64Array, x1: Float64Array, y1: Float64Array]
  release(): void
}

interface Summary {
  readonly rows: number
  /** West, south, east and north in degrees. Null without a feature. */
  readonly bounds: readonly [number, number, number, number] | null
  /** Half of the lines and polygons have positions that are this far apart, or farther. Null: there are only points. */
  readonly detail: number | null
}

export interface StagedTilesOptions {
  readonly connection: DuckDBConnection
  readonly columnReader: ColumnReader
  readonly layout: BatchLayout
  readonly isLonLat: boolean
}

export class StagedTiles {
  readonly #options: StagedTilesOptions
  readonly #prepared = new Map<string, DuckDBPreparedStatement>()
  #rows = 0
  /** True if boxes reach beyond the world, so that other turns around the earth count for every tile. */
  #turns = false

  constructor(options: StagedTilesOptions) {
    this.#options = options
  }

  /** Replaces all rows by those of a statement. Returns the number of rows. @throws Error of the engine */
  async stage({ sql, parameters }: Statement): Promise<number> {
    const { connection, layout } = this.#options
    this.#forget()
    await connection.run(`DROP TABLE IF EXISTS ${TABLE}`)
    const prepared = await connection.prepare(`CREATE TABLE ${RAW} AS ${sql}`)
    bindParameters(prepared, parameters)
    await prepared.run()
    prepared.destroySync()
    const [ended] = await rowsOf(connection, `SELECT count(*) FILTER (eof) AS ends, count(*) - 1 AS n FROM ${RAW}`)
    if (Number(ended?.['ends']) !== 1) throw new Error('Invalid Input Error: the statement ended without its sentinel')
    const geometry = `ST_GeomFromWKB(c${layout.geometries[0]!.column})`
    const sides = sidesOf(geometry)
    const [cx, cy] = [this.#x(`(${sides.xmin} + ${sides.xmax}) / 2`), this.#y(`(${sides.ymin} + ${sides.ymax}) / 2`)]
    await connection.run(
      `CREATE TABLE ${TABLE} AS SELECT * FROM (
        SELECT rowid AS row, ${layout.columns.map((_, n) => `c${n}`).join(', ')}, ${weightOf(layout.columns)} AS weight,
          ${this.#x(sides.xmin)} AS x0, ${this.#y(sides.ymax)} AS y0, ${this.#x(sides.xmax)} AS x1, ${this.#y(sides.ymin)} AS y1,
          ${cx} - floor(${cx}) AS cx, greatest(0, least(1, ${cy})) AS cy, ST_NPoints(${geometry}) AS positions
        FROM ${RAW} WHERE NOT eof
      ) WHERE NOT isnan(x0 + x1 + y0 + y1)
      ORDER BY ST_Hilbert(cx, cy, {min_x: 0, min_y: 0, max_x: 1, max_y: 1}::BOX_2D), row`,
    )
    await connection.run(`DROP TABLE ${RAW}`)
    const [found] = await rowsOf(connection, `SELECT count(*) AS n, min(x0) < 0 OR max(x1) > 1 AS turns FROM ${TABLE}`)
    this.#rows = Number(found?.['n'])
    this.#turns = found?.['turns'] === true
    return Number(ended?.['n'])
  }

  /** Describes all features. */
  async summary(): Promise<Summary> {
    const [row] = await rowsOf(
      this.#options.connection,
      `SELECT count(*) AS n, min(x0) AS x0, min(y0) AS y0, max(x1) AS x1, max(y1) AS y1,
        median(2 * ((x1 - x0) + (y1 - y0)) / positions) FILTER (positions > 1) AS detail FROM ${TABLE}`,
    )
    const number = (name: string) => (typeof row?.[name] === 'number' ? (row[name] as number) : Number.NaN)
    const within = (place: number) => Math.max(0, Math.min(1, place))
    const [west, east] = this.#turns ? [0, 1] : [within(number('x0')), within(number('x1'))]
    const latitude = (y: number) => (Math.atan(Math.sinh(Math.PI * (1 - 2 * within(y)))) * 180) / Math.PI
    const isEmpty = Number(row?.['n']) === 0
    return {
      rows: this.#rows,
      bounds: isEmpty ? null : [(west - 0.5) * 360, latitude(number('y1')), (east - 0.5) * 360, latitude(number('y0'))],
      detail: Number.isNaN(number('detail')) ? null : number('detail'),
    }
  }

  /** Returns the features of the tile with the most of them, by zoom from 0 to `zoom`. A feature counts in the tile of its centre. */
  async mostByZoom(zoom: number): Promise<readonly number[]> {
    const { connection } = this.#options
    const most: number[] = []
    const index = (side: string) => `CAST(least(${2 ** zoom - 1}, floor(${side} * ${2 ** zoom})) AS BIGINT)`
    await connection.run(
      `CREATE TABLE ${COUNTS} AS SELECT ${index('cx')} AS x, ${index('cy')} AS y, count(*) AS n FROM ${TABLE} GROUP BY ALL`,
    )
    for (let at = zoom; at >= 0; at--) {
      const [row] = await rowsOf(
        connection,
        `SELECT max(n) AS most FROM (SELECT sum(n) AS n FROM ${COUNTS} GROUP BY x >> ${zoom - at}, y >> ${zoom - at})`,
      )
      most[at] = Number(row?.['most'] ?? 0)
    }
    await connection.run(`DROP TABLE ${COUNTS}`)
    return most
  }

  async countsAt(zoom: number): Promise<ZoomCounts> {
    const { connection } = this.#options
    const n = 2 ** zoom
    const ranges = `SELECT weight, positions, west, least(east, west + ${n - 1}) AS east, north, south FROM (
      SELECT weight, positions, greatest(${-n}, floor(x0 * ${n} - ${BEYOND})) AS west, least(${2 * n - 1}, floor(x1 * ${n} + ${BEYOND})) AS east,
        greatest(0, floor(y0 * ${n} - ${BEYOND})) AS north, least(${n - 1}, floor(y1 * ${n} + ${BEYOND})) AS south FROM ${TABLE}
      ) WHERE east >= west AND south >= north`
    const [whole] = await rowsOf(
      connection,
      `SELECT coalesce(sum((east - west + 1) * (south - north + 1)), 0) AS pairs,
        coalesce(sum((east - west + 1) * (south - north + 1) * positions), 0) AS positions FROM (${ranges})`,
    )
    const positions = Number(whole?.['positions'])
    if (Number(whole?.['pairs']) > MOST_PAIRS + PAIRS_PER_FEATURE * this.#rows)
      return { tiles: Number.POSITIVE_INFINITY, positions, mostRows: 0, mostBytes: 0 }
    const steps = (from: string, to: string) => `unnest(range(CAST(${from} AS BIGINT), CAST(${to} AS BIGINT) + 1))`
    const pairs = `SELECT (x + ${n}) % ${n} AS x, ${steps('north', 'south')} AS y, weight FROM (
      SELECT ${steps('west', 'east')} AS x, north, south, weight FROM (${ranges}))`
    const [row] = await rowsOf(
      connection,
      `SELECT count(*) AS tiles, coalesce(max(n), 0) AS rows, coalesce(max(bytes) FILTER (n > 1), 0) AS bytes
        FROM (SELECT count(*) AS n, sum(weight) AS bytes FROM (${pairs}) GROUP BY x, y)`,
    )
    return { tiles: Number(row?.['tiles']), positions, mostRows: Number(row?.['rows']), mostBytes: Number(row?.['bytes']) }
  }

  /** Counts the features near a tile, and the bytes of their columns. */
  async countIn(window: TileWindow): Promise<{ readonly rows: number; readonly bytes: number }> {
    const prepared = await this.#near('count(*), coalesce(sum(weight), 0)::DOUBLE', '', window)
    const [rows, bytes] = (await prepared.runAndReadAll()).getRows()[0]!
    return { rows: Number(rows), bytes: Number(bytes) }
  }

  async read(window: TileWindow): Promise<NearFeatures> {
    const { connection, columnReader, layout } = this.#options
    const columns = [...layout.columns, ...SIDE_COLUMNS]
    const select = [...layout.columns.map((_, n) => `c${n}`), ...SIDES].join(', ')
    const prepared = await this.#near(select, ' ORDER BY row', window)
    const result = await prepared.stream()
    const reader = columnReader.open(connection)
    try {
      const chunks: BatchRange[] = []
      for (;;) {
        const chunk = await result.fetchChunk()
        if (!chunk || chunk.rowCount === 0) break
        chunks.push({ ...reader.read(chunk, columns), from: 0, to: chunk.rowCount })
      }
      const batch = concatenate(chunks)
      if (chunks.length > 1) for (const { release } of chunks) release()
      const boxes = SIDES.map((_, n) => valuesIn(batch, layout.columns.length + n))
      return {
        batch,
        boxes: boxes as unknown as NearFeatures['boxes'],
        release: () => chunks.length === 1 && chunks[0]!.release(),
      }
    } finally {
      reader.close()
    }
  }

  #forget(): void {
    for (const prepared of this.#prepared.values()) prepared.destroySync()
    this.#prepared.clear()
  }

  /** Returns a statement on the features whose box meets the window. */
  async #near(select: string, order: string, { west, north, east, south }: TileWindow): Promise<DuckDBPreparedStatement> {
    const turns = this.#turns || west < 0 || east > 1 ? [0, 1, -1] : [0]
    const meets = turns.map((turn) => `(x1 >= $1 - ${turn} AND x0 <= $2 - ${turn})`).join(' OR ')
    const sql = `SELECT ${select} FROM ${TABLE} WHERE y1 >= $3 AND y0 <= $4 AND (${meets})${order}`
    const prepared = this.#prepared.get(sql) ?? (await this.#options.connection.prepare(sql))
    this.#prepared.set(sql, prepared)
    bindParameters(prepared, [west, east, north, south])
    return prepared
  }

  #x(x: string): string {
    return this.#options.isLonLat ? `(${x} / 360 + 0.5)` : `(${x} / ${2 * HALF_WORLD} + 0.5)`
  }

  #y(y: string): string {
    if (!this.#options.isLonLat) return `(0.5 - ${y} / ${2 * HALF_WORLD})`
    const sine = `sin(radians(greatest(${-FARTHEST}, least(${FARTHEST}, ${y}))))`
    return `(0.5 - ln((1 + ${sine}) / (1 - ${sine})) / ${4 * Math.PI})`
  }
}

/** SQL of the bytes of a row. */
function weightOf(columns: readonly WireColumn[]): string {
  const sizes = columns.map(({ wire: { kind } }, n) => {
    if (kind === 'wkb' || kind === 'binary') return `coalesce(octet_length(c${n}), 0)`
    return kind === 'utf8' || kind === 'json' || kind === 'decimal' ? `coalesce(strlen(c${n}), 0)` : '8'
  })
  return sizes.join(' + ')
}

function valuesIn({ columns }: ColumnBatch, index: number): Float64Array {
  const column = columns[index]
  if (!(column && 'values' in column && column.values instanceof Float64Array)) throw new TypeError('a side is no double')
  return column.values
}
