/** A scan of every row of a layer: what its source claims becomes what it is. */
import type { DuckDBConnection } from '@duckdb/node-api'
import type { CheckResult, Covering, Description, Proven } from '../inspection.ts'
import type { BBox, CheckReport, LayerKey } from '../layer.ts'
import { floatOf } from './covering.ts'
import { findInvalid } from './find-invalid.ts'
import { identifier } from './quote.ts'
import { fromOf } from './relation.ts'
import { rowGeometry, TYPE_NAMES } from './row-geometry.ts'
import { rowsOf } from './rows.ts'
import { findUnsafe } from './safe-check.ts'

/** @throws the engine's error */
export async function checkLayer(connection: DuckDBConnection, description: Description): Promise<CheckResult> {
  const unsafe = await findUnsafe(connection, description)
  if (unsafe) return unsafe
  const { invalid, report, ...scanned } = await scan(connection, description)
  const key = await proveKey(connection, description, scanned.featureCount)
  const firstInvalid = invalid > 0 ? await findInvalid(connection, description, key) : []
  return { outcome: 'PROVEN', ...scanned, key, report: { ...report, invalid, firstInvalid } }
}

interface Scanned extends Omit<Proven, 'outcome' | 'key' | 'report'> {
  readonly invalid: number
  readonly report: Omit<CheckReport, 'invalid' | 'firstInvalid'>
}

/** One group for each type met, with and without height and measure. Sides that are not finite are left out of the extent. */
async function scan(connection: DuckDBConnection, description: Description): Promise<Scanned> {
  const { type, hasZ, hasM, isInvalid, xmin, ymin, xmax, ymax, isUncomputable } = rowGeometry(description)
  const { covering, relation } = description
  const groups = await rowsOf(
    connection,
    `SELECT type, has_z, has_m, count(*) AS features,
       count(*) FILTER (type IS NOT NULL AND xmin IS NULL) AS empty, count(*) FILTER (invalid) AS invalid,
       min(xmin) FILTER (isfinite(xmin)) AS west, min(ymin) FILTER (isfinite(ymin)) AS south,
       max(xmax) FILTER (isfinite(xmax)) AS east, max(ymax) FILTER (isfinite(ymax)) AS north,
       count(*) FILTER (uncomputable) AS uncomputable,
       count(*) FILTER (${covering ? isUncovered(covering) : 'false'}) AS uncovered
     FROM (
       SELECT ${type} AS type, ${hasZ} AS has_z, ${hasM} AS has_m, ${isInvalid} AS invalid, ${xmin} AS xmin, ${ymin} AS ymin, ${xmax} AS xmax, ${ymax} AS ymax,
         ${isUncomputable} AS uncomputable, ${covering ? identifier(covering.column) : 'NULL'} AS covering
       FROM ${fromOf(relation)}
     ) GROUP BY type, has_z, has_m`,
  )
  const sum = (key: string, of = groups) => of.reduce((total, group) => total + Number(group[key]), 0)
  const isPresent = (group: (typeof groups)[number]) => group['type'] !== null
  const types = new Set(groups.map((group) => group['type']))
  return {
    geometryTypes: TYPE_NAMES.filter(([label]) => types.has(label)).map(([, name]) => name),
    hasZ: groups.some((group) => group['type'] !== null && group['has_z'] === true),
    extent: extentOf(groups),
    featureCount: sum('features'),
    coveringHolds: sum('uncovered') === 0,
    uncomputable: sum('uncomputable'),
    invalid: sum('invalid'),
    report: {
      nullGeometries: sum(
        'features',
        groups.filter((group) => !isPresent(group)),
      ),
      emptyGeometries: sum('empty'),
      withZ: sum(
        'features',
        groups.filter((group) => isPresent(group) && group['has_z'] === true),
      ),
      withM: sum(
        'features',
        groups.filter((group) => isPresent(group) && group['has_m'] === true),
      ),
    },
  }
}

/**
 * Of a geometry that is not empty, the box must hold every side. A float32 member may be rounded to the nearest: it is compared with the
 * side rounded alike.
 */
function isUncovered({ members, float32 }: Covering): string {
  const member = (name: string) => `covering.${identifier(name)}`
  const rounded = (side: string) => (float32 ? floatOf(side) : side)
  const holds = [
    `${member(members.xmin)} <= ${rounded('xmin')}`,
    `${member(members.ymin)} <= ${rounded('ymin')}`,
    `${member(members.xmax)} >= ${rounded('xmax')}`,
    `${member(members.ymax)} >= ${rounded('ymax')}`,
  ]
  return `xmin IS NOT NULL AND (${holds.join(' AND ')}) IS NOT TRUE`
}

function extentOf(groups: readonly Readonly<Record<string, unknown>>[]): BBox | null {
  const sides = (key: string) => groups.map((group) => group[key]).filter((side) => typeof side === 'number')
  const box = [
    Math.min(...sides('west')),
    Math.min(...sides('south')),
    Math.max(...sides('east')),
    Math.max(...sides('north')),
  ] as const
  return box.every(Number.isFinite) ? box : null
}

/** The first candidate whose values are all there and all different. Running out of memory over it proves nothing. */
async function proveKey(
  connection: DuckDBConnection,
  { key, keyCandidates, relation }: Description,
  rows: number,
): Promise<LayerKey> {
  if (key.kind === 'COLUMN') return key
  for (const column of keyCandidates) {
    const distinct = rowsOf(connection, `SELECT count(DISTINCT ${identifier(column)}) AS n FROM ${fromOf(relation)}`)
    const [row] = await distinct.catch((error: Error) => {
      if (/^Out of Memory Error/.test(error.message)) return []
      throw error
    })
    if (rows > 0 && Number(row?.['n']) === rows) return { kind: 'COLUMN', column }
  }
  return key
}
