import { type ByteWriter, CHAR, literal } from './bytes.ts'
import { EXACT_DIGITS, POWERS_OF_TEN, putAscii, putScaled, putWhole } from './digits.ts'

export const NULL = literal('null')

/** The longest text that JavaScript gives a number. */
const NUMBER_BYTES = 25
/** A double of more decimals than these is left to JavaScript's own text: about 150 ns instead of 10 to 30. */
const MOST_DECIMALS = 9
/** Below this JavaScript turns to exponents. */
const SMALLEST_PLAIN = 1e-6
/** Up to here every whole number is a float; above, its shortest text is not that of the double. */
const LARGEST_WHOLE_FLOAT = 2 ** 24

/** A whole number of magnitude below 2^53. */
export function writeInteger(out: ByteWriter, n: number): void {
  out.reserve(NUMBER_BYTES)
  if (n < 0) out.byte(CHAR.MINUS)
  out.length = putWhole(out.view, out.length, Math.abs(n))
}

/**
 * Prints doubles as JSON.stringify does: the shortest text that reads back the same; null for NaN and infinities. Most data has few
 * decimals, so the number of decimals that the last value needed is tried first: zeros behind are left out anyway.
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

/** Prints a 32-bit float as the shortest text that reads back as the same float: 0.1, where the double would be 0.10000000149011612. */
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
export function fromWords(low: number, high: number): number {
  return high * 2 ** 32 + (low >>> 0)
}

/** A 64-bit integer as a JSON string, always: its column's type says so, never its value. */
export function writeInt64(out: ByteWriter, low: number, high: number, signed: boolean): void {
  out.reserve(NUMBER_BYTES)
  out.byte(CHAR.QUOTE)
  const n = fromWords(low, signed ? high : high >>> 0)
  if (Math.abs(n) < 2 ** 53) writeInteger(out, n)
  else out.ascii(String((BigInt(signed ? high : high >>> 0) << 32n) | BigInt(low >>> 0)))
  out.byte(CHAR.QUOTE)
}

/**
 * The engine's text of a decimal. It leaves out the zero before the point where the type has no whole digits (`.50`), which JSON
 * wants.
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
