/** The states of a layer: while it is prepared, as its source declares it, and as a check has proven it. */
import type { EnumValues, ProvenGeometry } from '../engines/duckdb/host/inspection.ts'
import type { Field, Layer, LayerKind, Names, Pruning } from '../model/layer.ts'
import type { Preparation } from '../model/preparation.ts'
import type { ServedDescription } from './source.ts'

/** One object, so that the schema sees no change while a layer is prepared. */
const NO_COLUMNS: Layer['columns'] = []

/** Returns the layer with these names. */
export function renamed(layer: Layer, { name, longName = name, names = [name] }: Names): Layer {
  return { ...layer, name, longName, names }
}

/** A layer whose copy does not exist yet. */
export function preparingLayer(name: string, kind: LayerKind, preparation: Preparation): Layer {
  return {
    name,
    state: 'PREPARING',
    preparation,
    relation: { kind: 'parquet', files: [], fileRows: [] },
    columns: NO_COLUMNS,
    geometryColumn: kind === 'TABLE' ? null : 'geometry',
    geometryEncoding: kind === 'TABLE' ? null : 'WKB',
    geometryTypes: [],
    hasZ: null,
    crs: null,
    extent: null,
    featureCount: null,
    key: { kind: 'ROW_NUMBER' },
    pruning: { kind: 'NONE' },
    fingerprint: '',
  }
}

/**
 * A layer that has not been checked. Its extent, types and height are those that the source declares. Its count is known or
 * null.
 */
export function claimedLayer(name: string, fingerprint: string, description: ServedDescription): Layer {
  const { relation, columns, geometryColumn, geometryEncoding, geometryTypes, hasZ, crs, extent, featureCount, key, pruning } =
    description
  const { tailoring } = description
  return {
    name,
    state: 'CHECKING',
    relation,
    columns,
    geometryColumn,
    geometryEncoding,
    geometryTypes,
    hasZ,
    crs,
    extent,
    featureCount,
    key,
    pruning,
    fingerprint,
    ...(tailoring && { tailoring }),
  }
}

/** The key may now be a column. Then ids that clients received before are invalid, like any row number. */
export function provenLayer(layer: Layer, description: ServedDescription, proof: ProvenGeometry): Layer {
  const {
    geometryTypes,
    hasZ,
    hasEmptyRings = false,
    coordinates = null,
    extent,
    featureCount,
    key,
    coveringHolds,
    report,
    enums = [],
    sortedCopies = [],
  } = proof
  const columns = withValues(coveringHolds ? description.columns : description.columnsUncovered, enums)
  const pruning = provenPruning(description, coveringHolds)
  const proved = {
    geometryTypes,
    hasZ,
    hasEmptyRings,
    coordinates,
    extent,
    featureCount,
    key,
    pruning,
    ...(report && { check: report }),
    ...(sortedCopies.length > 0 && { sortedCopies }),
  }
  return { ...layer, state: 'READY', columns, ...proved }
}

function withValues(columns: readonly Field[], enums: readonly EnumValues[]): readonly Field[] {
  if (enums.length === 0) return columns
  const values = new Map(enums.map((found) => [found.column, found.values]))
  return columns.map((column) => (values.has(column.name) ? { ...column, values: values.get(column.name)! } : column))
}

function provenPruning({ covering, pruning }: ServedDescription, holds: boolean): Pruning {
  if (!covering) return pruning
  const { column, members, float32 } = covering
  if (holds) return { kind: 'COVERING_COLUMN', column, members, float32 }
  return covering.declared ? { kind: 'NONE' } : pruning
}

/** The problem of a layer that is served, but not completely as its source declares. */
export function reservations({ covering }: ServedDescription, { coveringHolds, uncomputable, faults }: ProvenGeometry): string[] {
  const reasons: string[] = [...faults]
  if (covering?.declared && !coveringHolds) {
    reasons.push(`its covering column ${covering.column} does not cover its geometry and is not used: write it again`)
  }
  if (uncomputable > 0) {
    const some = uncomputable === 1 ? 'one of its geometries' : `${uncomputable} of its geometries`
    reasons.push(
      `${some} cannot be computed with (a ring that is not closed, a line of one point): a spatial filter fails for it; mend it in the source`,
    )
  }
  return reasons
}
