/** The kind of a failure decides what happens next. Only the start of the engine's message shows it. */
import { expect, test } from 'vitest'
import { classify } from '../../../src/engines/duckdb/processes/query/failures.ts'

const CLOSED = 'Invalid Input Error: Attempting to execute an unsuccessful or closed'

test.each([
  ['pending', 'Out of Memory Error: failed to pin', 'OUT_OF_MEMORY'],
  ['pending', 'IO Error: disk gone', 'IO'],
  ['streaming', 'INTERRUPT Error: Interrupted!', 'INTERRUPTED'],
  ['streaming', 'INTERNAL Error: broken', 'FATAL'],
])('the error of another thread is known by the message after that of a closed %s result: %s', (result, message, kind) => {
  expect(classify(`${CLOSED} ${result} query result\nError: ${message}`)).toEqual({ kind, message })
  expect(classify(message)).toEqual({ kind, message })
})

test.each(['', '\nError: '])('a closed result without a message after it is only unfinished: %j', (rest) => {
  const message = `${CLOSED} pending query result${rest}`
  expect(classify(message)).toEqual({ kind: 'UNFINISHED', message })
})
