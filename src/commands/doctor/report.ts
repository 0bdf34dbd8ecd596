/** Prints the findings as a table for a terminal: columns of text, with colours if the terminal has them. */
import { styleText } from 'node:util'
import type { Setting } from '../../config/settings.ts'

const STYLES = { ok: 'green', note: 'yellow', wrong: 'red' } as const
const STATE_WIDTH = 'wrong'.length

export function reportOf(findings: readonly Finding[], origins: readonly OriginRow[]): string {
  const width = Math.max(...findings.map(({ what }) => what.length))
  const lines = findings.flatMap(({ what, state, text, remedy }) => [
    `${styleText(STYLES[state], state.padEnd(STATE_WIDTH))}  ${what.padEnd(width)}  ${text}`,
    ...(remedy ?? '').split('\n').flatMap((line) => (line === '' ? [] : [`${' '.repeat(STATE_WIDTH + width + 4)}${line}`])),
  ])
  return [...lines, ...originLines(origins), '', closing(findings)].join('\n')
}

/** A value that differs from the default. */
export interface OriginRow {
  readonly name: string
  readonly value: string
  readonly from: string
}

function originLines(rows: readonly OriginRow[]): string[] {
  if (rows.length === 0) return ['', 'Every setting has its default.']
  const [names, values] = [rows.map(({ name }) => name.length), rows.map(({ value }) => value.length)].map((all) =>
    Math.max(...all),
  )
  const lines = rows.map(({ name, value, from }) => `  ${name.padEnd(names ?? 0)}  ${value.padEnd(values ?? 0)}  ${from}`)
  return ['', 'Settings that are not at their default:', ...lines]
}

const LONGEST = 60

/** Prints a value briefly on one line. A secret is not shown. */
export function shownValue(value: unknown, setting: Setting | undefined): string {
  const text = setting?.isSecret ? '****************' : typeof value === 'string' ? value : JSON.stringify(value)
  return text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text
}

function closing(findings: readonly Finding[]): string {
  const count = (state: Finding['state']) => findings.filter((finding) => finding.state === state).length
  const [wrong, notes] = [count('wrong'), count('note')]
  if (wrong > 0) return `${wrong} of ${findings.length} ${wrong === 1 ? 'is' : 'are'} wrong.`
  return notes > 0 ? `Nothing is wrong; ${notes === 1 ? 'one note' : `${notes} notes`}.` : 'All is well.'
}

/** One line of the report. */
export interface Finding {
  readonly what: string
  /** `note`: a server starts anyway. */
  readonly state: 'ok' | 'note' | 'wrong'
  readonly text: string
  /** The remedy for every finding that is not ok. */
  readonly remedy?: string
}
