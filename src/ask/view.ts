/**
 * What a caller may see of a layer: the one place for rights. Every query is made of a view, and an engine reads the view's fields and the
 * features of its rule, whatever else is asked. Today every caller has the same view.
 */
import type { Layer } from '../model/layer.ts'
import type { View } from '../model/query.ts'

const views = new WeakMap<Layer, View>()

export function viewOf(layer: Layer): View {
  const known = views.get(layer)
  if (known) return known
  const view = Object.freeze({ layer, fields: layer.columns, rule: null, digest: 'all' })
  views.set(layer, view)
  return view
}
