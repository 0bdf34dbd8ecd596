import type { Plan } from '../plan/plan.ts'
import type { FeatureQuery } from '../plan/query.ts'
import type { Failover } from './failover.ts'
import type { Claim, Scheduler } from './scheduler.ts'
import type { SpoolBudget } from './spool.ts'

export interface StreamOptions {
  readonly query: FeatureQuery
  readonly batchSize: number
  readonly emitEmpty: boolean
  readonly batchBytes: number
  readonly deadlineMs: number
  readonly stallMs: number
  readonly failover: Failover
  readonly claim: Claim
  readonly spool: SpoolBudget
  /** The queue of the lane that the failover has come to. */
  readonly scheduler: () => Scheduler
  /** Whether somebody waits in that queue who could have its worker. */
  readonly isWanted: () => boolean
  readonly checkPlan: (plan: Plan) => void
  /** Whether the source is still what the query was made for. */
  readonly unchanged: () => Promise<boolean>
  /** Called once, when nothing of it is left. */
  readonly onEnd: () => void
}
