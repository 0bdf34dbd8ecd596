/** What an operation holds in the server's memory for its client: batches and pages that the client has not taken yet. */
import type { Batch } from './engine.ts'

export interface Holding {
  /** Whether its client, its address and the server may hold more, whatever this operation holds itself. */
  readonly hasRoom: boolean
  /** Bytes that may be made for it now: without end while it has room, a little where its own connection is read, otherwise 0. */
  readonly allowance: number
  /**
   * Resolves when there may be an allowance again, or room where that is wanted. Rejects with the reason of `signal`, and with OVERLOADED after a
   * while if it is `timed`.
   */
  room(signal: AbortSignal, wanted: Wanted): Promise<void>
  add(bytes: number): void
  remove(bytes: number): void
}

export interface Wanted {
  readonly timed: boolean
  /** Not only an allowance. @default false */
  readonly whole?: boolean
}

/** For callers that have no clients. */
export const UNBOUNDED: Holding = {
  hasRoom: true,
  allowance: Number.POSITIVE_INFINITY,
  room: () => Promise.resolve(),
  add: () => {},
  remove: () => {},
}

/** The batch, counted until it is released. */
export function counted<B extends Pick<Batch, 'outputs' | 'release'>>(batch: B, holding: Holding): B {
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
