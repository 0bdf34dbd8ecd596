/** Boxes of about 1,000 features each, like the requests of a map that has stopped moving. */
import type { DuckDBConnection } from '@duckdb/node-api'

export interface QueryBox {
  /** west, south, east, north */
  readonly bbox: readonly [number, number, number, number]
  /** Features whose own box touches it; the Python pipeline reads it under this name. */
  readonly touch: number
  /** Features that intersect it: what a right answer holds. */
  readonly hits: number
}

/** More than the fastest server answers in one run, so that no box is asked twice in it. */
const BOXES = 4_000
const WANTED = 1_000

/** Boxes of a GeoParquet file with a covering column: squares around features at even distances from west to east. Their size is changed until about 1,000 features touch them. */
export async function chooseBoxes(connection: DuckDBConnection, file: string): Promise<QueryBox[]> {
  const sides = await readSides(connection, file)
  const boxes: Omit<QueryBox, 'hits'>[] = []
  for (let attempt = 1; boxes.length < BOXES; attempt++) {
    if (attempt > BOXES * 20) throw new Error(`${file} has too few places with ${WANTED} features`)
    // Steps of the golden ratio spread evenly, however many it takes.
    const found = squareAround(sides, Math.floor(((attempt * 0.6180339887) % 1) * sides.xmin.length))
    if (found) boxes.push(found)
  }
  const hits = await countHits(connection, file, boxes)
  return boxes.map((box, number) => ({ ...box, hits: hits[number] ?? 0 }))
}

interface Sides {
  readonly xmin: Float64Array
  readonly ymin: Float64Array
  readonly xmax: Float64Array
  readonly ymax: Float64Array
}

/** Sorted by xmin, so that a box is a slice to look through. */
async function readSides(connection: DuckDBConnection, file: string): Promise<Sides> {
  const reader = await connection.runAndReadAll(
    `SELECT bbox.xmin, bbox.ymin, bbox.xmax, bbox.ymax FROM '${file}' ORDER BY bbox.xmin, id`,
  )
  const [xmin, ymin, xmax, ymax] = reader.getColumns().map((column) => Float64Array.from(column, Number))
  if (!xmin || !ymin || !xmax || !ymax) throw new Error(`${file} has no boxes`)
  return { xmin, ymin, xmax, ymax }
}

function squareAround(sides: Sides, row: number): Pick<QueryBox, 'bbox' | 'touch'> | null {
  const x = sides.xmin[row] ?? 0
  const y = sides.ymin[row] ?? 0
  let [low, high] = [1e-5, 8]
  for (let attempt = 0; attempt < 40; attempt++) {
    const half = Math.sqrt(low * high)
    const wide = half / Math.cos((y * Math.PI) / 180)
    const bbox = [x - wide, y - half, x + wide, y + half].map((side) => Number(side.toFixed(7))) as [
      number,
      number,
      number,
      number,
    ]
    const touch = countTouching(sides, bbox)
    if (Math.abs(touch - WANTED) <= WANTED * 0.02) return { bbox, touch }
    if (touch < WANTED) low = half
    else high = half
  }
  return null
}

function countTouching({ xmin, ymin, xmax, ymax }: Sides, [west, south, east, north]: QueryBox['bbox']): number {
  let count = 0
  // No feature of the bench is a hundredth of a degree wide.
  for (let row = lowerBound(xmin, west - 0.01); row < xmin.length && xmin[row]! <= east; row++) {
    if (xmax[row]! >= west && ymin[row]! <= north && ymax[row]! >= south) count++
  }
  return count
}

function lowerBound(sorted: Float64Array, value: number): number {
  let [from, to] = [0, sorted.length]
  while (from < to) {
    const middle = (from + to) >> 1
    if (sorted[middle]! < value) from = middle + 1
    else to = middle
  }
  return from
}

/** One spatial join counts for all boxes. */
async function countHits(
  connection: DuckDBConnection,
  file: string,
  boxes: readonly Pick<QueryBox, 'bbox'>[],
): Promise<number[]> {
  const envelopes = boxes.map(({ bbox }, number) => `(${number}, ST_MakeEnvelope(${bbox}))`)
  await connection.run(`CREATE OR REPLACE TEMP TABLE box AS FROM (VALUES ${envelopes}) v(number, envelope)`)
  const reader =
    await connection.runAndReadAll(`SELECT number, count(*) FROM '${file}' f JOIN box ON ST_Intersects(f.geom, box.envelope)
    GROUP BY number ORDER BY number`)
  return reader.getRows().map(([, count]) => Number(count))
}
