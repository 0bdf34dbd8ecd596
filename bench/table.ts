import type { Result } from './evaluate.ts'

/** The results as a table for the terminal and for Markdown alike. */
export function table(results: readonly Result[]): string {
  const lines = [['what', 'figure', 'value', 'spread', 'medians', 'threshold', 'goal', ''], ...results.map(line)]
  const widths = lines[0]!.map((_, column) => Math.max(...lines.map((cells) => cells[column]!.length)))
  const text = lines.map((cells) => `| ${cells.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |`)
  text.splice(1, 0, `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`)
  return [...text, ...new Set(results.flatMap(whyNot))].join('\n')
}

function whyNot({ row, reason }: Result): string[] {
  return reason === null ? [] : [`${row}: ${reason}`]
}

function line(result: Result): string[] {
  const { title, figure, value, spread, medians, ratios, threshold, goal, better, verdict, unit } = result
  const sign = better === 'higher' ? '>=' : '<='
  const bar = (limit: number | null) => (limit === null ? '' : `${sign} ${short(limit)}`)
  return [
    title,
    figure,
    value === null ? '-' : short(value),
    spread ? `${short(spread[0])} - ${short(spread[1])}` : '',
    Object.entries(medians)
      .map(([arm, number]) => `${arm} ${short(number)} ${unit}${ratios[arm] === undefined ? '' : ` (x ${short(ratios[arm])})`}`)
      .join(', '),
    bar(threshold),
    bar(goal),
    verdict,
  ]
}

/** Three digits are more than a run repeats. */
function short(value: number): string {
  const rounded = Number(value.toPrecision(3))
  return Math.abs(rounded) >= 10_000 ? `${Math.round(rounded / 1_000)}k` : String(rounded)
}
