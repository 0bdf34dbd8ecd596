import { REFUSED } from '../../dialect/refusal.ts'
import type { Failure, FailureKind } from '../../messages.ts'

/** The engine throws plain errors: the message's first words are all there is to tell them apart by. */
const KINDS: readonly (readonly [prefix: string, kind: FailureKind])[] = [
  ['Out of Memory Error:', 'OUT_OF_MEMORY'],
  ['IO Error:', 'IO'],
  ['INTERRUPT Error:', 'INTERRUPTED'],
  [`Invalid Input Error: ${REFUSED}`, 'REFUSED'],
  ['Invalid Input Error: Could not create projection', 'UNKNOWN_CRS'],
  ['Invalid Input Error: Invalid string encoding found in Parquet file', 'BROKEN_TEXT'],
  ['Invalid Input Error:', 'INVALID_INPUT'],
  ['Conversion Error:', 'INVALID_INPUT'],
  ['Out of Range Error:', 'INVALID_INPUT'],
  // After either of these every connection of the instance is dead.
  ['INTERNAL Error:', 'FATAL'],
  ['FATAL Error:', 'FATAL'],
]

/** What kind of failure the engine's own words tell of. */
export function classify(message: string): Failure {
  // The result was closed under its reader: nothing is wrong with the question.
  if (/unsuccessful or closed (streaming|pending) query/.test(message)) return { kind: 'UNFINISHED', message }
  const kind = KINDS.find(([prefix]) => message.startsWith(prefix))?.[1]
  // An allocation that the system refuses is told in other words than the engine's own limit.
  return { kind: kind ?? (/std::bad_alloc|failed to allocate/i.test(message) ? 'OUT_OF_MEMORY' : 'OTHER'), message }
}
