/** Dates and times of the proleptic Gregorian calendar from counts since 1970-01-01, as ISO 8601. */
import { type ByteWriter, CHAR } from './bytes.ts'
import { doubleFromWords, NULL, putPair, putQuad, putTriple, putWhole } from './number.ts'

/** `±YYYYYYY-MM-DDTHH:MM:SS.fffffffffZ` in quotes. */
const LONGEST = 40
const DAY = 86_400
/** 0000-03-01 in days: years that begin in March have their leap day last. */
const MARCH_OF_YEAR_0 = -719_468
const ERA_DAYS = 146_097
/** The engine's `infinity` and `-infinity` as dates. */
const INFINITE_DAYS = 2 ** 31 - 1

export const PER_SECOND = { s: 1, ms: 1e3, us: 1e6, ns: 1e9 } as const

/** A quoted date; null for the engine's infinities. */
export function writeDate(out: ByteWriter, days: number): void {
  if (Math.abs(days) === INFINITE_DAYS) {
    out.literal(NULL)
    return
  }
  out.reserve(LONGEST)
  out.byte(CHAR.QUOTE)
  out.length = putDate(out.view, out.length, days)
  out.byte(CHAR.QUOTE)
}

/**
 * A quoted date and time; null for the engine's infinities, which are the largest 64-bit integer and its negative. The fraction
 * has 3, 6 or 9 digits, as many as it needs, and is omitted if it is 0. An instant (`utc`) ends with `Z`.
 */
export function writeTimestamp(out: ByteWriter, low: number, high: number, perSecond: number, utc: boolean): void {
  if ((high === 0x7fffffff && low === -1) || (high === -0x80000000 && low === 1)) {
    out.literal(NULL)
    return
  }
  const count = doubleFromWords(low, high)
  let seconds = Math.floor(count / perSecond)
  let fraction = count - seconds * perSecond
  if (Math.abs(count) >= 2 ** 53) [seconds, fraction] = splitExactly(low, high, perSecond)
  out.reserve(LONGEST)
  out.byte(CHAR.QUOTE)
  const days = Math.floor(seconds / DAY)
  out.length = putDate(out.view, out.length, days)
  out.byte(CHAR.T)
  out.length = putTime(out.view, out.length, (seconds - days * DAY) | 0)
  if (fraction !== 0) out.length = putNanoseconds(out.view, out.length, fraction * (1e9 / perSecond))
  if (utc) out.byte(CHAR.Z)
  out.byte(CHAR.QUOTE)
}

/** Nanoseconds of our time are beyond 2^53. */
function splitExactly(low: number, high: number, perSecond: number): [seconds: number, fraction: number] {
  const count = (BigInt(high) << 32n) | BigInt(low >>> 0)
  const per = BigInt(perSecond)
  const fraction = ((count % per) + per) % per
  return [Number((count - fraction) / per), Number(fraction)]
}

/**
 * Days to year, month and day by arithmetic on 400-year eras that begin in March. `| 0` where nothing is negative: an integer
 * division by a constant costs a tenth of Math.floor's.
 */
function putDate(view: DataView, at: number, days: number): number {
  const shifted = days - MARCH_OF_YEAR_0
  const era = Math.floor(shifted / ERA_DAYS)
  const ofEra = (shifted - era * ERA_DAYS) | 0
  const leapDays = ((ofEra / 1460) | 0) - ((ofEra / 36_524) | 0) + ((ofEra / 146_096) | 0)
  const yearOfEra = ((ofEra - leapDays) / 365) | 0
  const ofYear = (ofEra - (365 * yearOfEra + (yearOfEra >> 2) - ((yearOfEra / 100) | 0))) | 0
  const fromMarch = ((5 * ofYear + 2) / 153) | 0
  const day = (ofYear - (((153 * fromMarch + 2) / 5) | 0) + 1) | 0
  const month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9
  at = putYear(view, at, yearOfEra + 400 * era + (month <= 2 ? 1 : 0))
  view.setUint8(at++, CHAR.MINUS)
  at = putPair(view, at, month)
  view.setUint8(at++, CHAR.MINUS)
  return putPair(view, at, day)
}

/**
 * Four digits, or a sign and at least six outside 0000..9999: ISO 8601's expanded years as JavaScript writes them. Year 0 is 1
 * BC.
 */
function putYear(view: DataView, at: number, year: number): number {
  if (year >= 0 && year <= 9999) return putQuad(view, at, year)
  view.setUint8(at++, year < 0 ? CHAR.MINUS : CHAR.PLUS)
  const magnitude = Math.abs(year)
  if (magnitude > 999_999) return putWhole(view, at, magnitude)
  at = putPair(view, at, Math.floor(magnitude / 1e4))
  return putQuad(view, at, magnitude % 1e4)
}

function putTime(view: DataView, at: number, seconds: number): number {
  const minutes = (seconds / 60) | 0
  const hours = (minutes / 60) | 0
  at = putPair(view, at, hours)
  view.setUint8(at++, CHAR.COLON)
  at = putPair(view, at, minutes - 60 * hours)
  view.setUint8(at++, CHAR.COLON)
  return putPair(view, at, seconds - 60 * minutes)
}

function putNanoseconds(view: DataView, at: number, nanoseconds: number): number {
  view.setUint8(at++, CHAR.POINT)
  const millis = Math.floor(nanoseconds / 1e6)
  const micros = Math.floor(nanoseconds / 1e3) - millis * 1e3
  const nanos = nanoseconds - millis * 1e6 - micros * 1e3
  at = putTriple(view, at, millis)
  if (micros !== 0 || nanos !== 0) at = putTriple(view, at, micros)
  return nanos === 0 ? at : putTriple(view, at, nanos)
}
