import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { byteLength, join, RawJson, toChunks } from '../../../src/delivery/raw-json.ts'

const utf8 = (text: string) => new TextEncoder().encode(text)
const print = (value: unknown) => join(toChunks(value)).toString()

describe('raw JSON', () => {
  it('prints like JSON.stringify of the values it stands for', () => {
    const rings = { type: 'Polygon', coordinates: [[[1, 2]]], name: 'Curaçao “ж” 🦆' }
    const bytes = randomBytes(1_000)
    const result = (geojson: unknown, arrow: unknown) => ({
      data: { a: { geojson, count: 3 }, b: [{ geojson, arrow }, null, { arrow }] },
      errors: [{ message: 'é "quoted" \\ \u2028' }],
    })
    const raw = print(
      result(new RawJson(utf8(JSON.stringify(rings))), new RawJson(utf8(JSON.stringify(bytes.toString('base64'))))),
    )
    expect(raw).toBe(JSON.stringify(result(rings, bytes.toString('base64'))))
  })

  it('puts the very bytes in, unparsed', () => {
    const bytes = utf8('{"a" : 1.50, "a": 1E2}')
    const chunks = toChunks({ data: new RawJson(bytes) })
    expect(chunks[1]).toBe(bytes)
    expect(join(chunks).toString()).toBe('{"data":{"a" : 1.50, "a": 1E2}}')
  })

  it('is a value on its own too, and there may be none', () => {
    expect(print(new RawJson(utf8('[1]')))).toBe('[1]')
    expect(print({ data: null })).toBe('{"data":null}')
  })

  it('counts bytes, not characters', () => {
    const chunks = toChunks({ a: 'ж', b: new RawJson(utf8('"🦆"')) })
    expect(byteLength(chunks)).toBe(Buffer.byteLength('{"a":"ж","b":"🦆"}'))
  })

  it('is not deceived by text that looks like what stands for it', () => {
    const seen = JSON.stringify({ value: { toJSON: () => 'raw-00000000-0000-0000-0000-000000000000-000000' } })
    const value = { text: seen, raw: new RawJson(utf8(JSON.stringify(seen))) }
    expect(JSON.parse(print(value))).toEqual({ text: seen, raw: seen })
  })

  it('continues after a value that cannot be printed', () => {
    const cycle: Record<string, unknown> = { raw: new RawJson(utf8('1')) }
    cycle['self'] = cycle
    expect(() => toChunks(cycle)).toThrow(TypeError)
    expect(print([new RawJson(utf8('1')), new RawJson(utf8('2'))])).toBe('[1,2]')
  })
})
