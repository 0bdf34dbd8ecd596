/** Dates, times and moments: ISO 8601 from a client, DuckDB's own text to the engine. */
import { type Place, plain, type Scalar } from './scalar.ts'

const DATE_FORM = /^([+-]\d{6}|\d{4})-(\d\d)-(\d\d)/
const TIME_FORM = /^(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,20}))?)?/
const OFFSET_FORM = /^(?:Z|[+-](\d\d)(?::(\d\d))?)$/

/** Years that every day of is in the type's range. Beyond them, values lie outside it. */
interface Years {
  readonly from: number
  readonly to: number
}
const DATE_YEARS: Years = { from: -999_999, to: 999_999 }
const MICROSECOND_YEARS: Years = { from: -290_306, to: 294_246 }
const NANOSECOND_YEARS: Years = { from: 1678, to: 2261 }
const JAVASCRIPT_YEARS: Years = { from: -271_820, to: 275_759 }

export const DATE: Scalar = plain('DATE', 'a string, a date like 2026-05-31', (value) => {
  if (typeof value !== 'string') return null
  const date = readDate(value)
  return date && date.rest === '' ? placeOfDate(date, DATE_YEARS, '', true) : null
})

/** `digits` of a second's fraction. The time that some clock showed, nobody says where. */
export function timestamp(type: string, digits: number): Scalar {
  const years = digits === 9 ? NANOSECOND_YEARS : MICROSECOND_YEARS
  return plain(type, 'a string, a time like 2026-05-31T12:00:00, without offset', (value) => {
    const moment = typeof value === 'string' ? readMoment(value, digits) : null
    if (moment?.time.rest !== '') return null
    return placeOfDate(moment.date, years, ` ${moment.time.text}`, moment.time.exact)
  })
}

/**
 * As microseconds since 1970: DuckDB's text of a moment depends on the session's time zone, and in far years its microseconds are lost.
 */
export const TIMESTAMP_TZ: Scalar = {
  takes: 'a string, a moment like 2026-05-31T12:00:00Z',
  place: (value) => {
    const moment = typeof value === 'string' ? readMoment(value, 6) : null
    const offset = moment && offsetMinutes(moment.time.rest)
    if (!moment || offset === null) return null
    const { year } = moment.date
    if (year < JAVASCRIPT_YEARS.from) return 'BELOW'
    if (year > JAVASCRIPT_YEARS.to) return 'ABOVE'
    return { at: String(microseconds(moment) - BigInt(offset) * 60_000_000n), exact: moment.time.exact }
  },
  subject: (column) => column,
  text: (subject) =>
    `CASE WHEN isfinite(${subject}) THEN CAST(epoch_us(${subject}) AS VARCHAR) ELSE CAST(${subject} AS VARCHAR) END`,
  cast: (text) =>
    `CASE WHEN ends_with(${text}, 'infinity') THEN CAST(${text} AS TIMESTAMP WITH TIME ZONE)` +
    ` ELSE make_timestamptz(TRY_CAST(${text} AS BIGINT)) END`,
}

export function time(type: string, digits: number, withOffset: boolean): Scalar {
  const takes = withOffset ? 'a string, a time like 12:00:00+02:00' : 'a string, a time like 12:00:00'
  return plain(type, takes, (value) => {
    const read = typeof value === 'string' ? readTime(value, digits) : null
    if (!read || (withOffset ? offsetMinutes(read.rest) === null : read.rest !== '')) return null
    return { at: `${read.text}${read.rest === 'Z' ? '+00' : read.rest}`, exact: read.exact }
  })
}

interface Moment {
  readonly date: CalendarDate
  readonly time: ClockTime
}

/** A date alone is its midnight. */
function readMoment(value: string, digits: number): Moment | null {
  const date = readDate(value)
  if (!date) return null
  const time = date.rest === '' ? MIDNIGHT : /^[Tt ]/.test(date.rest) ? readTime(date.rest.slice(1), digits) : null
  return time && !time.text.startsWith('24') ? { date, time } : null
}

function microseconds({ date, time }: Moment): bigint {
  const [month = 1, day = 1] = date.monthAndDay.split('-').map(Number)
  const [hours = 0, minutes = 0, seconds = 0] = time.text.split(/[:.]/, 3).map(Number)
  const millis = new Date(0).setUTCFullYear(date.year, month - 1, day) + ((hours * 60 + minutes) * 60 + seconds) * 1_000
  return BigInt(millis) * 1_000n + BigInt((time.text.split('.')[1] ?? '').padEnd(6, '0'))
}

const MIDNIGHT: ClockTime = { text: '00:00:00', exact: true, rest: '' }

function placeOfDate({ year, monthAndDay }: CalendarDate, years: Years, rest: string, exact: boolean): Place {
  if (year < years.from) return 'BELOW'
  if (year > years.to) return 'ABOVE'
  const [shown, era] = year > 0 ? [year, ''] : [1 - year, ' (BC)']
  return { at: `${String(shown).padStart(4, '0')}-${monthAndDay}${era}${rest}`, exact }
}

interface CalendarDate {
  /** Astronomical: 0 is 1 BC. */
  readonly year: number
  readonly monthAndDay: string
  readonly rest: string
}

function readDate(value: string): CalendarDate | null {
  const [all, year = '', month = '', day = ''] = DATE_FORM.exec(value) ?? []
  if (all === undefined || year === '-000000') return null
  if (Number(month) < 1 || Number(month) > 12 || Number(day) < 1 || Number(day) > daysOf(Number(year), Number(month))) return null
  return { year: Number(year), monthAndDay: `${month}-${day}`, rest: value.slice(all.length) }
}

function daysOf(year: number, month: number): number {
  if (month !== 2) return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28
}

interface ClockTime {
  readonly text: string
  /** No digit of the fraction was left out. */
  readonly exact: boolean
  readonly rest: string
}

/** 24:00:00 is the end of a day. */
function readTime(value: string, digits: number): ClockTime | null {
  const [all, hour = '', minute = '', second = '00', fraction = ''] = TIME_FORM.exec(value) ?? []
  if (all === undefined) return null
  if (Number(hour) > 24 || Number(minute) > 59 || Number(second) > 59) return null
  if (hour === '24' && /[1-9]/.test(`${minute}${second}${fraction}`)) return null
  const kept = fraction.slice(0, digits)
  const exact = !/[1-9]/.test(fraction.slice(digits))
  return { text: `${hour}:${minute}:${second}${kept === '' ? '' : `.${kept}`}`, exact, rest: value.slice(all.length) }
}

/** Null: it is none. */
function offsetMinutes(text: string): number | null {
  const [all, hours = '0', minutes = '0'] = OFFSET_FORM.exec(text) ?? []
  if (all === undefined || Number(hours) > 15 || Number(minutes) > 59) return null
  return (text.startsWith('-') ? -1 : 1) * (Number(hours) * 60 + Number(minutes))
}
