import { exactly, type Place, type ValueKind } from './value-kind.ts'

const PART = String.raw`(?:([+-]?\d{1,9})X)?`
const ISO_DURATION = new RegExp(
  `^P${['Y', 'M', 'W', 'D'].map(part).join('')}(?:T${['H', 'M'].map(part).join('')}(?:([+-]?)(\\d{1,9})(?:\\.(\\d{1,6}))?S)?)?$`,
)

function part(unit: string): string {
  return PART.replace('X', unit)
}

/** Compared with a month of 30 days and a day of 24 hours. */
export const INTERVAL: ValueKind = {
  takes: 'a string, an ISO 8601 duration like P1Y2M3DT4H5M6.5S',
  place: readDuration,
}

function readDuration(value: unknown): Place | null {
  const parts = typeof value === 'string' ? ISO_DURATION.exec(value) : null
  if (!parts || /[PT]$/.test(parts[0])) return null
  const [, years, months, weeks, days, hours, minutes, sign = '', seconds = '0', fraction = ''] = parts
  const micros =
    (BigInt(hours ?? 0) * 3_600n + BigInt(minutes ?? 0) * 60n) * 1_000_000n +
    BigInt(sign === '-' ? -1 : 1) * (BigInt(seconds) * 1_000_000n + BigInt(fraction.padEnd(6, '0')))
  const wholeMonths = BigInt(years ?? 0) * 12n + BigInt(months ?? 0)
  const wholeDays = BigInt(weeks ?? 0) * 7n + BigInt(days ?? 0)
  const fits = [wholeMonths, wholeDays].every((count) => BigInt.asIntN(32, count) === count)
  return fits ? exactly(`${wholeMonths} months ${wholeDays} days ${micros} microseconds`) : null
}
