/**
 * Answers introspection in steps, between which the event loop serves other clients. The answer grows with the layers: for
 * 1,000 layers it is 3.6 MB and takes 180 ms of processor time. graphql-js alone resolves the whole list of types at once.
 */
import { __Schema, __Type, type GraphQLField } from 'graphql'

/** Types per step, which are about 10 ms of work. */
const TYPES_PER_STEP = 50

/**
 * Changes how the introspection types resolve. All schemas of the process share these objects, so there is no narrower place.
 */
export function introspectInSteps(): void {
  resolveInSteps(__Schema.getFields()['types']!)
  resolveInSteps(__Type.getFields()['possibleTypes']!)
}

const inSteps = new WeakSet<GraphQLField<unknown, unknown>>()

function resolveInSteps(field: GraphQLField<unknown, unknown>): void {
  if (inSteps.has(field)) return
  inSteps.add(field)
  const { resolve } = field
  field.resolve = (...args) => {
    const types: unknown = resolve!(...args)
    return Array.isArray(types) && types.length > 2 * TYPES_PER_STEP ? spread(types) : types
  }
}

/** Returns the items. Those of each step wait for another turn of the event loop. */
function spread(items: readonly unknown[]): (unknown | Promise<unknown>)[] {
  let turn: Promise<void> = Promise.resolve()
  return items.map((item, n) => {
    if (n < TYPES_PER_STEP) return item
    if (n % TYPES_PER_STEP === 0) turn = turn.then(() => new Promise((resolve) => setImmediate(resolve)))
    return turn.then(() => item)
  })
}
