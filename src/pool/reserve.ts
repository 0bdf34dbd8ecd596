import type { Plan } from '../plan/plan.ts'
import type { Failover } from './failover.ts'
import type { Claim, Scheduler } from './scheduler.ts'
import type { Slot } from './slot.ts'

export interface Reserving {
  readonly failover: Failover
  readonly claim: Claim
  /** The queue of the lane that the failover has come to. */
  readonly scheduler: () => Scheduler
}

/**
 * A worker for the plan. Null: the plan may only run in the serial lane, and has to be made for it. The question is asked again after the wait:
 * what was asked many times at once must not end a worker each time. Rejects with QUARANTINED, and as the queue does.
 */
export async function reserveFor(
  plan: Plan,
  { failover, claim, scheduler }: Reserving,
  signal: AbortSignal,
): Promise<Slot | null> {
  if (failover.admit(plan.digest)) return null
  const queue = scheduler()
  const slot = await queue.acquire(claim, signal)
  const giveBack = () => {
    queue.ended(claim, 0)
    slot.release()
  }
  try {
    signal.throwIfAborted()
    if (!failover.admit(plan.digest)) return slot
  } catch (error) {
    giveBack()
    throw error
  }
  giveBack()
  return null
}
