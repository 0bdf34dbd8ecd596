/** The rows of an Arrow stream, as those of every upload. */
import type { ArrowFailure, ArrowRow } from '../../encode/arrow-rows.ts'
import { readArrow } from '../../engines/duckdb/host/arrow-reader.ts'
import { NoAnswer } from '../../engines/duckdb/host/child-process.ts'
import type { FeatureInput } from '../../graphql/generated.ts'
import { GeoduckError } from '../../model/errors.ts'
import type { Layer } from '../../model/layer.ts'
import type { UploadBody } from './body.ts'
import type { Row } from './rows.ts'

/** @throws GeoduckError */
export async function* arrowRowsIn(
  body: UploadBody,
  { columns }: Layer,
  tempDirectory: string,
): AsyncGenerator<readonly Row[], void> {
  try {
    for await (const { rows, rowBytes } of readArrow(() => body.next(), columns, tempDirectory))
      yield rows.map((row) => ({ bytes: rowBytes, read: () => featureOf(row) }))
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error
    throw new GeoduckError('BAD_INPUT', 'The Arrow stream ended the process that reads it, or took too long.', { cause: error })
  }
}

function featureOf(row: ArrowRow | ArrowFailure): FeatureInput {
  if ('code' in row) throw new GeoduckError(row.code, row.message)
  const { key, wkb, crs, properties } = row
  return { key, geometry: wkb === null ? null : { wkb, ...(crs !== null && { crs }) }, properties }
}
