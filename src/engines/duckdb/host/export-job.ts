/** Describes the export of a checked query. */
import type { FileFormat } from '../../../model/file-format.ts'
import type { FeatureQuery } from '../../../model/query.ts'
import { MOST_THINNING } from '../../../model/tile-budget.ts'
import type { FileAccess } from '../../engine.ts'
import { compileFeatures } from '../dialect/compile.ts'
import { type WorkerLimits, workerOptions } from '../pool/worker-options.ts'
import type { ExportJob, TilePyramid } from './export-messages.ts'

/** The zooms of an archive of tiles. */
export type Zooms = Pick<TilePyramid, 'first' | 'last' | 'exactZoom'>

export interface JobOptions {
  readonly limits: WorkerLimits & { readonly pageBytes: number }
  readonly spatialExtension: string
  readonly access: FileAccess
}

export interface ExportRequest {
  readonly query: FeatureQuery
  readonly format: FileFormat
  /** Null if the format has no tiles. */
  readonly zooms: Zooms | null
}

/** Returns the job without its folder, and a digest of the rows and their columns. */
export function exportJob(
  { query, format, zooms }: ExportRequest,
  { limits, spatialExtension, access }: JobOptions,
): { readonly job: Omit<ExportJob, 'folder'>; readonly digest: string } {
  const { statement, layout, outputs, digest, live } = compileFeatures(query)
  const { name, tailoring } = query.view.layer
  const thinned = () =>
    Array.from({ length: MOST_THINNING + 1 }, (_, thinning) => compileFeatures({ ...query, thinning }).statement)
  const pyramid = zooms && {
    ...zooms,
    statements: thinned().map(({ sql }) => sql),
    mostBytes: limits.pageBytes,
    title: tailoring?.title ?? name,
    description: tailoring?.description ?? null,
  }
  const options = workerOptions(limits, spatialExtension, access)
  const job = {
    options,
    statement,
    ...(live && { live }),
    layout,
    output: outputs[0]!,
    format,
    name,
    isSorted: query.orderBy.length > 0,
    pyramid,
  }
  return { job, digest }
}
