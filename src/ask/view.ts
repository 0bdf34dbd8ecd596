/**
 * Returns what a caller may see of a layer. Rights belong here: every query has a view, and an engine reads only the view's fields, and only
 * features that meet its rule. Today every caller has the same view.
 */
import { GeoduckError } from '../model/errors.ts'
import { hasGeometry, type Layer } from '../model/layer.ts'
import type { View } from '../model/query.ts'
import { show } from '../model/show.ts'

const views = new WeakMap<Layer, View>()

export function viewOf(layer: Layer): View {
  const known = views.get(layer)
  if (known) return known
  const view = Object.freeze({ layer, fields: layer.columns, rule: null, digest: 'all' })
  views.set(layer, view)
  return view
}

/** Refuses an argument that concerns the geometry of a table. @throws GeoduckError BAD_INPUT with the name of the argument */
export function requireGeometry(layer: Layer, argument: string): void {
  if (hasGeometry(layer)) return
  throw new GeoduckError(
    'BAD_INPUT',
    `\`${argument}\`: layer ${show(layer.name)} is a table, which has no geometry; leave \`${argument}\` out.`,
  )
}
