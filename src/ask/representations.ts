/** Which representations of geometry an operation asks for: each is a column that the engine makes. */

import type { Operation } from '../delivery/operation.ts'
import type { InputMaybe } from '../graphql/generated.ts'
import { sameCrs } from '../model/crs.ts'
import { GeoduckError } from '../model/errors.ts'
import type { Layer } from '../model/layer.ts'
import type { Representation } from '../model/query.ts'
import { readCrs, requireCrsCode } from './crs.ts'

/** Different pairs of `crs` and `simplify` in one operation. */
export const MOST_REPRESENTATIONS = 4

/** How geometry comes out, as a field's arguments have it. */
export interface GeometryArguments {
  readonly crs?: InputMaybe<string> | undefined
  readonly simplify?: InputMaybe<number> | undefined
}

/** Those of one root field, each once. LIMIT_EXCEEDED where its operation has more than 4 of them. */
export class Representations {
  readonly list: Representation[] = []
  readonly #layer: Layer
  readonly #operation: Pick<Operation, 'representations'>

  constructor(layer: Layer, operation: Pick<Operation, 'representations'>) {
    this.#layer = layer
    this.#operation = operation
  }

  /** Its index in the list. */
  add({ crs: code, simplify = null }: GeometryArguments): number {
    const crs = typeof code === 'string' ? readCrs(code, 'crs') : null
    const { crs: stored } = this.#layer
    const own = crs !== null && crs.code === stored?.code
    if (crs !== null && !(stored && sameCrs(crs, stored))) requireCrsCode(this.#layer, 'crs')
    requireTolerance(simplify)
    const representation = { crs: own ? null : crs, simplify }
    this.#count(`${own ? '' : (crs?.code ?? '')} ${simplify}`)
    const index = this.list.findIndex((other) => other.crs?.code === representation.crs?.code && other.simplify === simplify)
    return index >= 0 ? index : this.list.push(representation) - 1
  }

  #count(pair: string): void {
    const { representations } = this.#operation
    representations.add(pair)
    if (representations.size > MOST_REPRESENTATIONS) {
      throw new GeoduckError(
        'LIMIT_EXCEEDED',
        `One operation takes at most ${MOST_REPRESENTATIONS} different pairs of \`crs\` and \`simplify\`; ask for the others in another one.`,
      )
    }
  }
}

function requireTolerance(simplify: number | null): void {
  if (simplify === null || (Number.isFinite(simplify) && simplify >= 0)) return
  throw new GeoduckError('BAD_INPUT', `\`simplify\` takes a finite number from 0 on, not ${simplify}.`)
}
