/** The examples of docs/live.md, in their order, on a separate server. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createClient } from 'graphql-ws'
import { expect } from 'vitest'
import { WebSocket } from 'ws'
import { ROOT } from '../../support/environment.ts'
import { ask } from '../../support/graphql.ts'
import { CREATE, point, UPSERT } from '../../support/live.ts'
import { serve } from '../../support/server.ts'
import type { Example } from './example.ts'

const QUESTIONS = 6

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

/** The examples of docs/uploads.md, in their order, on a separate server. */
export const uploaded: Example = {
  blocks: ['json', 'sh', 'json', 'python', 'json', 'sh', 'json', 'sh', 'json', 'sh', 'json'],
  async holds(place, rows, ...texts) {
    const server = await serve([], { live: join(place.folder, 'uploads'), writes: true })
    try {
      await ask(server, CREATE, { name: 'vehicles', columns: [{ name: 'line', type: 'VARCHAR' }] })
      // The layer of the page has had another mutation.
      await ask(server, UPSERT, { layer: 'vehicles', features: [{ key: 'bus 1' }] })
      await writeFile(join(place.folder, 'vehicles.ndjson'), rows!)
      for (let n = 0; n < texts.length; n += 2) {
        const program = texts[n]!.replaceAll('http://127.0.0.1:4000', server.url).replaceAll('curl', 'curl -s')
        await writeFile(join(place.folder, 'upload'), program)
        const { stdout } = await place.shell(
          `${program.startsWith('import') ? `PYTHONPATH=${ROOT}/.geoduck/python python3` : 'sh'} upload`,
        )
        expect(JSON.parse(stdout)).toEqual(JSON.parse(texts[n + 1]!))
      }
    } finally {
      await server.close()
    }
  },
}

/** The example of docs/changes.md: a subscription, its events, a mutation, and the event after it. */
export const changed: Example = {
  blocks: ['graphql', 'json', 'graphql', 'json'],
  async holds({ folder }, subscription, events, mutation, event) {
    const server = await serve([], { live: join(folder, 'changes'), writes: true })
    const client = createClient({ url: server.socketUrl, webSocketImpl: WebSocket })
    try {
      await ask(server, CREATE, { name: 'vehicles', columns: [{ name: 'speed', type: 'DOUBLE' }] })
      const features = [
        { key: 'bus 7', geometry: point(8.54, 47.37), properties: { speed: 31.5 } },
        { key: 'tram 4', geometry: point(8.6, 47.3), properties: { speed: 12 } },
      ]
      await ask(server, UPSERT, { layer: 'vehicles', features })
      const received = client.iterate({ query: subscription! })
      const next = async () => withoutTokens(JSON.stringify((await received.next()).value?.data?.['changes']))
      for (const expected of JSON.parse(events!)) expect(await next()).toEqual(withoutTokens(JSON.stringify(expected)))
      expect((await ask(server, mutation!)).errors).toBeUndefined()
      expect(await next()).toEqual(withoutTokens(event!))
    } finally {
      await client.dispose()
      await server.close()
    }
  },
}

const withoutTokens = (text: string): unknown =>
  JSON.parse(text, (key, value) => (key === 'token' ? `${String(value).length > 0}` : value))
