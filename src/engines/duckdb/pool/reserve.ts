import type { Holding } from '../../holding.ts'
import type { Plan } from '../dialect/plan.ts'
import type { Failover } from './failover.ts'
import type { Claim, Scheduler } from './scheduler.ts'
import type { Slot } from './slot.ts'

export interface Reserving {
  readonly failover: Failover
  readonly claim: Claim
  /** Counts what the operation holds for its client, and says whether there is room for more. */
  readonly holding: Holding
  /** The queue of the lane that the failover has come to. */
  readonly scheduler: () => Scheduler
}

export interface Reserved {
  readonly slot: Slot
  /** Bytes that the turn may make. */
  readonly allowance: number
}

/**
 * Waits for a worker that may run the plan, at a time when something may be made for the client. An operation without room is in no queue, and a
 * worker that comes when the room is gone again goes to the next in the queue: so only the turns that run at the time go beyond the bound.
 * Null: the plan may only run in the serial lane, and has to be made for it. The quarantine is asked again after the wait: what was asked many times
 * at once must not end a worker each time. Rejects with QUARANTINED, with OVERLOADED where `timed` and no room comes, and as the queue does.
 */
export async function reserveFor(
  plan: Plan,
  { failover, claim, scheduler, holding, timed }: Reserving & { readonly timed: boolean },
  signal: AbortSignal,
): Promise<Reserved | null> {
  for (;;) {
    if (failover.admit(plan.digest)) return null
    while (holding.allowance === 0) await holding.room(signal, { timed })
    const queue = scheduler()
    const slot = await queue.acquire(claim, signal)
    let allowance = 0
    try {
      signal.throwIfAborted()
      if (failover.admit(plan.digest)) return null
      allowance = holding.allowance
      if (allowance > 0) return { slot, allowance }
    } finally {
      if (allowance === 0) {
        queue.ended(claim, 0)
        slot.release()
      }
    }
  }
}
