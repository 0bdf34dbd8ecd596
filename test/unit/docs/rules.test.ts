/** Each rule of docs/subscriptions.md is held by a test in test/unit/server or test/system/server. */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { readPage } from '../../support/blocks.ts'
import { ROOT } from '../../support/environment.ts'

/** The name of the test for each rule that begins with other words than its test. */
const RULES: Readonly<Record<string, string>> = {
  'Batches are received in order': 'batches arrive in order, numbered from 0 without a gap',
  'The server pulls the next batch when the previous one has been sent.': 'a client that pauses is not read ahead for',
  'Every result works like any GraphQL result': 'has its fields in document order under their aliases, with any spliced value',
  'The socket and its other operations continue': 'the socket and its other operations continue after an error',
  'Over a WebSocket, an error that ends an operation is an `error` message': 'patience is SLOW_CONSUMER',
  'An operation that cannot begin': 'an operation that cannot begin is answered with an error message',
  'The error of a stream has the cursor':
    'ends each operation with SHUTTING_DOWN and its cursor, then the socket with 1001; another server continues from there',
  'As Server-Sent Events, an error is a `next` event': 'an error is a next event with errors and without data',
  'A server that stops sends no end of a health subscription':
    'sends no end of a health subscription before it closes its connection, so that clients subscribe again',
  'A server that stops':
    'ends each operation with SHUTTING_DOWN and its cursor, then the socket with 1001; another server continues from there',
  'A `connection_init` without the token': 'no payload at all, or one that holds no text',
  'A frame of more than 16 KB before `connection_ack`':
    'a message of 16 KiB before connection_ack is taken, a larger one closes the socket with 1009',
  'A client that leaves its stream unread': 'patience is SLOW_CONSUMER',
  "An error in an operation's text, variables or depth":
    'a wrong operation has its own error on every wire, and the others continue',
  'A message that the protocol does not have': 'a message that is none closes the socket with 4400',
  'A subscribe message that breaks the protocol': 'a subscribe message that is none by the protocol closes the socket with 4400',
  'A long ping, pong, complete or id': 'a long ping, pong, complete or id closes the socket with 4400',
  'Batches of all operations of a socket':
    'holds no more than its share for all of its operations together, and a polite one beside it is whole',
  'All subscriptions of `health` share one reading':
    'a thousand subscriptions of `health` share 200 events per second, and those of another address receive all of theirs',
  'A 257th operation at a time': 'a 257th simultaneous operation is refused with LIMIT_EXCEEDED, and the others continue',
  'A message with features has at most 1 MiB':
    'messages stay below their limit with all encodings and aliases, and every row arrives once and in order',
  'A connection of which nothing is read': '%s ends with its connection after the stall timeout, and its memory is free',
  'A request or WebSocket under another name': 'a WebSocket under another name is refused with 421, on every path',
  'Multipart streams begin with an empty part': 'multipart streams begin with a heartbeat, and carry one again and again',
  'Event streams begin with a comment': 'event streams begin with a comment, and carry one again and again',
}

const TEST = /\b(?:it|test)\(\s*'([^']+)'|^ *\]\)\('([^']+)'/gm

const plain = (words: string) =>
  words
    .replaceAll(/[`\s]+/g, ' ')
    .trim()
    .toLowerCase()

const names = globSync(join(ROOT, 'test/{unit,system}/server/*.test.ts')).flatMap((file) =>
  [...readFileSync(file, 'utf8').matchAll(TEST)].map(([, one, each]) => plain((one ?? each)!.replace(/: %s$/, ''))),
)
const rules = readPage('docs/subscriptions.md')
  .split(/^(?=- |#)/m)
  .filter((part) => part.startsWith('- '))
  .map((rule) => plain(rule.slice(2)))

it.each(rules)('%s', (rule) => {
  const other = Object.entries(RULES).find(([beginning]) => rule.startsWith(plain(beginning)))?.[1]
  const found = names.filter((name) => (other ? name === plain(other) : !name.includes('%') && rule.startsWith(name)))
  expect(found).not.toEqual([])
})
