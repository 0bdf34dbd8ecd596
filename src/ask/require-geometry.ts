import { GeoduckError } from '../model/errors.ts'
import { hasGeometry, type Layer } from '../model/layer.ts'
import { show } from '../model/show.ts'

/** Refuses an argument that concerns the geometry of a table. @throws GeoduckError BAD_INPUT with the name of the argument */
export function requireGeometry(layer: Layer, argument: string): void {
  if (hasGeometry(layer)) return
  throw new GeoduckError(
    'BAD_INPUT',
    `\`${argument}\`: layer ${show(layer.name)} is a table, which has no geometry; leave \`${argument}\` out.`,
  )
}
