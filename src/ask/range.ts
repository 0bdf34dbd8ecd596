import { GeoduckError } from '../model/errors.ts'

/** An integer argument within its limits, or BAD_INPUT that names both. Null stands for the default, as if it were left out. */
export function inRange(name: string, value: number | null | undefined, [low, high, otherwise, more]: Range): number {
  const given = value ?? otherwise
  if (given >= low && given <= high) return given
  const hint = more !== undefined && given > high ? ` ${more}` : ''
  throw new GeoduckError('BAD_INPUT', `\`${name}\` is from ${text(low)} to ${text(high)}; it was ${given}.${hint}`)
}

/** `more`: what to do who wants more. */
export type Range = readonly [low: number, high: number, otherwise: number, more?: string]

/** Seconds. `most`: the server's own. */
export const deadlineRange = (most: number): Range => [Math.min(0.1, most), most, most]
export const PRECISION: Range = [0, 15, 7]
/** Its headers have room for no more. */
export const TWKB_PRECISION: Range = [0, 7, 7]
/** `pageRows`: the most that the server gives. */
export const firstRange = (pageRows: number): Range => [
  1,
  pageRows,
  Math.min(100, pageRows),
  'Pass `pageInfo { endCursor }` as `after` for the next, or subscribe to `featureBatches`.',
]
export const BATCH_SIZE: Range = [1, 10_000, 1_024]
/** A GraphQL Int has no more. */
export const LIMIT: Range = [0, 2_147_483_647, 0]
export const EVERY_MS: Range = [250, 60_000, 1_000]

/** `10,000`, as in the schema. */
function text(bound: number): string {
  return bound.toLocaleString('en')
}
