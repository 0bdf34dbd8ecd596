/** The examples of docs/live.md, in their order, on a separate server. */
import { join } from 'node:path'
import { expect } from 'vitest'
import { ask } from '../../support/graphql.ts'
import { serve } from '../../support/server.ts'
import type { Example } from './example.ts'

const QUESTIONS = 5

export const written: Example = {
  blocks: Array.from({ length: QUESTIONS }, () => ['graphql', 'json']).flat(),
  async holds({ folder }, ...texts) {
    const server = await serve([], { live: join(folder, 'live'), writes: true })
    try {
      for (let n = 0; n < texts.length; n += 2) expect(await ask(server, texts[n]!)).toEqual(JSON.parse(texts[n + 1]!))
    } finally {
      await server.close()
    }
  },
}
