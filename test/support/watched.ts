/** The collection that the differences of a watch add up to. */
import { expect } from 'vitest'
import type { LayerDiff } from '../../src/client/client.ts'

export type Features = readonly { readonly id: string }[]

export const byId = (features: Iterable<unknown>): Features =>
  ([...features] as { id: string }[]).sort((a, b) => (a.id < b.id ? -1 : 1))

export class Applied {
  readonly diffs: LayerDiff[] = []
  readonly #features = new Map<unknown, unknown>()

  /** For `onChange`: the differences add up to the features of the watch. */
  readonly apply = (diff: LayerDiff, watch: { readonly features: ReadonlyMap<string, unknown> }): void => {
    this.diffs.push(diff)
    if (diff.removeAll) this.#features.clear()
    for (const key of diff.remove) expect(this.#features.delete(key)).toBe(true)
    for (const feature of diff.add) this.#features.set(feature.id, feature)
    expect(byId(this.#features.values())).toEqual(byId(watch.features.values()))
  }
}
