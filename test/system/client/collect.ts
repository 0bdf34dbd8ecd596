import {
  type FeatureStream,
  type FeaturesBatch,
  type StreamOptions,
  type StreamState,
  streamFeatures,
} from '../../../src/client/client.ts'
import type { StreamArguments } from '../../../src/client/options.ts'
import { ask, type PageInfo, type Served } from '../../support/graphql.ts'

/** Every id of a layer in its natural order, by pages: another way than the one under test. */
export async function idsOf(server: Served, layer: string): Promise<string[]> {
  const ids: string[] = []
  let after: string | null = null
  for (;;) {
    const { data } = await ask<{ features: { pageInfo: PageInfo; features: { id: string }[] } }>(
      server,
      `query ($layer: String!, $after: Cursor) {
        features(layer: $layer, first: 10000, after: $after) { pageInfo { hasNextPage endCursor } features { id } }
      }`,
      { layer, after },
    )
    const page: { pageInfo: PageInfo; features: { id: string }[] } = data!.features
    ids.push(...page.features.map(({ id }) => id))
    if (!page.pageInfo.hasNextPage) return ids
    after = page.pageInfo.endCursor
  }
}

export interface Watched {
  readonly stream: FeatureStream<'features'>
  readonly states: StreamState[]
  /** Reads to the end, and calls `each` after every batch. */
  ids(each?: (batch: FeaturesBatch) => unknown): Promise<string[]>
}

/** A stream of ids, and what it says that it does. */
export function watch(
  options: StreamArguments & Pick<StreamOptions, 'signal' | 'readAhead' | 'retry' | 'properties'> & { readonly url: string },
): Watched {
  const states: StreamState[] = []
  const stream = streamFeatures({ properties: [], ...options, encoding: 'features', onState: (state) => states.push(state) })
  const ids = async (each?: (batch: FeaturesBatch) => unknown) => {
    const all: string[] = []
    for await (const batch of stream) {
      all.push(...batch.features.map(({ id }) => id))
      await each?.(batch)
    }
    return all
  }
  return { stream, states, ids }
}
