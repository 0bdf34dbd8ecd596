import { type ByteWriter, CHAR, literal } from './bytes.ts'

export const NULL = literal('null')

/** The longest text that JavaScript gives a number. */
const NUMBER_BYTES = 25
/** A double of more decimals than these is left to JavaScript's own text: about 150 ns instead of 10 to 30. */
const MOST_DECIMALS = 9
/** Below this JavaScript turns to exponents. */
const SMALLEST_PLAIN = 1e-6
/** Up to this value, every whole number is a float. Above it, the shortest text of a float is not that of the double. */
const LARGEST_WHOLE_FLOAT = 2 ** 24

/** A whole number of magnitude below 2^53. */
export function writeInteger(out: ByteWriter, n: number): void {
  out.reserve(NUMBER_BYTES)
  if (n < 0) out.byte(CHAR.MINUS)
  out.length = putWhole(out.view, out.length, Math.abs(n))
}

/**
 * Prints doubles as JSON.stringify does: the shortest text that reads back the same; null for NaN and infinities. Most data has
 * few decimals, so the number of decimals that the last value needed is tried first: zeros at the end are omitted anyway.
 */
export class DoubleText {
  private decimals = 0

  /** The value at an index, not the value: a double that is handed to a function costs an allocation. */
  write(out: ByteWriter, values: Float64Array, index: number): void {
    const x = values[index]!
    const magnitude = Math.abs(x)
    out.reserve(NUMBER_BYTES)
    if (magnitude < EXACT_DIGITS && (magnitude >= SMALLEST_PLAIN || magnitude === 0)) {
      for (let decimals = this.decimals; decimals <= MOST_DECIMALS; decimals++) {
        const scale = POWERS_OF_TEN[decimals]!
        const scaled = Math.round(magnitude * scale)
        if (scaled >= EXACT_DIGITS) break
        if (scaled / scale !== magnitude) continue
        this.decimals = decimals
        if (x < 0) out.byte(CHAR.MINUS)
        out.length = putScaled(out.view, out.length, scaled, decimals)
        return
      }
    }
    writeSlowly(out, x)
  }
}

/**
 * Prints a 32-bit float as the shortest text that reads back as the same float: 0.1, where the double would be
 * 0.10000000149011612.
 */
export function writeFloat(out: ByteWriter, x: number): void {
  const magnitude = Math.abs(x)
  out.reserve(NUMBER_BYTES)
  if (magnitude <= LARGEST_WHOLE_FLOAT && (magnitude >= SMALLEST_PLAIN || magnitude === 0)) {
    for (let decimals = 0; decimals <= MOST_DECIMALS; decimals++) {
      const scale = POWERS_OF_TEN[decimals]!
      const scaled = Math.round(magnitude * scale)
      if (scaled >= EXACT_DIGITS) break
      if (Math.fround(scaled / scale) !== magnitude) continue
      if (x < 0) out.byte(CHAR.MINUS)
      out.length = putScaled(out.view, out.length, scaled, decimals)
      return
    }
  }
  writeSlowly(out, shortestFloat(x))
}

function shortestFloat(x: number): number {
  for (let digits = 1; digits < 9; digits++) {
    const candidate = Number(x.toPrecision(digits))
    if (Math.fround(candidate) === x) return candidate
  }
  return Number.isFinite(x) ? Number(x.toPrecision(9)) : x
}

function writeSlowly(out: ByteWriter, x: number): void {
  if (Number.isFinite(x)) out.length = putAscii(out.view, out.length, String(x))
  else out.literal(NULL)
}

/** The number of a pair of words, exact below 2^53. */
export function doubleFromWords(low: number, high: number): number {
  return high * 2 ** 32 + (low >>> 0)
}

