import { type Literal, literal } from './bytes.ts'
import type { ValueWriter } from './value.ts'

/** What stands under a key: a value written row by row, the same JSON text in every row, or an object. */
export type Member = readonly [key: string, value: ValueWriter | string | readonly Member[]]

interface Step {
  readonly before: Literal
  readonly value: ValueWriter
}

/**
 * Writes a JSON object. All that is the same in every row - punctuation, keys, constants, the frames of inner objects - is put into one
 * literal between two values.
 */
export function jsonObject(members: readonly Member[]): ValueWriter {
  const steps: Step[] = []
  const end = literal(flatten(members, '', steps))
  return (batch, out) => {
    const writers = steps.map(({ before, value }) => ({ before, write: value(batch, out) }))
    return (row) => {
      for (const { before, write } of writers) {
        out.literal(before)
        write(row)
      }
      out.literal(end)
    }
  }
}

/** Adds the object's steps; `text` is what stands before it, and what stands behind its last value is returned. */
function flatten(members: readonly Member[], text: string, steps: Step[]): string {
  let before = `${text}{`
  for (const [i, [key, value]] of members.entries()) {
    before += `${i === 0 ? '' : ','}${JSON.stringify(key)}:`
    if (typeof value === 'string') before += value
    else if (typeof value === 'object') before = flatten(value, before, steps)
    else {
      steps.push({ before: literal(before), value })
      before = ''
    }
  }
  return `${before}}`
}
