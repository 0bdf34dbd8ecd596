import type { OnInvalid as Handling } from '../../model/layer.ts'
import type { ColumnResolvers, InvalidFeatureResolvers, LayerKeyResolvers, LayerResolvers, OnInvalid } from '../generated.ts'

const ON_INVALID = { flag: 'FLAG', repair: 'REPAIR', drop: 'DROP' } as const satisfies Record<Handling, OnInvalid>

/** As many are completed in a millisecond, in fifteen aliases. */
const FEW_COLUMNS = 32

export const layer: LayerResolvers = {
  title: ({ tailoring }) => tailoring?.title ?? null,
  description: ({ tailoring }) => tailoring?.description ?? null,
  columns: ({ columns }, _args, { operation }) => (columns.length > FEW_COLUMNS ? operation.pace.spread(columns) : columns),
  pruning: ({ pruning }) => pruning.kind,
  onInvalid: ({ tailoring }) => ON_INVALID[tailoring?.onInvalid ?? 'flag'],
  preparation: ({ name, preparation }) => (preparation ? { layer: name, ...preparation } : null),
}

export const column: ColumnResolvers = {
  type: ({ native }) => native,
}

export const layerKey: LayerKeyResolvers = {
  column: (key) => (key.kind === 'COLUMN' ? key.column : null),
}

export const invalidFeature: InvalidFeatureResolvers = {
  key: ({ id }) => id,
}
