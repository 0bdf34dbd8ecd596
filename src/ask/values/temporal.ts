/** Reads dates, times and moments in ISO 8601 from a client. */
import {
  type CalendarDate,
  type ClockTime,
  dateText,
  daysSinceEpoch,
  MIDNIGHT,
  nanosOfDay,
  offsetSeconds,
  readDate,
  readTime,
} from './calendar.ts'
import { type Comparand, exactComparand, type ValueKind } from './value-kind.ts'

const NANOS_OF_DAY = 86_400_000_000_000n

/** The first and last finite value in nanoseconds since 1970, for types with microseconds and with nanoseconds. */
const MICROSECOND_RANGE = [-9_223_372_022_400_000_000_000n, 9_223_372_036_854_775_806_999n] as const
const NANOSECOND_RANGE = [-9_223_286_400_000_000_000n, 9_223_372_036_854_775_806n] as const
/** Days since 1970. */
const DATE_RANGE = [-2_147_483_646, 2_147_483_646] as const

/**
 * Stored values may be infinite. A client's date before all finite dates is still after -infinity, and one after them is before
 * infinity.
 */
const BEFORE_ALL: Comparand = { at: '-infinity', exact: false }
const afterAll = (last: string): Comparand => ({ at: last, exact: false })
/** The last finite timestamp, by the number of digits of the fraction. */
const LAST: Readonly<Record<number, string>> = {
  0: '294247-01-10 04:00:54',
  3: '294247-01-10 04:00:54.775',
  6: '294247-01-10 04:00:54.775806',
  9: '2262-04-11 23:47:16.854775806',
}

export const DATE: ValueKind = { takes: 'a string, a date like 2026-05-31', place: placeOfDate }

function placeOfDate(value: unknown): Comparand | null {
  const date = typeof value === 'string' ? readDate(value) : null
  if (date?.rest !== '') return null
  const days = daysSinceEpoch(date)
  return days < DATE_RANGE[0] ? BEFORE_ALL : days > DATE_RANGE[1] ? afterAll('5881580-07-10') : exactComparand(dateText(date))
}

/** Reads a local time without a zone. `digits` of the fraction are kept. */
export function timestamp(digits: number): ValueKind {
  return {
    takes: 'a string, a time like 2026-05-31T12:00:00, without offset',
    place: (value) => {
      const moment = typeof value === 'string' ? readMoment(value, digits) : null
      if (moment?.time.rest !== '') return null
      const { date, time } = moment
      return inRange(nanos(moment), digits, { at: `${dateText(date)} ${time.text}`, exact: time.exact }, LAST[digits]!)
    },
  }
}

/** Its text form is microseconds since 1970, because other forms of a moment depend on a time zone. */
export const MOMENT: ValueKind = {
  takes: 'a string, a moment like 2026-05-31T12:00:00Z',
  place: (value) => {
    const moment = typeof value === 'string' ? readMoment(value, 6) : null
    const offset = moment && offsetSeconds(moment.time.rest)
    if (!moment || offset === null) return null
    const utc = nanos(moment) - BigInt(offset) * 1_000_000_000n
    return inRange(utc, 6, { at: String(utc / 1_000n), exact: moment.time.exact }, '9223372036854775806')
  },
}

export function time(digits: number, withOffset: boolean): ValueKind {
  return {
    takes: withOffset ? 'a string, a time like 12:00:00+02:00' : 'a string, a time like 12:00:00',
    place: (value) => {
      const read = typeof value === 'string' ? readTime(value, digits) : null
      if (!read || (withOffset ? offsetSeconds(read.rest) === null : read.rest !== '')) return null
      return { at: `${read.text}${read.rest === 'Z' ? '+00' : read.rest}`, exact: read.exact }
    },
  }
}

interface Moment {
  readonly date: CalendarDate
  readonly time: ClockTime
}

/** A date without a time is its midnight. */
function readMoment(value: string, digits: number): Moment | null {
  const date = readDate(value)
  if (!date) return null
  const time = date.rest === '' ? MIDNIGHT : /^[Tt ]/.test(date.rest) ? readTime(date.rest.slice(1), digits) : null
  return time && !time.text.startsWith('24') ? { date, time } : null
}

function nanos({ date, time }: Moment): bigint {
  return BigInt(daysSinceEpoch(date)) * NANOS_OF_DAY + nanosOfDay(time)
}

/** `last`: the text of the last finite value. */
function inRange(count: bigint, digits: number, place: Comparand, last: string): Comparand {
  const [first, end] = digits === 9 ? NANOSECOND_RANGE : MICROSECOND_RANGE
  return count < first ? BEFORE_ALL : count > end ? afterAll(last) : place
}

const PART = String.raw`(?:([+-]?\d{1,9})X)?`
const ISO_DURATION = new RegExp(
  `^P${['Y', 'M', 'W', 'D'].map(part).join('')}(?:T${['H', 'M'].map(part).join('')}(?:([+-]?)(\\d{1,9})(?:\\.(\\d{1,6}))?S)?)?$`,
)

function part(unit: string): string {
  return PART.replace('X', unit)
}

/** It is compared with months of 30 days and days of 24 hours. */
export const INTERVAL: ValueKind = {
  takes: 'a string, an ISO 8601 duration like P1Y2M3DT4H5M6.5S',
  place: readDuration,
}

function readDuration(value: unknown): Comparand | null {
  const parts = typeof value === 'string' ? ISO_DURATION.exec(value) : null
  if (!parts || /[PT]$/.test(parts[0])) return null
  const [, years, months, weeks, days, hours, minutes, sign = '', seconds = '0', fraction = ''] = parts
  const micros =
    (BigInt(hours ?? 0) * 3_600n + BigInt(minutes ?? 0) * 60n) * 1_000_000n +
    BigInt(sign === '-' ? -1 : 1) * (BigInt(seconds) * 1_000_000n + BigInt(fraction.padEnd(6, '0')))
  const wholeMonths = BigInt(years ?? 0) * 12n + BigInt(months ?? 0)
  const wholeDays = BigInt(weeks ?? 0) * 7n + BigInt(days ?? 0)
  const fits = [wholeMonths, wholeDays].every((count) => BigInt.asIntN(32, count) === count)
  return fits ? exactComparand(`${wholeMonths} months ${wholeDays} days ${micros} microseconds`) : null
}
