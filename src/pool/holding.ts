/** What an operation holds in the server's memory for its client: batches and pages that the client has not taken yet. */
import type { ReceivedBatch } from './messages.ts'

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
