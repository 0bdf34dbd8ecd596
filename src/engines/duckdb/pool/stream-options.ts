import type { FeatureQuery } from '../../../model/query.ts'
import type { MessageLimits } from '../messages.ts'
import type { Reserving } from './reserve.ts'
import type { SpoolBudget } from './spool.ts'

export interface StreamOptions extends Reserving {
  readonly query: FeatureQuery
  readonly batchSize: number
  readonly emitEmpty: boolean
  readonly batchBytes: number
  readonly message: MessageLimits | null
  readonly deadlineMs: number
  readonly stallMs: number
  readonly spool: SpoolBudget
  /** Whether somebody waits in that queue who could have its worker. */
  readonly isWanted: () => boolean
  /** Whether the source is still what the query was made for. */
  readonly unchanged: () => Promise<boolean>
  /** Called once, when nothing of it is left. */
  readonly onEnd: () => void
}
