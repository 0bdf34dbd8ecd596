import type { LayerKeyResolvers, LayerResolvers } from '../generated.ts'

export const layer: LayerResolvers = {
  pruning: ({ pruning }) => pruning.kind,
  preparation: ({ name, preparation }) => (preparation ? { layer: name, ...preparation } : null),
}

export const layerKey: LayerKeyResolvers = {
  column: (key) => (key.kind === 'COLUMN' ? key.column : null),
}
