/** The kinds of sources, with one row each. */
import { isObject } from '../../model/remote-source.ts'
import type { FoundSource } from '../find-sources.ts'
import type { Source, SourceContext } from '../source.ts'
import { DatabaseSource } from './database.ts'
import { MirroredSource } from './mirrored.ts'
import { ParquetSource } from './parquet.ts'
import type { PreparationQueue } from './preparation-queue.ts'
import { prepared } from './prepared.ts'
import { RemoteParquet } from './remote-parquet.ts'
import { VectorFile } from './vector-file.ts'

type Open = (found: FoundSource, context: SourceContext, copies: PreparationQueue) => Source

const copied =
  (format: VectorFile['format']): Open =>
  (found, context, copies) =>
    prepared(new VectorFile(found, format, context), copies)

const KINDS: Readonly<Record<FoundSource['format'], Open>> = {
  Parquet: (found, context, copies) => {
    if (!found.files.some(isObject)) return new ParquetSource(found, context)
    return found.isMirrored ? new MirroredSource(found, context, copies) : new RemoteParquet(found, context)
  },
  DuckDB: (found, context) => new DatabaseSource(found, context),
  GeoPackage: copied('GeoPackage'),
  Shapefile: copied('Shapefile'),
  FlatGeobuf: copied('FlatGeobuf'),
  GeoJSON: copied('GeoJSON'),
  CSV: copied('CSV'),
}

export const openSource: Open = (found, context, copies) =>
  found.gathering ? context.engines!.source(found, context) : KINDS[found.format](found, context, copies)
