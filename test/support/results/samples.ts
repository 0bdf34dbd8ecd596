/** A column of every wire type, with awkward values and nulls. */
import type { WireType } from '../../../src/encode/batch.ts'
import type { Random } from '../random.ts'
import type { Column, Value } from './columns.ts'

const ALPHABET = [
  'a',
  'Z',
  '0',
  ' ',
  '"',
  '\\',
  '/',
  '\b',
  '\f',
  '\n',
  '\r',
  '\t',
  '\u0000',
  '\u001f',
  '\u007f',
  'é',
  'ß',
  '中',
  '\u2028',
  '🦆',
  '𐍈',
]

export function randomText(random: Random): string {
  const plain = random.chance(0.5)
  return random.list(random.integer(random.chance(0.02) ? 400 : 20), () => (plain ? 'b' : random.pick(ALPHABET))).join('')
}

function randomDecimal(random: Random, precision: number, scale: number): string {
  const digits = random
    .list(random.integer(precision + 1), () => random.integer(10))
    .join('')
    .padStart(scale + 1, '0')
  const whole = digits.slice(0, digits.length - scale).replace(/^0+(?=\d)/, '')
  const sign = random.chance(0.5) && /[1-9]/.test(digits) ? '-' : ''
  // The engine's text has no zero before the point if the type has no integer digits.
  const shown = precision === scale ? '' : whole
  return sign + (scale === 0 ? whole : `${shown}.${digits.slice(digits.length - scale)}`)
}

function randomDouble(random: Random): number {
  switch (random.integer(6)) {
    case 0:
      return random.pick([
        0,
        -0,
        Number.NaN,
        Infinity,
        -Infinity,
        1e21,
        1e-7,
        123456789012345680000,
        2 ** 53,
        0.1 + 0.2,
        5e-324,
        1e15,
        999999999999999.9,
      ])
    case 1:
      return random.double()
    case 2:
      return random.next()
    default:
      return Math.round(random.next() * 1e6 - 5e5) / 10 ** random.integer(8)
  }
}

const INT64 = [
  2n ** 63n - 1n,
  -(2n ** 63n),
  0n,
  -1n,
  1n,
  2n ** 53n,
  -(2n ** 53n),
  2n ** 53n - 1n,
  2n ** 32n,
  -(2n ** 32n),
  2n ** 31n,
]
/** Seconds that JavaScript's dates can hold: the years -271821 to 275760. */
const MOST_SECONDS = 8_640_000_000_000

function randomTimestamp(random: Random, unit: 's' | 'ms' | 'us' | 'ns'): bigint {
  const per = { s: 1n, ms: 1_000n, us: 1_000_000n, ns: 1_000_000_000n }[unit]
  if (random.chance(0.2)) return BigInt(random.integer(2_000_001) - 1_000_000)
  const most = Math.min(MOST_SECONDS, Number((2n ** 63n - 2n) / per))
  const span = random.pick([2e9, 2e11, most])
  const seconds = BigInt(Math.trunc((random.next() * 2 - 1) * Math.min(span, most - 1)))
  const fraction = random.chance(0.5) ? 0n : BigInt(random.integer(Number(per)))
  return seconds * per + (random.chance(0.3) ? (fraction / 1000n) * 1000n : fraction)
}

type Sample = readonly [wire: WireType, make: (random: Random) => Value]

function integers(bits: 8 | 16 | 32, signed: boolean): Sample {
  const lowest = signed ? -(2 ** (bits - 1)) : 0
  const make = (random: Random) =>
    random.chance(0.1) ? random.pick([lowest, lowest + 2 ** bits - 1]) : lowest + random.integer(2 ** bits)
  return [{ kind: 'int', bits, signed }, make]
}

function decimals(precision: number, scale: number, quoted: boolean): Sample {
  return [{ kind: 'decimal', precision, scale, quoted }, (random) => randomDecimal(random, precision, scale)]
}

export const SAMPLES: Readonly<Record<string, Sample>> = {
  flag: [{ kind: 'bool' }, (random) => random.chance(0.5)],
  int8: integers(8, true),
  uint8: integers(8, false),
  int16: integers(16, true),
  uint16: integers(16, false),
  int32: integers(32, true),
  uint32: integers(32, false),
  int64: [{ kind: 'int', bits: 64, signed: true }, (random) => (random.chance(0.5) ? random.pick(INT64) : random.bits64())],
  uint64: [
    { kind: 'int', bits: 64, signed: false },
    (random) => BigInt.asUintN(64, random.chance(0.3) ? random.pick(INT64) : random.bits64()),
  ],
  float: [{ kind: 'float', bits: 32 }, (random) => Math.fround(randomDouble(random))],
  double: [{ kind: 'float', bits: 64 }, randomDouble],
  'text "quoted"\n🦆': [{ kind: 'utf8' }, randomText],
  json: [{ kind: 'json' }, (random) => JSON.stringify({ [randomText(random)]: [random.next(), null, randomText(random)] })],
  decimal: decimals(9, 2, false),
  fraction: decimals(4, 4, false),
  wide: decimals(38, 10, true),
  widest: decimals(38, 38, true),
  whole: decimals(18, 0, true),
  binary: [{ kind: 'binary' }, (random) => Uint8Array.from(random.list(random.integer(20), () => random.integer(256)))],
  date: [
    { kind: 'date' },
    (random) => (random.chance(0.5) ? random.integer(40_000) - 20_000 : random.integer(200_000_000) - 100_000_000),
  ],
  seconds: [{ kind: 'timestamp', unit: 's', utc: false }, (random) => randomTimestamp(random, 's')],
  milliseconds: [{ kind: 'timestamp', unit: 'ms', utc: true }, (random) => randomTimestamp(random, 'ms')],
  microseconds: [{ kind: 'timestamp', unit: 'us', utc: false }, (random) => randomTimestamp(random, 'us')],
  instant: [{ kind: 'timestamp', unit: 'us', utc: true }, (random) => randomTimestamp(random, 'us')],
  nanoseconds: [{ kind: 'timestamp', unit: 'ns', utc: false }, (random) => randomTimestamp(random, 'ns')],
}

/** All of the above; a fifth of the values of every other column is null. */
export function sampleColumns(random: Random, rows: number): Column[] {
  return Object.entries(SAMPLES).map(([name, [wire, make]], i) => ({
    name,
    wire,
    values: random.list(rows, () => (i % 2 === 0 && random.chance(0.2) ? null : make(random))),
  }))
}
