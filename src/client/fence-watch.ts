/** The events of fences, in the order of the changes. */
import { BatchQueue } from './batch-queue.ts'
import type { StreamedFeature } from './encoding.ts'
import type { FenceDetection, FencesSubscriptionVariables } from './inputs.ts'
import { FORM_VARIABLES, type LiveControl, LiveSubscription } from './live-subscription.ts'
import type { Endpoint, FormOptions } from './options.ts'

/** The arguments of the subscription `fences`, and the form of the objects in its events. */
export interface FenceArguments extends FencesSubscriptionVariables, FormOptions {}

interface FenceControl extends LiveControl {
  /** The maximum number of updates that wait for a slow reader. At this number the subscription ends; it continues when half of them are read. @default 16 */
  readonly readAhead?: number | undefined
}

export type FenceOptions = FenceArguments & FenceControl & Endpoint

export interface FenceUpdate {
  /** The events, in the order of the changes. Empty if only the token is new. */
  readonly events: readonly FenceEvent[]
  /** The position after these events. Pass it as `since` to continue there, also in another program. */
  readonly token: string
}

export interface FenceEvent {
  readonly detect: FenceDetection
  /** The version of the store that the change has made. */
  readonly version: string
  /** The key of the fence, or of the other object of ROAM. Null for a fence that is a geometry. */
  readonly fence: string | null
  /** The distance between both objects of ROAM, in metres or in units of the CRS. Otherwise null. */
  readonly distance: number | null
  /** The object after the change, or before it if it is gone. */
  readonly object: StreamedFeature
}

const text = `subscription Fences($objects: String!, $fences: FencesInput!, $detect: [FenceDetection!], $dwell: DwellInput, $where: FeatureFilter, $since: Cursor, $maxPerSecond: Float, ${FORM_VARIABLES}) {
  fences(objects: $objects, fences: $fences, detect: $detect, dwell: $dwell, where: $where, since: $since, maxPerSecond: $maxPerSecond) {
    ... on FenceBatch {
      token
      events {
        detect version fence distance
        object { id key geometry(crs: $crs, simplify: $simplify, precision: $precision) bbox(crs: $crs) properties(only: $properties) }
      }
    }
    ... on UpToDate { token }
    ... on Heartbeat { token }
  }
}`

export class FenceWatch
  extends LiveSubscription<Partial<FenceUpdate> & { readonly token: string }>
  implements AsyncIterableIterator<FenceUpdate>
{
  readonly #arguments: FenceArguments
  readonly #queue: BatchQueue<FenceUpdate>
  /** True if the subscription waits for the reader. */
  #isHeld = false

  constructor({ readAhead, ...options }: FenceOptions) {
    super(options, options.since)
    const { objects, fences, detect, dwell, where, maxPerSecond, crs, simplify, precision, properties } = options
    this.#arguments = { objects, fences, detect, dwell, where, maxPerSecond, crs, simplify, precision, properties }
    this.#queue = new BatchQueue(readAhead, () => {
      this.#isHeld = true
      this.pause()
    })
    this.ended.then(
      () => {
        this.#queue.clear()
        this.#queue.end({})
      },
      (error: unknown) => this.#queue.end({ error }),
    )
    this.run()
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<IteratorResult<FenceUpdate>> {
    const result = this.#queue.take()
    if (this.#isHeld && !this.#queue.isHalfFull) {
      this.#isHeld = false
      this.run()
    }
    return result
  }

  return(): Promise<IteratorResult<FenceUpdate>> {
    this.close()
    return Promise.resolve({ done: true, value: undefined })
  }

  protected override begin() {
    return { text, variables: this.#arguments }
  }

  protected override receive({ events = [], token }: Partial<FenceUpdate> & { readonly token: string }): void {
    this.#queue.put({ events, token })
  }
}
