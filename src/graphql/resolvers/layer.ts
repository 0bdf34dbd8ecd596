import type { OnInvalid as Handling } from '../../catalog/layer.ts'
import type { InvalidFeatureResolvers, LayerKeyResolvers, LayerResolvers, OnInvalid } from '../generated.ts'

const ON_INVALID = { flag: 'FLAG', repair: 'REPAIR', drop: 'DROP' } as const satisfies Record<Handling, OnInvalid>

export const layer: LayerResolvers = {
  title: ({ tailoring }) => tailoring?.title ?? null,
  description: ({ tailoring }) => tailoring?.description ?? null,
  pruning: ({ pruning }) => pruning.kind,
  onInvalid: ({ tailoring }) => ON_INVALID[tailoring?.onInvalid ?? 'flag'],
  preparation: ({ name, preparation }) => (preparation ? { layer: name, ...preparation } : null),
}

export const layerKey: LayerKeyResolvers = {
  column: (key) => (key.kind === 'COLUMN' ? key.column : null),
}

export const invalidFeature: InvalidFeatureResolvers = {
  key: ({ id }) => id,
}
