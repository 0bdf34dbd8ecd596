/**
 * Reads the `geo` metadata of GeoParquet, versions 1.0 and 1.1 (https://geoparquet.org/releases/v1.1.0/). The metadata is only a
 * declaration: the writer of the file may have been wrong.
 */
import { z } from 'zod'
import { type GeometryTypeName, isTypeName } from '../../../../geometry/geometry-type.ts'
import { CRS84, crsOfProjjson } from '../../../../geometry/read-crs.ts'
import type { BBox, CoveringMembers, Crs } from '../../../../model/layer.ts'

export interface GeoColumn {
  readonly encoding: string
  readonly geometryTypes: readonly GeometryTypeName[]
  /** Null if the types are unknown. */
  readonly hasZ: boolean | null
  readonly crs: Crs | null
  readonly bbox: BBox | null
  readonly covering: { readonly column: string; readonly members: CoveringMembers } | null
}

export interface GeoMetadata {
  readonly primaryColumn: string
  readonly columns: ReadonlyMap<string, GeoColumn>
}

const side = z.tuple([z.string(), z.string()])

const column = z.object({
  encoding: z.string(),
  geometry_types: z.array(z.string()).catch([]),
  /** Absent means OGC:CRS84; null means unknown. */
  crs: z.unknown().optional(),
  bbox: z.array(z.number()).optional().catch(undefined),
  covering: z
    .object({ bbox: z.object({ xmin: side, ymin: side, xmax: side, ymax: side }) })
    .optional()
    .catch(undefined),
})

const metadata = z.object({ primary_column: z.string(), columns: z.record(z.string(), column) })

/** @throws Error with the reason, if the metadata is not valid GeoParquet */
export function readGeoMetadata(text: string): GeoMetadata {
  const { data, error } = metadata.safeParse(readJson(text))
  if (error) {
    const member = error.issues[0]?.path.join('.') || 'all of it'
    throw new Error(`its GeoParquet metadata is not as the specification says (${member}): ${WRITE_AGAIN}`)
  }
  const columns = Object.entries(data.columns).map(([name, of]) => [name, readColumn(of)] as const)
  return { primaryColumn: data.primary_column, columns: new Map(columns) }
}

/** The remedy for a file that is no GeoParquet. */
export const WRITE_AGAIN = 'write it as GeoParquet, e.g. with GeoPandas or ogr2ogr'

/** Python writes NaN and infinities as bare words, which are no JSON: GeoPandas before 0.13 did so for the box of no features. */
const BARE_WORDS = /"(?:[^"\\]|\\.)*"|-?\b(?:NaN|Infinity)\b/g

function readJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {}
  try {
    return JSON.parse(text.replace(BARE_WORDS, (word) => (word.startsWith('"') ? word : 'null')))
  } catch {
    throw new Error(`its GeoParquet metadata is not JSON: ${WRITE_AGAIN}`)
  }
}

function readColumn({ encoding, geometry_types, crs, bbox, covering }: z.infer<typeof column>): GeoColumn {
  const names = geometry_types.map((name) => name.replace(/ ZM?$| M$/, ''))
  return {
    encoding,
    geometryTypes: [...new Set(names)].filter(isTypeName),
    hasZ: geometry_types.length === 0 ? null : geometry_types.some((name) => / ZM?$/.test(name)),
    crs: crs === undefined ? CRS84 : crsOfProjjson(crs),
    bbox: bbox ? flatBox(bbox) : null,
    covering: covering ? readCovering(covering.bbox) : null,
  }
}

/** The box without heights. */
function flatBox(bbox: readonly number[]): BBox | null {
  const [west, south, east, north] = bbox.length === 6 ? [bbox[0], bbox[1], bbox[3], bbox[4]] : bbox
  const sides = [west, south, east, north]
  return sides.every((value) => Number.isFinite(value)) ? (sides as unknown as BBox) : null
}

function readCovering(bbox: Record<keyof CoveringMembers, [string, string]>): GeoColumn['covering'] {
  const columns = new Set(Object.values(bbox).map(([name]) => name))
  const [name] = columns
  if (columns.size !== 1 || name === undefined) return null
  return { column: name, members: { xmin: bbox.xmin[1], ymin: bbox.ymin[1], xmax: bbox.xmax[1], ymax: bbox.ymax[1] } }
}
