/** The expected output of the encoders, computed slowly with JavaScript objects. */
import type { WireType } from '../../../src/encode/batch.ts'
import type { Column, Value } from '../../support/results/columns.ts'

const MILLISECONDS_A_DAY = 86_400_000
const DIGITS = { s: 0, ms: 3, us: 6, ns: 9 }

/** The JSON value of a column's value. */
export function plainValue(wire: WireType, value: Value): unknown {
  if (value === null) return null
  switch (wire.kind) {
    case 'bool':
    case 'utf8':
      return value
    case 'int':
      return wire.bits === 64 ? String(value) : value
    case 'float':
      return plainFloat(value as number, wire.bits)
    case 'json':
      return JSON.parse(value as string)
    case 'decimal':
      return wire.quoted ? withZero(value as string) : Number(value)
    case 'binary':
    case 'wkb':
      return Buffer.from(value as Uint8Array).toString('base64')
    case 'date':
      return new Date((value as number) * MILLISECONDS_A_DAY).toISOString().split('T')[0]
    case 'timestamp':
      return plainTimestamp(value as bigint, DIGITS[wire.unit]) + (wire.utc ? 'Z' : '')
  }
}

function withZero(text: string): string {
  return text.replace(/^(-?)\./, '$10.')
}

/** The number of fewest digits that is the same float. */
function plainFloat(value: number, bits: 32 | 64): number | null {
  if (!Number.isFinite(value)) return null
  for (let digits = 1; bits === 32; digits++) {
    const candidate = Number(value.toPrecision(digits))
    if (Math.fround(candidate) === value) return candidate + 0
  }
  return value + 0
}

function plainTimestamp(value: bigint, digits: number): string {
  const per = 10n ** BigInt(digits)
  const fraction = ((value % per) + per) % per
  const [seconds] = new Date(Number((value - fraction) / per) * 1000).toISOString().split('.')
  let text = String(fraction).padStart(digits, '0')
  while (text.endsWith('000')) text = text.slice(0, -3)
  if (digits === 0) text = ''
  return text === '' ? seconds! : `${seconds}.${text}`
}

/** The properties of one row. */
export function plainProperties(columns: readonly Column[], row: number): Record<string, unknown> {
  return Object.fromEntries(columns.map(({ name, wire, values }) => [name, plainValue(wire, values[row]!)]))
}
