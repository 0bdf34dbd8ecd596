/** The lattices of layers in other CRSs, by which their tiles are made without a transformation. A layer's is made once per version. */

import { hasKnownCrs } from '../ask/crs.ts'
import { operationContext } from '../ask/feature-request.ts'
import { isInDegrees } from '../ask/selection.ts'
import { viewOf } from '../ask/view.ts'
import { type FittedLattice, fitLattice, latticeBox, SAMPLES } from '../geometry/lattice.ts'
import type { Context } from '../graphql/context.ts'
import type { Layer } from '../model/layer.ts'

export class TileLattices {
  readonly #known = new WeakMap<Layer, Promise<FittedLattice | null>>()

  /** Returns null for a layer that needs no lattice, or has none. */
  async of(layer: Layer, context: Context): Promise<FittedLattice | null> {
    const { crs, extent } = layer
    if (isInDegrees(layer) || crs?.code === 'EPSG:3857' || !extent || !hasKnownCrs(layer)) return null
    const making = this.#known.get(layer) ?? make(layer, latticeBox(extent), context)
    this.#known.set(layer, making)
    try {
      return await making
    } catch (error) {
      this.#known.delete(layer)
      throw error
    }
  }
}

/** Other requests wait for it too, so it does not end with its own. */
async function make(layer: Layer, box: NonNullable<Layer['extent']>, context: Context): Promise<FittedLattice | null> {
  const query = {
    kind: 'features',
    view: viewOf(layer),
    where: null,
    orderBy: [],
    limit: null,
    after: null,
    outputs: [],
    properties: [],
  } as const
  const asker = operationContext(context, { query, deadlineMs: null })
  return fitLattice(box, await context.services.engine.lonLat(query, box, SAMPLES, asker))
}
