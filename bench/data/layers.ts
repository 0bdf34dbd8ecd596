/** The layers of the bench. Names and columns are those of the Python pipeline, so that it runs on the same files. */
import { scatter } from './cities.ts'
import { FOOTPRINT, OUTLINE } from './shapes.ts'

export interface LayerRecipe {
  readonly name: string
  readonly rows: number
  /** Rows of columns `id, ..., geom`, in no order. */
  readonly sql: string
}

const MOMENT = `TIMESTAMP '2020-01-01' + to_seconds(whole(i, 'moment', 0, 157680000))`

function points(name: string, rows: number): LayerRecipe {
  const sql = `SELECT i AS id, label(i) AS name,
      pick(i, 'category', ['restaurant', 'cafe', 'bar', 'hotel', 'school', 'hospital', 'park', 'museum', 'shop', 'pharmacy']) AS category,
      round(-100 * ln(1 - uniform(i, 'value')), 3) AS value, ${MOMENT} AS ts, ST_Point(round(x, 7), round(y, 7)) AS geom
    FROM (${scatter(rows, [0.03, 0.25])})`
  return { name, rows, sql }
}

/** 5 to 9 vertices, the closing one included. */
const BUILDINGS: LayerRecipe = {
  name: 'buildings',
  rows: 500_000,
  sql: `SELECT i AS id, label(i) AS name,
      pick(i, 'class', ['house', 'house', 'house', 'apartments', 'garage', 'retail', 'industrial', 'school', 'office']) AS class,
      round(2.5 - 9 * ln(1 - uniform(i, 'height')), 2) AS height, whole(i, 'levels', 1, 11) AS levels,
      whole(i, 'built', 1890, 2024) AS built_year, ${FOOTPRINT} AS geom
    FROM (${scatter(500_000, [0.01, 0.08])})`,
}

/** 100 to 400 vertices, star-shaped, so always valid. */
const PARCELS: LayerRecipe = {
  name: 'parcels',
  rows: 50_000,
  sql: `SELECT i AS id, label(i) AS name, pick(i, 'zone', ['residential', 'commercial', 'industrial', 'agricultural', 'public']) AS zone,
      round(exp(12 + 0.6 * normal(i, 'value')), 2) AS value, round(from_to(i, 'area', 1200, 45000), 1) AS area_m2, ${MOMENT} AS updated,
      ${OUTLINE} AS geom
    FROM (${scatter(50_000, [0.02, 0.15])})`,
}

export const LAYERS: readonly LayerRecipe[] = [points('points', 1_000_000), BUILDINGS, PARCELS]

/** For the memory curve only: more than a gigabyte. */
export const LARGE_LAYER = points('points20m', 20_000_000)
