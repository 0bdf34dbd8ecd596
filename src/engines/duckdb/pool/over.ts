import { GeoduckError } from '../../../model/errors.ts'
import type { Batch } from '../../engine.ts'

/** Why no further batch of a stream will come. */
export type Over = 'COMPLETE' | { readonly error: unknown }

export function settled(over: Over): Promise<IteratorResult<Batch>> {
  return over === 'COMPLETE' ? Promise.resolve({ done: true, value: undefined }) : Promise.reject(over.error)
}

export function slowConsumer(stallMs: number): GeoduckError {
  const message = `The client did not read for ${stallMs / 1_000} s (--stall-timeout); resume from the cursor.`
  return new GeoduckError('SLOW_CONSUMER', message)
}

/** What a stream has sent so far is of the version that is gone: it cannot be gone on with. */
export function toldToStream(error: unknown, layer: string): unknown {
  return error instanceof GeoduckError && error.code === 'SOURCE_CHANGED' ? sourceChanged(layer) : error
}

export function sourceChanged(layer: string): GeoduckError {
  return new GeoduckError('CURSOR_EXPIRED', `The data of ${layer} changed under the stream; start again without a cursor.`)
}
