/** The program that opens DuckDB with the spatial extension, as a worker does, and returns the versions of both. */
import { version } from '@duckdb/node-api'
import { type OpenOptions, openDuckDB } from '../../open.ts'
import { answerWith } from '../answer.ts'

export type ToProbe = Pick<OpenOptions, 'spatialExtension' | 'tempDirectory'>

export interface ProbedVersions {
  readonly duckdb: string
  readonly spatial: string
}

answerWith(
  async (asked: ToProbe): Promise<ProbedVersions> => {
    const { spatialVersion } = await openDuckDB({ ...asked, memoryLimitBytes: 2 ** 28, threads: 1, allowedPaths: [] })
    return { duckdb: version().replace(/^v/, ''), spatial: spatialVersion }
  },
  (error) => ({ failure: (error instanceof Error ? error.message : String(error)).split('\n')[0]! }),
)