/** A 64-bit integer as a JSON string, always: its column's type says so, never its value. */
export function writeInt64(out: ByteWriter, low: number, high: number, signed: boolean): void {
  out.reserve(NUMBER_BYTES)
  out.byte(CHAR.QUOTE)
  const n = doubleFromWords(low, signed ? high : high >>> 0)
  if (Math.abs(n) < 2 ** 53) writeInteger(out, n)
  else out.ascii(String((BigInt(signed ? high : high >>> 0) << 32n) | BigInt(low >>> 0)))
  out.byte(CHAR.QUOTE)
}

/**
 * The engine's text of a decimal. It leaves out the zero before the point where the type has no whole digits (`.50`), which
 * JSON wants.
 */
export function writeDecimal(out: ByteWriter, bytes: Uint8Array, from: number, to: number): void {
  let at = from
  if (bytes[at] === CHAR.MINUS) {
    out.byte(CHAR.MINUS)
    at++
  }
  if (bytes[at] === CHAR.POINT) out.byte(CHAR.ZERO)
  for (; at < to; at++) out.byte(bytes[at]!)
}

/*
 * Decimal digits of numbers, four at a time out of a table. The `put...` functions want room reserved and return the next
 * place.
 */

/** 10^0 .. 10^15, exact. */
export const POWERS_OF_TEN = Float64Array.from({ length: 16 }, (_, i) => 10 ** i)

/** Below this every decimal of as many digits is another double, so that digits and double stand for each other. */
export const EXACT_DIGITS = 1e15

/** Returns the factor that extends a fraction of `digits` digits, 0..8, to 8 digits. */
export function paddingOf(digits: number): number {
  return 10 ** (8 - digits)
}

/** The four ASCII digits of 0..9999, the first in the lowest byte: one little-endian store writes them. */
const QUADS = Uint32Array.from({ length: 10_000 }, (_, n) => {
  const digit = (power: number) => CHAR.ZERO + (Math.floor(n / power) % 10)
  return digit(1000) | (digit(100) << 8) | (digit(10) << 16) | (digit(1) << 24)
})

/** The number of zeros at the end of 0..9999 as four digits. */
const ZEROS = Uint8Array.from({ length: 10_000 }, (_, n) =>
  n === 0 ? 4 : n % 1000 === 0 ? 3 : n % 100 === 0 ? 2 : n % 10 === 0 ? 1 : 0,
)

export function putQuad(view: DataView, at: number, n: number): number {
  view.setUint32(at, QUADS[n]!, true)
  return at + 4
}

/** The lowest two of four digits: 00..99. */
export function putPair(view: DataView, at: number, n: number): number {
  view.setUint16(at, QUADS[n]! >>> 16, true)
  return at + 2
}

/** The lowest three: 000..999. */
export function putTriple(view: DataView, at: number, n: number): number {
  view.setUint32(at, QUADS[n]! >>> 8, true)
  return at + 3
}

/** 0..9999 without leading zeros. */
function putLead(view: DataView, at: number, n: number): number {
  const zeros = n < 10 ? 3 : n < 100 ? 2 : n < 1000 ? 1 : 0
  view.setUint32(at, QUADS[n]! >>> (8 * zeros), true)
  return at + 4 - zeros
}

/** A whole number, 0 <= n < 2^53. At most 16 bytes. */
export function putWhole(view: DataView, at: number, n: number): number {
  if (n < 1e4) return putLead(view, at, n)
  const high = Math.floor(n / 1e4)
  return putQuad(view, putWhole(view, at, high), n - 1e4 * high)
}

/** The point and `digits` digits of 0 <= fraction < 10^digits without the trailing zeros; nothing for 0. At most 17 bytes. */
function putFraction(view: DataView, at: number, fraction: number, digits: number): number {
  if (fraction === 0) return at
  view.setUint8(at++, CHAR.POINT)
  let rest = fraction
  let left = digits
  while (left > 4) {
    left -= 4
    const unit = POWERS_OF_TEN[left]!
    const group = Math.floor(rest / unit)
    at = putQuad(view, at, group)
    rest -= group * unit
  }
  at = putQuad(view, at, rest * POWERS_OF_TEN[4 - left]!)
  while (view.getUint8(at - 1) === CHAR.ZERO) at--
  return at
}

