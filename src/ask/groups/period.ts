/** Reads the length and the time zone of time buckets. */
import { GeoduckError } from '../../model/errors.ts'
import type { Period } from '../../model/query.ts'
import { show } from '../../model/show.ts'

const SECOND = 1_000_000n
/** Microseconds. */
export const DAY = 86_400n * SECOND

const COUNT = String.raw`(?:(\d{1,6})X)?`
const PARTS = ['Y', 'M', 'W', 'D'].map((unit) => COUNT.replace('X', unit)).join('')
const TIMES = ['H', 'M', 'S'].map((unit) => COUNT.replace('X', unit)).join('')
const DURATION = new RegExp(`^P(?=.)${PARTS}(?:T(?=.)${TIMES})?$`)

/** A thousand years. */
const MOST_MONTHS = 12_000
const MOST_DAYS = 366_000n

/** @throws GeoduckError BAD_INPUT */
export function readPeriod(text: string): Period {
  const [years = 0, months = 0, weeks = 0, days = 0, hours = 0, minutes = 0, seconds = 0] =
    DURATION.exec(text)
      ?.slice(1)
      .map((part) => Number(part ?? 0)) ?? []
  const whole = 12 * years + months
  const rest = BigInt(7 * weeks + days) * DAY + BigInt(3_600 * hours + 60 * minutes + seconds) * SECOND
  const isMixed = whole > 0 && rest > 0n
  if (isMixed || (whole === 0 && rest === 0n) || whole > MOST_MONTHS || rest > MOST_DAYS * DAY) {
    const form = 'an ISO 8601 duration of months and years ("P3M"), or of weeks, days, hours, minutes and seconds ("PT15M")'
    throw new GeoduckError('BAD_INPUT', `\`every\` takes ${form}, up to a thousand years, not ${show(text)}.`)
  }
  return whole > 0 ? { months: whole } : { microseconds: String(rest) }
}

/** Returns the zone's name. @throws GeoduckError BAD_INPUT if no zone has this name */
export function readTimeZone(name: string): string {
  // JavaScript also accepts offsets such as `+01:00`, which the engine does not know.
  const known = /^[A-Za-z]/.test(name) ? canonical(name) : null
  if (known !== null) return known
  throw new GeoduckError('BAD_INPUT', `\`timeZone\` takes an IANA name such as "Europe/Berlin", not ${show(name)}.`)
}

function canonical(timeZone: string): string | null {
  try {
    return new Intl.DateTimeFormat('en', { timeZone }).resolvedOptions().timeZone
  } catch {
    return null
  }
}
