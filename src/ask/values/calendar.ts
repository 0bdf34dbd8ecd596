/** Reads ISO 8601 dates and times of day strictly. */

const DATE_FORM = /^([+-]\d{6,7}|\d{4})-(\d\d)-(\d\d)/
const TIME_FORM = /^(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,20}))?)?/
const OFFSET_FORM = /^(?:Z|[+-](\d\d)(?::(\d\d)(?::(\d\d))?)?)$/

export interface CalendarDate {
  /** The astronomical year: 0 is 1 BC. */
  readonly year: number
  readonly month: number
  readonly day: number
  /** The rest of the text. */
  readonly rest: string
}

export interface ClockTime {
  /** `HH:MM:SS` and the kept digits of the fraction. */
  readonly text: string
  /** True if only zeros were dropped. */
  readonly exact: boolean
  readonly rest: string
}

export const MIDNIGHT: ClockTime = { text: '00:00:00', exact: true, rest: '' }

export function readDate(text: string): CalendarDate | null {
  const [all, years = '', months = '', days = ''] = DATE_FORM.exec(text) ?? []
  if (all === undefined || /^-0+$/.test(years)) return null
  const [year, month, day] = [Number(years), Number(months), Number(days)]
  if (month < 1 || month > 12 || day < 1 || day > daysOfMonth(year, month)) return null
  return { year, month, day, rest: text.slice(all.length) }
}

/** `digits` of the fraction are kept. 24:00:00 is the end of a day. */
export function readTime(text: string, digits: number): ClockTime | null {
  const [all, hour = '', minute = '', second = '00', fraction = ''] = TIME_FORM.exec(text) ?? []
  if (all === undefined) return null
  if (Number(hour) > 24 || Number(minute) > 59 || Number(second) > 59) return null
  if (hour === '24' && /[1-9]/.test(`${minute}${second}${fraction}`)) return null
  const kept = fraction.slice(0, digits)
  const exact = !/[1-9]/.test(fraction.slice(digits))
  return { text: `${hour}:${minute}:${second}${kept === '' ? '' : `.${kept}`}`, exact, rest: text.slice(all.length) }
}

/** Null if the text is no offset. The engine knows offsets up to 15:59:59. */
export function offsetSeconds(text: string): number | null {
  const [all, hours = '0', minutes = '0', seconds = '0'] = OFFSET_FORM.exec(text) ?? []
  if (all === undefined || Number(hours) > 15 || Number(minutes) > 59 || Number(seconds) > 59) return null
  return (text.startsWith('-') ? -1 : 1) * (Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds))
}

/**
 * Days since 1970-01-01 of the proleptic Gregorian calendar (http://howardhinnant.github.io/date_algorithms.html).
 */
export function daysSinceEpoch({ year, month, day }: CalendarDate): number {
  const fromMarch = month > 2 ? month - 3 : month + 9
  const marchYear = month > 2 ? year : year - 1
  const era = Math.floor(marchYear / 400)
  const yearOfEra = marchYear - era * 400
  const dayOfYear = Math.floor((153 * fromMarch + 2) / 5) + day - 1
  return era * 146_097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - 719_468
}

/** Nanoseconds since midnight. */
export function nanosOfDay({ text }: ClockTime): bigint {
  const [hours = 0, minutes = 0, seconds = 0] = text.split(/[:.]/, 3).map(Number)
  const fraction = text.split('.')[1] ?? ''
  return BigInt((hours * 60 + minutes) * 60 + seconds) * 1_000_000_000n + BigInt(fraction.padEnd(9, '0'))
}

/** Prints a date in DuckDB's form: years before 1 count backwards. */
export function dateText({ year, month, day }: CalendarDate): string {
  const [shown, era] = year > 0 ? [year, ''] : [1 - year, ' (BC)']
  return `${pad(shown, 4)}-${pad(month, 2)}-${pad(day, 2)}${era}`
}

function pad(value: number, digits: number): string {
  return String(value).padStart(digits, '0')
}

function daysOfMonth(year: number, month: number): number {
  if (month !== 2) return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28
}