/** 0 <= scaled < 10^15 divided by 10^digits, in shortest form. At most 18 bytes. */
export function putScaled(view: DataView, at: number, scaled: number, digits: number): number {
  const scale = POWERS_OF_TEN[digits]!
  const whole = Math.floor(scaled / scale)
  return putFraction(view, putWhole(view, at, whole), scaled - whole * scale, digits)
}

/**
 * Writes `scaled`, a 32-bit integer, divided by `scale` = 10^digits, digits <= 8, in shortest form. `padding` is
 * `paddingOf(digits)`: it makes a fraction two groups of four digits. A table counts their zeros at the end; to search the
 * written text took 3 ns. At most 20 bytes.
 */
export function putFixed8(view: DataView, at: number, scaled: number, scale: number, padding: number): number {
  let magnitude = scaled
  if (scaled < 0) {
    view.setUint8(at++, CHAR.MINUS)
    magnitude = -scaled | 0
  }
  const whole = (magnitude / scale) | 0
  at = whole < 1e4 ? putLead(view, at, whole) : putWhole(view, at, whole)
  const fraction = Math.imul(magnitude - Math.imul(whole, scale), padding)
  if (fraction === 0) return at
  view.setUint8(at, CHAR.POINT)
  const high = (fraction / 1e4) | 0
  const low = fraction - Math.imul(1e4, high)
  putQuad(view, at + 1, high)
  if (low === 0) return at + 5 - ZEROS[high]!
  putQuad(view, at + 5, low)
  return at + 9 - ZEROS[low]!
}

/** The last four digits of a number are printed by themselves. */
export const LAST_FOUR = 1e4

/**
 * Prints numbers of one axis as `putFixed8` does. Neighbouring positions mostly differ in the last four digits only: then it
 * copies the text before them, at most a sign, six digits and the point, from a number before. That takes 11 ns instead of 14.
 * A number with other digits takes 4 ns more, so it is not for positions far from each other.
 */
export class AxisText {
  /** The number to copy from, with its last four digits as zeros. */
  private base = 0
  /** 1 or -1, as that number; 0 if there is none. */
  private sign = 0
  /** The place of that number, and the length of its text before the last four digits. */
  private place = 0
  private length = 0

  /** Forgets the numbers before. Call it before their text may change. */
  begin(): void {
    this.sign = 0
  }

  /**
   * `scaled` is less than 2^31 - 10^4 from 0, `scale` is 10^4 or more. `scale` and `padding` are the same for all numbers.
   */
  put(view: DataView, at: number, scaled: number, scale: number, padding: number): number {
    const last = Math.imul(this.sign, (scaled - this.base) | 0)
    // Zeros at the end are omitted, and also those before four zeros.
    if (last <= 0 || last >= LAST_FOUR) return this.putOther(view, at, scaled, scale, padding)
    view.setInt32(at, view.getInt32(this.place, true), true)
    view.setInt32(at + 4, view.getInt32(this.place + 4, true), true)
    const end = at + this.length
    putQuad(view, end, last)
    return end + 4 - ZEROS[last]!
  }

  private putOther(view: DataView, at: number, scaled: number, scale: number, padding: number): number {
    const end = putFixed8(view, at, scaled, scale, padding)
    const base = Math.imul((scaled / LAST_FOUR) | 0, LAST_FOUR)
    if (scaled === base) return end
    this.base = base
    this.sign = scaled < 0 ? -1 : 1
    this.place = at
    this.length = end - at - 4 + ZEROS[Math.abs(scaled - base)]!
    return end
  }
}

/** Text that holds ASCII only. */
export function putAscii(view: DataView, at: number, text: string): number {
  for (let i = 0; i < text.length; i++) view.setUint8(at++, text.charCodeAt(i))
  return at
}
