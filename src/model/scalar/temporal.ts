/** Dates, times and moments: ISO 8601 from a client. */
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
import { exactly, type Place, plain, type Scalar } from './scalar.ts'

const NANOS_OF_DAY = 86_400_000_000_000n

/** First and last finite value, in nanoseconds since 1970, of what counts microseconds and of what counts nanoseconds. */
const MICROSECOND_RANGE = [-9_223_372_022_400_000_000_000n, 9_223_372_036_854_775_806_999n] as const
const NANOSECOND_RANGE = [-9_223_286_400_000_000_000n, 9_223_372_036_854_775_806n] as const
/** In days since 1970. */
const DATE_RANGE = [-2_147_483_646, 2_147_483_646] as const

export const DATE: Scalar = plain('DATE', 'a string, a date like 2026-05-31', (value) => {
  const date = typeof value === 'string' ? readDate(value) : null
  if (date?.rest !== '') return null
  const days = daysSinceEpoch(date)
  return days < DATE_RANGE[0] ? 'BELOW' : days > DATE_RANGE[1] ? 'ABOVE' : exactly(dateText(date))
})

/** `digits` of a second's fraction. The time that some clock showed, nobody says where. */
export function timestamp(type: string, digits: number): Scalar {
  return plain(type, 'a string, a time like 2026-05-31T12:00:00, without offset', (value) => {
    const moment = typeof value === 'string' ? readMoment(value, digits) : null
    if (moment?.time.rest !== '') return null
    const { date, time } = moment
    return inRange(nanos(moment), digits, { at: `${dateText(date)} ${time.text}`, exact: time.exact })
  })
}

/**
 * As microseconds since 1970: DuckDB's text of a moment depends on the session's time zone, and in far years its microseconds are
 * lost.
 */
export const TIMESTAMP_TZ: Scalar = {
  takes: 'a string, a moment like 2026-05-31T12:00:00Z',
  place: (value) => {
    const moment = typeof value === 'string' ? readMoment(value, 6) : null
    const offset = moment && offsetSeconds(moment.time.rest)
    if (!moment || offset === null) return null
    const utc = nanos(moment) - BigInt(offset) * 1_000_000_000n
    return inRange(utc, 6, { at: String(utc / 1_000n), exact: moment.time.exact })
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
    if (!read || (withOffset ? offsetSeconds(read.rest) === null : read.rest !== '')) return null
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

function nanos({ date, time }: Moment): bigint {
  return BigInt(daysSinceEpoch(date)) * NANOS_OF_DAY + nanosOfDay(time)
}

function inRange(count: bigint, digits: number, place: Place): Place {
  const [first, last] = digits === 9 ? NANOSECOND_RANGE : MICROSECOND_RANGE
  return count < first ? 'BELOW' : count > last ? 'ABOVE' : place
}
