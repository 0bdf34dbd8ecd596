/** Every resolver by type; what is missing is a property of the same name. */
import type { Resolvers } from '../generated.ts'
import { featureBatch, featureConnection } from './delivery.ts'
import { column, invalidFeature, layer, layerKey } from './layer.ts'
import { query } from './query.ts'
import { subscription } from './subscription.ts'
import { worker } from './worker.ts'

export const resolvers: Resolvers = {
  Query: query,
  Subscription: subscription,
  Layer: layer,
  Column: column,
  LayerKey: layerKey,
  InvalidFeature: invalidFeature,
  FeatureConnection: featureConnection,
  FeatureBatch: featureBatch,
  Worker: worker,
}
