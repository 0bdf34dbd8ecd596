/** Every resolver by type; what is missing is a property of the same name. */
import type { Resolvers } from '../generated.ts'
import { featureBatch, featurePage } from './delivery.ts'
import { column, layer, layerKey } from './layer.ts'
import { query } from './query.ts'
import { subscription } from './subscription.ts'
import { worker } from './worker.ts'

export const resolvers: Resolvers = {
  Query: query,
  Subscription: subscription,
  Layer: layer,
  Column: column,
  LayerKey: layerKey,
  FeaturePage: featurePage,
  FeatureBatch: featureBatch,
  Worker: worker,
}
