/** `geoduck explain`: explains the plan of a page of a layer, without a server. */

import { type PageEncoding, readPageQuery } from '../../ask/page-query.ts'
import type { Catalog } from '../../catalog/catalog.ts'
import type { Config } from '../../config/config.ts'
import { ConfigurationError } from '../../config/configuration-error.ts'
import { compileFeatures } from '../../engines/duckdb/dialect/compile.ts'
import { explain } from '../../engines/duckdb/dialect/explain.ts'
import { compileRowGroups } from '../../engines/duckdb/dialect/row-groups.ts'
import { ExplainError, enginePlan } from '../../engines/duckdb/host/engine-plan.ts'
import { workerOptions } from '../../engines/duckdb/pool/worker-options.ts'
import { openSchema } from '../../graphql/schema.ts'
import { GeoduckError } from '../../model/errors.ts'
import { asking } from '../asking.ts'
import { type CommandSources, openCommandCatalog, requireFiles, warnOfProblems } from '../command-catalog.ts'
import { reportOf } from './report.ts'

export interface ExplainOptions extends CommandSources {
  readonly layer: string
  readonly encoding: PageEncoding
  /** Arguments of the page by name. */
  readonly page: Readonly<Record<string, unknown>>
  /** Run the query as well. */
  readonly analyze: boolean
}

/**
 * Waits until the sources are prepared and checked.
 *
 * @throws ConfigurationError for foreseen failures: the query is invalid, or the engine does not answer it
 */
export async function explainPage(config: Config, options: ExplainOptions): Promise<string> {
  const catalog = await openCommandCatalog(config, options)
  try {
    await catalog.prepared
    await catalog.checked
    warnOfProblems(catalog, options.warn)
    return await report(catalog, config, options)
  } catch (error) {
    if (error instanceof ExplainError) throw new ConfigurationError(error.message)
    throw error instanceof GeoduckError ? new ConfigurationError(`${error.code}: ${error.message}`) : error
  } finally {
    await catalog.close()
  }
}

async function report(catalog: Catalog, config: Config, options: ExplainOptions): Promise<string> {
  const { layer, encoding, page: given, analyze } = options
  const query = await readPageQuery(openSchema(), { layer, encoding, given }, asking(catalog, config))
  requireFiles(query.view.layer, 'explain', 'select `explain` in a query of a server')
  const { statement, live } = compileFeatures(query)
  const access = catalog.access()
  const asWorker = workerOptions(config, options.spatialExtension, access)
  const engine = await enginePlan(
    { options: asWorker, statement, analyze, rowGroups: compileRowGroups(query), ...(live && { live }) },
    config.deadlineSeconds,
  )
  return reportOf({
    layer: query.view.layer,
    explanation: explain(query),
    parameters: statement.parameters,
    engine,
    analyzed: analyze,
  })
}
