/** Reads integers and decimals, which are multiples of 10^-scale between two bounds, and floats. */
import type { Comparand, ValueKind } from './value-kind.ts'

/** More digits than any bounded type has: UHUGEINT 39, DECIMAL 38. */
const MOST_DIGITS = 40

/** Maximum digits of an integer of any size: 10,000 times 1e999 would be 10 MB of text. */
const LONGEST_UNBOUNDED = 200

/** A JSON number, or its text if a double cannot represent it. */
const NUMBER = /^(-?)(\d{1,100})(?:\.(\d{1,100}))?(?:[eE]([+-]?\d{1,3}))?$/

const LARGEST_FLOAT = 3.4028234663852886e38

interface Grid {
  readonly scale: number
  /** In units of 10^-scale. Null: unbounded. */
  readonly min: bigint | null
  readonly max: bigint | null
  /** True if values may also be JSON strings, for values that a double cannot represent. */
  readonly wide: boolean
}

/** `bits` is null for integers of any size. */
export function integer(bits: number | null, signed: boolean): ValueKind {
  if (bits === null) return grid({ scale: 0, min: null, max: null, wide: true })
  const min = signed ? -(1n << BigInt(bits - 1)) : 0n
  const max = (1n << BigInt(signed ? bits - 1 : bits)) - 1n
  return grid({ scale: 0, min, max, wide: bits >= 64 })
}

export function decimal(precision: number, scale: number): ValueKind {
  const max = 10n ** BigInt(precision) - 1n
  return grid({ scale, min: -max, max, wide: precision > 15 })
}

function grid(of: Grid): ValueKind {
  const whole = of.scale === 0 ? 'a whole number' : 'a number'
  return {
    takes: of.wide ? `${whole}, or its text where it has more than 15 digits` : 'a number',
    place: (value) => {
      if (typeof value === 'number')
        return Math.abs(value) > Number.MAX_SAFE_INTEGER && of.wide ? null : placeOn(of, String(value))
      return of.wide && typeof value === 'string' ? placeOn(of, value) : null
    },
  }
}

/** Compares digits: to compute 10^999 and its text takes 15 µs each. */
function placeOn({ scale, min, max }: Grid, text: string): Comparand | null {
  const parts = NUMBER.exec(text)
  if (!parts) return null
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = parts
  const digits = `${whole}${fraction}`.replace(/^0+/, '')
  const shift = Number(exponent) - fraction.length + scale
  const isNegative = sign === '-' && digits !== ''
  const length = digits === '' ? 0 : digits.length + shift
  if (max !== null && length > MOST_DIGITS) return isNegative ? 'BELOW' : 'ABOVE'
  if (length > LONGEST_UNBOUNDED) return null
  const units = length <= 0 ? '0' : shift >= 0 ? digits + '0'.repeat(shift) : digits.slice(0, length)
  const exact = shift >= 0 || !/[1-9]/.test(digits.slice(Math.max(0, length)))
  // The comparand is never above the value.
  const floor = isNegative ? (exact ? `-${units}` : String(-BigInt(units) - 1n)) : units
  if (max !== null && BigInt(floor) > max) return 'ABOVE'
  if (min !== null && BigInt(floor) < min) return 'BELOW'
  return { at: withPoint(floor, scale), exact }
}

function withPoint(units: string, scale: number): string {
  if (scale === 0) return units
  const [sign, whole] = units.startsWith('-') ? ['-', units.slice(1)] : ['', units]
  const digits = whole.padStart(scale + 1, '0')
  return `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`
}

export const DOUBLE: ValueKind = {
  takes: 'a number',
  place: (value) => (typeof value === 'number' && Number.isFinite(value) ? { at: String(value), exact: true } : null),
}

/** A value means the nearest float: `0.1` is equal to the column's 0.1. */
export const FLOAT: ValueKind = { takes: 'a number', place: nearestFloat }

function nearestFloat(value: unknown): Comparand | null {
  if (typeof value !== 'number' || !Number.isFinite(value)) return null
  const float = Math.fround(value)
  if (Number.isFinite(float)) return { at: String(float), exact: true }
  return value > 0 ? { at: String(LARGEST_FLOAT), exact: false } : { at: '-Infinity', exact: false }
}
