/** Integers and decimals: multiples of 10^-scale between two bounds. Floats: doubles, of which some are floats. */
import { type Place, plain, type Scalar } from './scalar.ts'

/** A JSON number, or its text where a double would not do. */
const NUMBER = /^(-?)(\d{1,100})(?:\.(\d{1,100}))?(?:[eE]([+-]?\d{1,3}))?$/

const LARGEST_FLOAT = 3.4028234663852886e38

interface Grid {
  /** SQL name of the type. */
  readonly type: string
  readonly scale: number
  /** In units of 10^-scale; null: none. */
  readonly min: bigint | null
  readonly max: bigint | null
  /** Values come as JSON strings too, for those that a double cannot hold. */
  readonly wide: boolean
}

export function integer(type: string, bits: number, signed: boolean): Scalar {
  const min = signed ? -(1n << BigInt(bits - 1)) : 0n
  const max = (1n << BigInt(signed ? bits - 1 : bits)) - 1n
  const scalar = grid({ type, scale: 0, min, max, wide: bits >= 64 })
  if (bits > 64) return scalar
  // The low eight bits; of a negative number in two's complement.
  const sql = (subject: string) => (signed ? `CAST(${subject} AS BIGINT) & 255` : `CAST(${subject} % 256 AS BIGINT)`)
  return { ...scalar, bucket: { of: (text) => Number(BigInt.asUintN(8, BigInt(text))), sql } }
}

export function unboundedInteger(type: string): Scalar {
  return grid({ type, scale: 0, min: null, max: null, wide: true })
}

export function decimal(width: number, scale: number): Scalar {
  const max = 10n ** BigInt(width) - 1n
  return grid({ type: `DECIMAL(${width}, ${scale})`, scale, min: -max, max, wide: width > 15 })
}

function grid(of: Grid): Scalar {
  const whole = of.scale === 0 ? 'a whole number' : 'a number'
  return plain(of.type, of.wide ? `${whole}, or its text where it has more than 15 digits` : 'a number', (value) => {
    if (typeof value === 'number') return Math.abs(value) > Number.MAX_SAFE_INTEGER && of.wide ? null : placeOn(of, String(value))
    return of.wide && typeof value === 'string' ? placeOn(of, value) : null
  })
}

function placeOn({ scale, min, max }: Grid, text: string): Place | null {
  const parts = NUMBER.exec(text)
  if (!parts) return null
  const [, sign, whole = '', fraction = '', exponent = '0'] = parts
  const shift = Number(exponent) - fraction.length + scale
  const digits = BigInt(`${sign}${whole}${fraction}`)
  const divisor = shift < 0 ? 10n ** BigInt(-shift) : 1n
  const units = shift < 0 ? digits / divisor : digits * 10n ** BigInt(shift)
  const exact = units * divisor === digits || shift >= 0
  // BigInt division goes towards zero; a place is never above the value.
  const floor = exact || digits > 0n ? units : units - 1n
  if (max !== null && floor > max) return 'ABOVE'
  if (min !== null && floor < min) return 'BELOW'
  return { at: withPoint(floor, scale), exact }
}

function withPoint(units: bigint, scale: number): string {
  if (scale === 0) return String(units)
  const digits = String(units < 0n ? -units : units).padStart(scale + 1, '0')
  return `${units < 0n ? '-' : ''}${digits.slice(0, -scale)}.${digits.slice(-scale)}`
}

export const DOUBLE: Scalar = plain('DOUBLE', 'a number', (value) =>
  typeof value === 'number' && Number.isFinite(value) ? { at: String(value), exact: true } : null,
)

/** A value means the float nearest to it: `0.1` is equal to the column's 0.1. */
export const FLOAT: Scalar = plain('FLOAT', 'a number', (value) => {
  if (typeof value !== 'number' || !Number.isFinite(value)) return null
  const float = Math.fround(value)
  if (Number.isFinite(float)) return { at: String(float), exact: true }
  return value > 0 ? { at: String(LARGEST_FLOAT), exact: false } : { at: '-Infinity', exact: false }
})
