import { GeoduckError } from '../../../model/errors.ts'
import type { GatheredRelation, Layer } from '../../../model/layer.ts'
import type { Query } from '../../../model/query.ts'
import type { ExecutionReport, GatheringReport, OperationContext } from '../../engine.ts'
import { failed, type GatheredRows } from './spark-engine.ts'

/** Returns where the rows of a query are gathered. Null for a layer that needs no other engine. */
export function gatheredIn(query: Query): GatheredRelation | null {
  const { relation } = query.view.layer
  return relation.kind === 'gathered' ? relation : null
}

/** The query of files that have been gathered. Nobody has checked their geometries, so the engine that reads them proves each. */
export function withFiles<Asked extends Query>(
  query: Asked,
  relation: GatheredRelation,
  { files, grouped }: Pick<GatheredRows, 'files' | 'grouped'>,
): Asked {
  const layer: Layer = { ...query.view.layer, state: 'CHECKING', relation: { ...relation, files, grouped } }
  return { ...query, view: { ...query.view, layer } }
}

/** The rows that are gathered for an operation. */
export class Gathering<Asked extends Query = Query> {
  /** The query of the files. */
  readonly query: Asked
  readonly context: OperationContext
  readonly #rows: GatheredRows
  readonly #report: GatheringReport
  readonly #asker: OperationContext
  #unreadable: string | null = null

  constructor(query: Asked, relation: GatheredRelation, rows: GatheredRows, asker: OperationContext) {
    this.query = withFiles(query, relation, rows)
    const unreadable = (reason: string) => {
      this.#unreadable = reason
    }
    this.context = { ...asker, unreadable }
    this.#rows = rows
    this.#report = {
      engine: relation.engine,
      gatheredRows: rows.rows,
      gatherMs: rows.gatherMs,
      notNarrowed: rows.notNarrowed,
    }
    this.#asker = asker
  }

  reported(execution: ExecutionReport): ExecutionReport {
    return { ...execution, gathering: this.#report }
  }

  /** Returns the error for the client. Damaged files are gathered again for the next query; otherwise the source has the fault. */
  async failure(error: unknown): Promise<unknown> {
    if (!(await this.#rows.areUnchanged())) {
      await this.#rows.forget()
      return failed(this.#report.engine, 'wrote rows that somebody has changed', error)
    }
    if (error instanceof GeoduckError && error.code === 'SOURCE_UNREADABLE' && this.#unreadable !== null)
      this.#asker.unreadable?.(this.#unreadable)
    return error
  }

  release(): void {
    this.#rows.release()
  }
}
