import type { FieldType } from '../../../model/field-type.ts'

/**
 * SQL of a date or timestamp as ISO 8601 text, as the encoders write those of columns: years outside 0000..9999 have a sign and
 * six digits, a fraction has 3, 6 or 9, an instant has a `Z`; infinities are NULL.
 */
export function isoText(type: FieldType, value: string): string {
  const utc = type.kind === 'timestamp' && type.utc
  const clock = utc ? `timezone('UTC', ${value})` : value
  const year = `year(${clock})`
  // Of four digits, or signed: printf counts the sign.
  const years = `printf(CASE WHEN ${year} BETWEEN 0 AND 9999 THEN '%04d' ELSE '%+07d' END, ${year})`
  const rest =
    type.kind === 'date' ? `strftime(${clock}, '-%m-%d')` : `strftime(${clock}, '-%m-%dT%H:%M:%S') || ${fraction(clock)}`
  const zone = utc ? ` || 'Z'` : ''
  return `CASE WHEN isfinite(${value}) THEN ${years} || ${rest}${zone} END`
}

function fraction(clock: string): string {
  const nanos = `strftime(${clock}, '.%n')`
  return `regexp_replace(regexp_replace(${nanos}, '(000)+$', ''), '^\\.$', '')`
}
