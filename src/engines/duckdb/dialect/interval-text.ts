/**
 * SQL of an INTERVAL as an ISO 8601 duration, its parts signed one by one as PostgreSQL's `iso_8601` style has them:
 * `P1Y-2M3DT-4H5.5S`.
 */
export function intervalText(interval: string): string {
  const whole = (part: string, letter: string) =>
    `CASE WHEN ${part}(${interval}) <> 0 THEN ${part}(${interval}) || '${letter}' ELSE '' END`
  const micros = `CAST(microsecond(${interval}) AS DECIMAL(18, 0))`
  const seconds = `rtrim(rtrim(CAST(CAST(${micros} / 1000000 AS DECIMAL(18, 6)) AS VARCHAR), '0'), '.')`
  const time = [whole('hour', 'H'), whole('minute', 'M'), `CASE WHEN ${micros} <> 0 THEN ${seconds} || 'S' ELSE '' END`].join(
    ' || ',
  )
  const date = [whole('year', 'Y'), whole('month', 'M'), whole('day', 'D')].join(' || ')
  const parts = `'P' || ${date} || CASE WHEN ${time} = '' THEN '' ELSE 'T' || ${time} END`
  return `CASE WHEN ${interval} IS NULL THEN NULL WHEN ${parts} = 'P' THEN 'PT0S' ELSE ${parts} END`
}
