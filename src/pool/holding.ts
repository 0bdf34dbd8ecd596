/** What an operation holds in the server's memory for its client: batches and pages that the client has not taken yet. */
import type { ReceivedBatch } from './messages.ts'
import type { Claim, Scheduler } from './scheduler.ts'
import type { Slot } from './slot.ts'

export interface Holding {
  /** Whether the client, its address and the server may hold more, whatever this operation holds itself. */
  readonly hasRoom: boolean
  /** Resolves when `hasRoom` may have become true. Rejects with the reason of `signal`, and with OVERLOADED after a while if it is `timed`. */
  room(signal: AbortSignal, timed: boolean): Promise<void>
  add(bytes: number): void
  remove(bytes: number): void
}

/** For callers that have no clients. */
export const UNBOUNDED: Holding = { hasRoom: true, room: () => Promise.resolve(), add: () => {}, remove: () => {} }

/** The batch, counted until it is released. */
export function counted(batch: ReceivedBatch, holding: Holding): ReceivedBatch {
  const bytes = batch.outputs.reduce((sum, { length }) => sum + length, 0)
  let held = true
  holding.add(bytes)
  const release = () => {
    batch.release()
    if (held) holding.remove(bytes)
    held = false
  }
  return { ...batch, release }
}

/**
 * A worker, at a time when there is room for what it will make. An operation without room is in no queue, and a worker that comes when the room
 * is gone again goes to the next in the queue: so at most the turns that run at the time go beyond the bound.
 */
export async function acquireWithRoom(
  scheduler: Scheduler,
  claim: Claim,
  { holding, signal, timed }: { readonly holding: Holding; readonly signal: AbortSignal; readonly timed: boolean },
): Promise<Slot> {
  for (;;) {
    while (!holding.hasRoom) await holding.room(signal, timed)
    const slot = await scheduler.acquire(claim, signal)
    if (holding.hasRoom && !signal.aborted) return slot
    scheduler.ended(claim, 0)
    slot.release()
    signal.throwIfAborted()
  }
}
