/** Between the program and the process that asks the engine. */
import type { Statement } from '../../engines/duckdb/dialect/plan.ts'
import type { WorkerOptions } from '../../engines/duckdb/messages.ts'

export interface ExplainJob {
  readonly options: WorkerOptions
  readonly statement: Statement
  readonly analyze: boolean
  /** Of row groups; null: there is nothing to count. */
  readonly rowGroups: Statement | null
}

export interface EnginePlan {
  /** The engine's own text. */
  readonly text: string
  readonly rowGroups: { readonly all: number; readonly left: number } | null
}

export type FromExplainer = { readonly plan: EnginePlan } | { readonly failure: string }
