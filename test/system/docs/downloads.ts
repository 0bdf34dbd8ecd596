/** Examples of docs/downloads.md and docs/tiles.md: what curl writes. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { tableFromIPC } from 'apache-arrow'
import { expect } from 'vitest'
import { ask } from '../../support/graphql.ts'
import type { Example } from './example.ts'
import { withoutCursors } from './likeness.ts'

/** The formats of a layer. */
export const files = (layer: string, count: number): Example => ({
  blocks: ['sh'],
  async holds(place, commands) {
    expect((await place.shell(commands!)).code).toBe(0)
    const read = (ending: string) => readFile(join(place.folder, `${layer}.${ending}`))
    expect(tableFromIPC(await read('arrows')).numRows).toBe(count)
    const lines = (await read('geojsonl')).toString().trimEnd().split('\n')
    expect(lines).toHaveLength(count)
    expect(JSON.parse((await read('geojson')).toString()).features).toHaveLength(count)
    expect((await read('csv')).toString().trimEnd().split('\r\n')).toHaveLength(count + 1)
  },
})

/** A command, and the JSON that it prints with addresses of the server. */
export const json: Example = {
  blocks: ['sh', 'json'],
  async holds(place, command, shown) {
    const { code, stdout } = await place.shell(command!.replace(/^curl/, 'curl -s'))
    expect(code).toBe(0)
    expect(JSON.parse(stdout.replaceAll(new URL(place.url).host, '127.0.0.1:4000'))).toEqual(JSON.parse(shown!))
  },
}

/** A query for the addresses of tiles, whose TileJSON has the same tiles. */
export const signed: Example = {
  blocks: ['graphql'],
  async holds(place, query) {
    const { tiles } = (await ask<{ tiles: { url: string; tileJson: string } }>(place, query!)).data!
    const described = await (await fetch(new URL(tiles.tileJson, place.url))).json()
    expect(decodeURI(new URL(described.tiles[0]).pathname + new URL(described.tiles[0]).search)).toBe(tiles.url)
  },
}

/** A command and the lines that it prints. */
export const lines = (language: 'json' | 'text'): Example => ({
  blocks: ['sh', language],
  async holds(place, command, shown) {
    const { code, stdout } = await place.shell(command!.replace(/^curl/, 'curl -s'))
    expect(code).toBe(0)
    expect(withoutCursors(stdout).replaceAll('\r\n', '\n').trim()).toBe(withoutCursors(shown!).trim())
  },
})

/** A file that is written, and a range that is printed. */
export const ranges: Example = {
  blocks: ['sh', 'text'],
  async holds(place, commands, shown) {
    const { code, stdout } = await place.shell(commands!.replaceAll(/^curl/gm, 'curl -s'))
    expect([code, stdout.trim()]).toEqual([0, shown!.trim()])
    expect((await readFile(join(place.folder, 'birds.gpkg'))).subarray(0, 15).toString()).toBe('SQLite format 3')
  },
}
