/** Examples in GraphQL, and in JSON what is answered. */
import { parse, print } from 'graphql'
import { expect } from 'vitest'
import { ask } from '../../support/graphql.ts'
import type { Example, Place } from './example.ts'
import { alike, objectsIn, withoutCursors } from './likeness.ts'

/** A complete answer, or a part of it. */
async function isAnswered(place: Place, question: string, shown: string): Promise<void> {
  const [answer, part] = [await ask(place, question), JSON.parse(shown) as object]
  if ('data' in part) expect(answer).toEqual(part)
  else expect(objectsIn(answer)).toContainEqual(expect.objectContaining(part))
}

/** A question and the block below, its answer. */
export const answered: Example = { blocks: ['graphql', 'json'], holds: isAnswered }

/** An answer to a query that the page describes in words. */
export const answerTo = (question: string): Example => ({
  blocks: ['json'],
  holds: (place, shown) => isAnswered(place, question, shown),
})

/** A part of an answer that leaves something out. */
export const partOf = (question: string): Example => ({
  blocks: ['json'],
  holds: async (place, shown) => expect(objectsIn(await ask(place, question))).toContainEqual(alike(JSON.parse(shown))),
})

/** A subscription, the command that sends it, and the events that arrive. */
export const streamed: Example = {
  blocks: ['graphql', 'sh', ''],
  async holds(place, document, command, events) {
    const { code, stdout } = await place.shell(command!)
    expect(code).toBe(0)
    // A stream's first comment is for proxies.
    expect(
      withoutCursors(stdout)
        .replace(/^:\n\n/, '')
        .trimEnd(),
    ).toBe(withoutCursors(events!).trimEnd())
    const { query } = JSON.parse(/^\{.*\}$/m.exec(command!)![0]) as { query: string }
    expect(print(parse(query))).toBe(print(parse(document!)))
  },
}
