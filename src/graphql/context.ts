/** What resolvers are given. The server fills it; a test can as well. */

import type { FilterLimits } from '../ask/read/read-filter.ts'
import type { Operation } from '../delivery/operation.ts'
import type { Capabilities, Engine } from '../engines/engine.ts'
import type { Layer } from '../model/layer.ts'
import type { ResolversParentTypes } from './generated.ts'
import type { HealthSubscribers } from './health-events.ts'

/** The catalogue, as far as questions need it. */
export interface Layers {
  layers(): readonly Layer[]
  layer(name: string): Layer | undefined
  /** The layer as its source is now. */
  fresh(layer: Layer): Promise<Layer>
  /** How often a file of its source was seen to be written to in place. */
  writes(layer: Layer): number
}

export interface Services {
  /** Throws LAYER_NOT_READY until every source has been described. */
  readonly catalog: Layers
  /** Throws LAYER_NOT_READY until workers serve. */
  readonly engine: Engine
  /** Of the engine, before its workers serve too. */
  readonly can: Capabilities
  readonly cursorSecret: string
  /** How large a filter may be. */
  readonly filterLimits: FilterLimits
  /** Most features in a page. */
  readonly pageRows: number
  /** Most time of a query, and of a stream without a batch. */
  readonly deadlineSeconds: number
  /** A reading that is at most so many milliseconds old. @default 50 */
  health(freshMs?: number): Promise<HealthModel>
  readonly healthSubscribers: HealthSubscribers
  /** Aborted, with what to tell clients, when the server stops. */
  readonly stopping: AbortSignal
}

export type HealthModel = ResolversParentTypes['Health']

export interface Context {
  readonly services: Services
  readonly operation: Operation
}
