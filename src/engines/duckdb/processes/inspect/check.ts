/** Scans every row of a layer, so that what its source declares is proven. */
import type { DuckDBConnection } from '@duckdb/node-api'
import { GEOMETRY_TYPES } from '../../../../geometry/geometry-type.ts'
import { type BBox, type CheckReport, hasGeometry, type Spatial } from '../../../../model/layer.ts'
import { identifier } from '../../dialect/quote.ts'
import type { CheckResult, Covering, Description, ProvenGeometry } from '../../host/inspection.ts'
import { floatOf } from './covering.ts'
import { findEnums } from './find-enums.ts'
import { findInvalid } from './find-invalid.ts'
import { crsFaults } from './known-crs.ts'
import { proveCopies } from './prove-copies.ts'
import { proveKey } from './prove-key.ts'
import { fromOf } from './relation.ts'
import { rowGeometry } from './row-geometry.ts'
import { rowsOf } from './rows.ts'
import { findUnsafe } from './safe-check.ts'
import { countInvalid, featuresToServe } from './validity.ts'

/** @throws Error of the engine */
export async function checkLayer(connection: DuckDBConnection, description: Description): Promise<CheckResult> {
  const unsafe = await findUnsafe(connection, description)
  if (unsafe) return unsafe
  if (!hasGeometry(description)) return await checkTable(connection, description)
  const { servedInvalid, report, ...scanned } = await scan(connection, description)
  const isAsStored = (description.tailoring?.onInvalid ?? 'flag') === 'flag'
  const invalid = isAsStored ? servedInvalid : await countInvalid(connection, description)
  const { key, fault } = await proveKey(connection, description, scanned.featureCount)
  const firstInvalid = invalid > 0 ? await findInvalid(connection, description, key) : []
  const crsProblems = await crsFaults(connection, { ...description, extent: scanned.extent })
  const { faults: enumFaults, ...enums } = await findEnums(connection, description)
  const faults = [...(fault === null ? [] : [fault]), ...crsProblems, ...enumFaults]
  const sortedCopies = await proveCopies(connection, description)
  return { outcome: 'PROVEN', ...scanned, key, report: { ...report, invalid, firstInvalid }, ...enums, faults, sortedCopies }
}

/** A table has nothing to prove but its key and its enums. */
async function checkTable(connection: DuckDBConnection, description: Description): Promise<ProvenGeometry> {
  const [row] = await rowsOf(connection, `SELECT count(*) AS n FROM ${fromOf(description.relation)}`)
  const featureCount = Number(row?.['n'])
  const { key, fault } = await proveKey(connection, description, featureCount)
  const { geometryTypes, hasZ, extent } = description
  const nothing = { geometryTypes, hasZ, extent, coveringHolds: true, uncomputable: 0, report: null }
  const { faults, ...enums } = await findEnums(connection, description)
  const sortedCopies = await proveCopies(connection, description)
  return {
    outcome: 'PROVEN',
    ...nothing,
    featureCount,
    key,
    ...enums,
    faults: fault === null ? faults : [fault, ...faults],
    sortedCopies,
  }
}

interface Scanned extends Omit<ProvenGeometry, 'outcome' | 'key' | 'faults' | 'report'> {
  readonly servedInvalid: number
  readonly report: Omit<CheckReport, 'invalid' | 'firstInvalid'>
}

/** The dimensions, by the flags of the engine. The model has no name for measures. */
const COORDINATES: Readonly<Record<number, 'XY' | 'XYZ'>> = { 0: 'XY', 2: 'XYZ' }

/** Returns one group per geometry type and dimensions. The extent ignores sides that are not finite. */
async function scan(connection: DuckDBConnection, description: Spatial<Description>): Promise<Scanned> {
  const { from, geometryEncoding } = featuresToServe(description)
  const row = rowGeometry({ ...description, geometryEncoding })
  const { type, zm, isInvalid, isEmpty, hasEmptyRing, xmin, ymin, xmax, ymax, isUncomputable } = row
  const { covering } = description
  const groups = await rowsOf(
    connection,
    `SELECT type, zm, count(*) AS features,
       count(*) FILTER (type IS NOT NULL AND is_empty) AS empty, bool_or(empty_hole) AS empty_hole, count(*) FILTER (invalid) AS invalid,
       min(xmin) FILTER (isfinite(xmin)) AS west, min(ymin) FILTER (isfinite(ymin)) AS south,
       max(xmax) FILTER (isfinite(xmax)) AS east, max(ymax) FILTER (isfinite(ymax)) AS north,
       count(*) FILTER (uncomputable) AS uncomputable,
       count(*) FILTER (${covering ? isUncovered(covering) : 'false'}) AS uncovered
     FROM (
       SELECT ${type} AS type, ${zm} AS zm, ${isEmpty} AS is_empty, ${hasEmptyRing} AS empty_hole, ${isInvalid} AS invalid, ${xmin} AS xmin, ${ymin} AS ymin, ${xmax} AS xmax, ${ymax} AS ymax,
         ${isUncomputable} AS uncomputable, ${covering ? boxOf(covering) : 'NULL'} AS covering
       FROM ${from}
     ) GROUP BY type, zm`,
  )
  const sum = (key: string, of = groups) => of.reduce((total, group) => total + Number(group[key]), 0)
  const present = groups.filter(({ type }) => type !== null)
  const withFlags = (...flags: readonly number[]) => present.filter((group) => flags.includes(Number(group['zm'])))
  const types = new Set(groups.map((group) => group['type']))
  const dimensions = [...new Set(present.map((group) => Number(group['zm'])))]
  return {
    geometryTypes: GEOMETRY_TYPES.filter(({ label }) => types.has(label)).map(({ name }) => name),
    hasZ: dimensions.some((flags) => flags >= 2),
    hasEmptyRings: groups.some((group) => group['empty_hole'] === true),
    coordinates: dimensions.length === 1 ? (COORDINATES[dimensions[0]!] ?? null) : null,
    extent: extentOf(groups),
    featureCount: sum('features'),
    coveringHolds: sum('uncovered') === 0,
    uncomputable: sum('uncomputable'),
    servedInvalid: sum('invalid'),
    report: {
      nullGeometries: sum('features') - sum('features', present),
      emptyGeometries: sum('empty'),
      withZ: sum('features', withFlags(2, 3)),
      withM: sum('features', withFlags(1, 3)),
    },
  }
}

function boxOf({ column, members }: Covering): string {
  if (column !== null) return identifier(column)
  const sides = Object.values(members).map((name) => `${identifier(name)} := ${identifier(name)}`)
  return `struct_pack(${sides.join(', ')})`
}

/**
 * Returns SQL that is true if the box does not contain a geometry that is not empty. A float32 member may be rounded to the nearest
 * value, so it is compared with the side rounded in the same way.
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
