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

/** The example of docs/viewports.md: a viewport, its events, a move, and the events after it. */
export const viewed: Example = {
  blocks: ['graphql', 'json', 'graphql', 'json'],
  async holds({ folder }, subscription, events, mutation, after) {
    const server = await serve([], { live: join(folder, 'viewports'), writes: true })
    const client = createClient({ url: server.socketUrl, webSocketImpl: WebSocket })
    try {
      await ask(server, CREATE, { name: 'vehicles', columns: [{ name: 'speed', type: 'DOUBLE' }] })
      const features = [
        { key: 'bus 7', geometry: point(8.54, 47.37), properties: { speed: 31.5 } },
        { key: 'tram 4', geometry: point(8.6, 47.38), properties: { speed: 12 } },
      ]
      await ask(server, UPSERT, { layer: 'vehicles', features })
      const received = client.iterate({ query: subscription! })
      const next = async () => (await received.next()).value?.data?.['viewport'] as { readonly id?: string }
      const opened = await next()
      const without = (event: object) => withoutTokens(JSON.stringify({ ...event, ...('id' in event && { id: '' }) }))
      const [first, ...others] = JSON.parse(events!)
      expect(without(opened)).toEqual(without(first))
      for (const expected of others) expect(without(await next())).toEqual(without(expected))
      const variables = { id: opened.id }
      expect((await client.iterate({ query: mutation!, variables }).next()).value).toEqual({ data: { moveViewport: true } })
      for (const expected of JSON.parse(after!)) expect(without(await next())).toEqual(without(expected))
    } finally {
      await client.dispose()
      await server.close()
    }
  },
}

/**
 * A subscription, its first events, a mutation, and the event after it, on a server with two vehicles and, if there are any, zones; then perhaps a
 * typed subscription, and its events.
 */
function followed(directory: string, zones: readonly (readonly [key: string, west: number])[] = [], isTyped = false): Example {
  return {
    blocks: ['graphql', 'json', 'graphql', 'json', ...(isTyped ? (['graphql', 'json'] as const) : [])],
    async holds({ folder }, subscription, events, mutation, event, typed, typedEvents) {
      const server = await serve([], { live: join(folder, directory), writes: true })
      const client = createClient({ url: server.socketUrl, webSocketImpl: WebSocket })
      try {
        await ask(server, CREATE, { name: 'vehicles', columns: [{ name: 'speed', type: 'DOUBLE' }] })
        const features = [
          { key: 'bus 7', geometry: point(8.54, 47.37), properties: { speed: 31.5 } },
          { key: 'tram 4', geometry: point(8.6, 47.3), properties: { speed: 12 } },
        ]
        await ask(server, UPSERT, { layer: 'vehicles', features })
        if (zones.length > 0) {
          await ask(server, CREATE, { name: 'zones', columns: [] })
          const boxes = zones.map(([key, west]) => ({ key, geometry: { bbox: [west, 47.3, west + 0.04, 47.4] } }))
          await ask(server, UPSERT, { layer: 'zones', features: boxes })
        }
        const follow = (query: string) => {
          const received = client.iterate({ query })
          return async () => withoutTokens(JSON.stringify(Object.values((await received.next()).value?.data ?? {})[0]))
        }
        const next = follow(subscription!)
        for (const expected of JSON.parse(events!)) expect(await next()).toEqual(withoutTokens(JSON.stringify(expected)))
        expect((await ask(server, mutation!)).errors).toBeUndefined()
        expect(await next()).toEqual(withoutTokens(event!))
        if (!isTyped) return
        const nextTyped = follow(typed!)
        for (const expected of JSON.parse(typedEvents!)) expect(await nextTyped()).toEqual(expected)
      } finally {
        await client.dispose()
        await server.close()
      }
    },
  }
}

/** The examples of docs/changes.md. */
export const changed = followed('changes', [], true)

/** The example of docs/fences.md with one fence, and with a layer of fences. */
export const fenced = [
  followed('fences'),
  followed('zones', [
    ['centre', 8.52],
    ['east', 8.55],
  ]),
  followed('roam'),
]

/** Distances are shown with three digits. */
const withoutTokens = (text: string): unknown =>
  JSON.parse(text, (key, value) => {
    if (key === 'distance') return Number(value.toFixed(3))
    return key === 'token' ? `${String(value).length > 0}` : value
  })
