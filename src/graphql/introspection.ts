/**
 * Questions about the schema, whose answer grows with the layers: of 1,000 layers 3.6 MB, which take 180 ms of processor time. graphql-js gives
 * the whole list of types at once; here it comes in steps, between which the event loop serves others.
 */
import { __Schema, __Type, type GraphQLField } from 'graphql'

/** About 10 ms of work. */
const TYPES_PER_STEP = 50

/** The introspection types are one object each for all schemas of the process, and have no other place to change how they resolve. */
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

/** The items, those of each step after the event loop has taken another turn. */
function spread(items: readonly unknown[]): (unknown | Promise<unknown>)[] {
  let turn: Promise<void> = Promise.resolve()
  return items.map((item, n) => {
    if (n < TYPES_PER_STEP) return item
    if (n % TYPES_PER_STEP === 0) turn = turn.then(() => new Promise((resolve) => setImmediate(resolve)))
    return turn.then(() => item)
  })
}
