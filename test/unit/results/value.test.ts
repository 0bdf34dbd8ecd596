import { describe, expect, it } from 'vitest'
import type { WireType } from '../../../src/encode/batch.ts'
import { createEncoder } from '../../../src/encode/encode.ts'
import { Random } from '../../support/random.ts'
import { type Column, toBatch, type Value } from '../../support/results/columns.ts'
import { randomText } from '../../support/results/samples.ts'

/** The JSON text of a column's values, as it stands in the properties of features. */
function texts(wire: WireType, values: readonly Value[]): string[] {
  const column: Column = { name: 'v', wire, values }
  const layout = { columns: [column], key: null, geometries: [], properties: [0], geometryName: 'geom' }
  const encode = createEncoder(layout, { kind: 'features', fields: [{ key: 'p', field: 'properties', only: null }] })
  const list = new TextDecoder('utf-8', { fatal: true }).decode(encode(toBatch([column], 0, values.length), 0, values.length))
  return list
    .slice(1, -1)
    .split(/(?<=\}\}),/)
    .map((feature) => feature.slice('{"p":{"v":'.length, -2))
}

const DOUBLE: WireType = { kind: 'float', bits: 64 }
const FLOAT: WireType = { kind: 'float', bits: 32 }

describe('numbers', () => {
  const random = new Random()

  it('of 64-bit floats are printed as JSON.stringify prints them', () => {
    const values = [
      ...[
        0,
        -0,
        1,
        -1,
        0.1,
        0.1 + 0.2,
        1e-6,
        9.99e-7,
        1e-7,
        1e15,
        1e15 - 1,
        1e21,
        1e20,
        123456789.123456,
        2 ** 53,
        5e-324,
        1.7976931348623157e308,
      ],
      ...[Number.NaN, Infinity, -Infinity, 0.5, 1e9 + 0.1, 99999.999999999, 4.35, 1.005, -271.828],
      ...random.list(20_000, () => random.double()),
      ...random.list(20_000, () => random.next() * 1000),
      ...random.list(20_000, () => (random.integer(2 ** 32) - 2 ** 31) / 10 ** random.integer(13)),
    ]
    expect(texts(DOUBLE, values)).toEqual(values.map((value) => JSON.stringify(value)))
  })

  it('of 32-bit floats are the shortest that read back as the same float', () => {
    const anyFloat = () => new DataView(Uint32Array.of(random.integer(2 ** 32)).buffer).getFloat32(0, true)
    const values = [
      ...[
        0.1,
        0.3,
        1 / 3,
        16777216,
        16777217,
        33554432,
        123456789,
        3.4028234663852886e38,
        1.401298464324817e-45,
        1e-6,
        1e-7,
        0.000123456,
      ],
      ...random.list(20_000, anyFloat),
      ...random.list(20_000, () => (random.integer(2 ** 24) - 2 ** 23) / 10 ** random.integer(8)),
    ].map(Math.fround)
    for (const [i, text] of texts(FLOAT, values).entries()) {
      const value = values[i]!
      if (!Number.isFinite(value)) {
        expect(text).toBe('null')
        continue
      }
      expect(Math.fround(JSON.parse(text)), text).toBe(value + 0)
      const shorter = JSON.parse(text) === 0 ? 0 : significant(text) - 1
      expect(shorter > 0 && Math.fround(Number(value.toPrecision(shorter))) === value, `${text} of ${value}`).toBe(false)
    }
    expect(texts(FLOAT, [Math.fround(0.1)])).toEqual(['0.1'])
  })

  it('of 64-bit integers are strings, without loss at both ends', () => {
    const signed = [
      0n,
      -1n,
      2n ** 53n,
      -(2n ** 53n) - 1n,
      2n ** 63n - 1n,
      -(2n ** 63n),
      ...random.list(5_000, () => random.bits64()),
    ]
    expect(texts({ kind: 'int', bits: 64, signed: true }, signed)).toEqual(signed.map((value) => `"${value}"`))
    const unsigned = signed.map((value) => BigInt.asUintN(64, value))
    expect(texts({ kind: 'int', bits: 64, signed: false }, unsigned)).toEqual(unsigned.map((value) => `"${value}"`))
  })

  it('of up to 32 bits are numbers', () => {
    expect(texts({ kind: 'int', bits: 32, signed: true }, [-(2 ** 31), 2 ** 31 - 1, 0, 10_000, 9_999])).toEqual([
      '-2147483648',
      '2147483647',
      '0',
      '10000',
      '9999',
    ])
    expect(texts({ kind: 'int', bits: 32, signed: false }, [2 ** 32 - 1])).toEqual(['4294967295'])
    expect(texts({ kind: 'int', bits: 8, signed: true }, [-128, 127])).toEqual(['-128', '127'])
  })

  it("of decimals are the engine's text, with the zero that it leaves out before the point", () => {
    const values = ['.50', '-.05', '-7.125', '123', '-0.10', '.00', null]
    const wire = { kind: 'decimal', precision: 9, scale: 2 } as const
    expect(texts({ ...wire, quoted: false }, values)).toEqual(['0.50', '-0.05', '-7.125', '123', '-0.10', '0.00', 'null'])
    expect(texts({ ...wire, quoted: true }, values)).toEqual([
      '"0.50"',
      '"-0.05"',
      '"-7.125"',
      '"123"',
      '"-0.10"',
      '"0.00"',
      'null',
    ])
  })
})

