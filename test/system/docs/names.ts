/** The example of docs/names.md in which two layers have the same short name. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import { ask } from '../../support/graphql.ts'
import { within } from '../../support/import.ts'
import { serve } from '../../support/server.ts'
import type { Example } from './example.ts'
import { VISITORS } from './place.ts'

export const sharedName: Example = {
  blocks: ['graphql', 'json'],
  async holds(_, question, shown) {
    const folder = await mkdtemp(join(tmpdir(), 'geoduck-docs-'))
    await writeFile(join(folder, 'visitors.csv'), VISITORS)
    await within(join(folder, 'parks.duckdb'), ['CREATE TABLE visitors AS SELECT 1 AS id'])
    const server = await serve([folder])
    const answer = await ask(server, question!)
    await server.close()
    await rm(folder, { recursive: true })
    expect(answer).toEqual(JSON.parse(shown!))
  },
}
