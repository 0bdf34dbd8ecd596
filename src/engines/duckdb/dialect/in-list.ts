import type { Comparison } from './comparison.ts'
import type { Parameters } from './parameters.ts'

/** Up to here a list is searched from end to end. */
const SHORT = 16
const BUCKETS = 256

/**
 * Whether a subject is one of some values. It must not be written `IN (...)`: from a handful of values on the engine makes a hash
 * join of that, which gives up the order of rows, and 10,000 parameters take 350 ms to prepare. One bound list costs an item 0.8
 * ns a row, so long ones are cut into 256 by a number that SQL makes of the subject too: 10,000 items in 500,000 rows are then
 * 0.4 s, not 4.5. Text is compared with several byte by byte, whatever the
 * column's collation.
 */
export function inList(comparison: Comparison, subject: string, texts: readonly string[], parameters: Parameters): string {
  if (texts.length === 1) return `${subject} = ${comparison.cast(parameters.text(texts[0] as string))}`
  const { bucket } = comparison
  if (!bucket || texts.length <= SHORT) return `list_contains(${valueList(comparison, texts, parameters)}, ${subject})`
  const lists = `list_transform(${json(inBuckets(texts, bucket), parameters, 'VARCHAR[][]')}, lambda b: ${list(comparison, 'b')})`
  return `list_contains(${lists}[(${bucket.sql(subject)}) + 1], ${subject})`
}

/** A list of values, from their text forms. */
export function valueList(comparison: Comparison, texts: readonly string[], parameters: Parameters): string {
  return list(comparison, json(JSON.stringify(texts), parameters, 'VARCHAR[]'))
}

function list(comparison: Comparison, texts: string): string {
  return `list_transform(${texts}, lambda v: ${comparison.cast('v')})`
}

/** JSON of the texts by their bucket: made once a list, 5 ms for 10,000 items, where a plan is made for every turn. */
function inBuckets(texts: readonly string[], bucket: NonNullable<Comparison['bucket']>): string {
  const known = bucketed.get(texts)
  if (known !== undefined) return known
  const buckets: string[][] = Array.from({ length: BUCKETS }, () => [])
  for (const text of texts) buckets[bucket.of(text)]?.push(text)
  const text = JSON.stringify(buckets)
  bucketed.set(texts, text)
  return text
}

const bucketed = new WeakMap<readonly string[], string>()

function json(text: string, parameters: Parameters, type: string): string {
  return `CAST(CAST(${parameters.text(text)} AS JSON) AS ${type})`
}