function significant(text: string): number {
  return text
    .replace(/e.*$/, '')
    .replace(/[-.]/g, '')
    .replace(/^0+|0+$/g, '').length
}

describe('strings', () => {
  const random = new Random()

  it('are escaped as JSON.stringify escapes them, every character below U+0800 and around every border', () => {
    const characters = Array.from({ length: 0x800 }, (_, code) => String.fromCodePoint(code))
    const values = [
      ...characters,
      ...characters.map((c) => `abcdefg${c}hij`),
      '\u2028\ufeff\uffff',
      '𐀀🦆\u{10ffff}',
      '',
      'a'.repeat(100_000),
      '"'.repeat(100_000),
    ]
    expect(texts({ kind: 'utf8' }, values).map((text) => JSON.parse(text))).toEqual(values)
    expect(texts({ kind: 'utf8' }, values)).toEqual(values.map((value) => JSON.stringify(value)))
  })

  it('of random text too', () => {
    const values = random.list(20_000, () => randomText(random).replaceAll('}', ''))
    expect(texts({ kind: 'utf8' }, values)).toEqual(values.map((value) => JSON.stringify(value)))
  })

  it('of binary are base64', () => {
    const values = random.list(300, () => Uint8Array.from(random.list(random.integer(40), () => random.integer(256))))
    expect(texts({ kind: 'binary' }, values)).toEqual(values.map((value) => `"${Buffer.from(value).toString('base64')}"`))
  })

  it('of JSON are spliced unchanged', () => {
    expect(texts({ kind: 'json' }, ['{"a": [1, null]}', '3', null, '"x"'])).toEqual(['{"a": [1, null]}', '3', 'null', '"x"'])
  })
})

describe('dates and times', () => {
  const date: WireType = { kind: 'date' }
  const time = (unit: 's' | 'ms' | 'us' | 'ns', utc = false): WireType => ({ kind: 'timestamp', unit, utc })
  const DAY = 86_400_000

  it('are every day of 800 years, and those at the ends of the calendar', () => {
    const days = Array.from({ length: 292_194 }, (_, i) => i - 146_097)
    expect(texts(date, days)).toEqual(days.map((day) => `"${new Date(day * DAY).toISOString().slice(0, 10)}"`))
    expect(texts(date, [-719_528, -719_529, 2_932_896, 2_932_897])).toEqual([
      '"0000-01-01"',
      '"-000001-12-31"',
      '"9999-12-31"',
      '"+010000-01-01"',
    ])
    expect(texts(date, [2_147_483_646, -2_147_483_646])).toEqual(['"+5881580-07-10"', '"-5877641-06-25"'])
  })

  it('have as many digits after the second as they need: none, 3, 6 or 9', () => {
    expect(texts(time('us', true), [0n, 1n, 1_000n, 1_500_000n, -1n, 1_577_836_800_123_456n])).toEqual([
      '"1970-01-01T00:00:00Z"',
      '"1970-01-01T00:00:00.000001Z"',
      '"1970-01-01T00:00:00.001Z"',
      '"1970-01-01T00:00:01.500Z"',
      '"1969-12-31T23:59:59.999999Z"',
      '"2020-01-01T00:00:00.123456Z"',
    ])
    expect(texts(time('ns'), [1_577_836_800_123_456_789n, -1n, 1_577_836_800_000_000_000n])).toEqual([
      '"2020-01-01T00:00:00.123456789"',
      '"1969-12-31T23:59:59.999999999"',
      '"2020-01-01T00:00:00"',
    ])
    expect(texts(time('ms'), [-62_198_755_200_000n])).toEqual(['"-000001-01-01T00:00:00"'])
    expect(texts(time('s'), [253_402_300_800n])).toEqual(['"+010000-01-01T00:00:00"'])
  })

  it("are null where the engine's are infinite", () => {
    expect(texts(date, [2 ** 31 - 1, -(2 ** 31) + 1])).toEqual(['null', 'null'])
    for (const unit of ['s', 'ms', 'us', 'ns'] as const)
      expect(texts(time(unit), [2n ** 63n - 1n, 1n - 2n ** 63n])).toEqual(['null', 'null'])
  })

  it('reach to the last microsecond of 64 bits', () => {
    expect(texts(time('us'), [2n ** 63n - 2n, 2n - 2n ** 63n])).toEqual([
      '"+294247-01-10T04:00:54.775806"',
      '"-290308-12-21T19:59:05.224194"',
    ])
  })
})
