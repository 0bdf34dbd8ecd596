/** From samples to the figures of the table. */
import { median } from './median.ts'
import type { Figure, Row } from './row.ts'
import type { RowRuns } from './run-row.ts'

export type Verdict = 'GOAL' | 'PASS' | 'MISS' | 'REPORT' | 'SKIPPED'

export interface Result {
  readonly row: string
  readonly title: string
  readonly figure: string
  readonly unit: string
  /** A ratio of medians, or a median; null if it could not be measured. */
  readonly value: number | null
  /** The spread of the ratio per round, or of the runs. */
  readonly spread: readonly [low: number, high: number] | null
  /** The medians of the value, by arm. */
  readonly medians: Readonly<Record<string, number>>
  readonly threshold: number | null
  readonly goal: number | null
  readonly better: 'higher' | 'lower'
  readonly verdict: Verdict
  /** Why there is no value. */
  readonly reason: string | null
}

export function evaluate(row: Row, runs: RowRuns): Result[] {
  return row.figures.map((figure) => {
    const { label, unit, threshold, goal, better } = figure
    const common = { row: row.id, title: row.title, figure: label, unit, threshold, goal, better }
    const arms = figure.against === undefined ? [figure.arm] : [figure.arm, figure.against]
    const nothing = { value: null, spread: null, medians: {} }
    for (const arm of arms) {
      const skipped = runs.skipped[arm]
      if (skipped !== undefined) return { ...common, ...nothing, verdict: 'SKIPPED', reason: skipped }
      const failed = runs.failed[arm]
      if (failed !== undefined) return { ...common, ...nothing, verdict: 'MISS', reason: `${arm}: ${failed}` }
    }
    const values = measure(figure, runs)
    return { ...common, ...values, verdict: verdict(figure, values.value), reason: null }
  })
}

function measure(figure: Figure, runs: RowRuns): Pick<Result, 'medians' | 'spread'> & { readonly value: number } {
  const valuesOf = (arm: string) => (runs.samples[arm] ?? []).map((sample) => sample[figure.key] ?? Number.NaN)
  const own = valuesOf(figure.arm)
  const medians: Record<string, number> = { [figure.arm]: median(own) }
  if (figure.growth) return { value: own.at(-1)! / own[0]!, spread: null, medians }
  if (figure.against === undefined) return { value: median(own), spread: [Math.min(...own), Math.max(...own)], medians }
  const others = valuesOf(figure.against)
  medians[figure.against] = median(others)
  const ratios = own.map((value, run) => value / others[run]!)
  return { value: median(own) / median(others), spread: [Math.min(...ratios), Math.max(...ratios)], medians }
}

function verdict({ better, threshold, goal }: Figure, value: number): Verdict {
  const reaches = (bar: number) => (better === 'higher' ? value >= bar : value <= bar)
  if (threshold === null) return 'REPORT'
  if (goal !== null && reaches(goal)) return 'GOAL'
  return reaches(threshold) ? 'PASS' : 'MISS'
}
