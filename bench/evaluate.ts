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
  /** Ours to each rival's. The value is the one to the best rival. */
  readonly ratios: Readonly<Record<string, number>>
  readonly threshold: number | null
  readonly goal: number | null
  readonly better: 'higher' | 'lower'
  readonly verdict: Verdict
  /** Why there is no value, or which rivals it leaves out. */
  readonly reason: string | null
}

export function evaluate(row: Row, runs: RowRuns): Result[] {
  return row.figures.map((figure) => {
    const { label, unit, threshold, goal, better } = figure
    const common = { row: row.id, title: row.title, figure: label, unit, threshold, goal, better }
    const rivals = [figure.against ?? []].flat()
    const nothing = { value: null, spread: null, medians: {}, ratios: {} }
    for (const arm of [figure.arm, ...rivals]) {
      const failed = runs.failed[arm]
      if (failed !== undefined) return { ...common, ...nothing, verdict: 'MISS', reason: `${arm}: ${failed}` }
    }
    const present = rivals.filter((arm) => runs.skipped[arm] === undefined)
    const missing = [figure.arm, ...rivals].filter((arm) => runs.skipped[arm] !== undefined)
    const reason =
      missing.length === 0 ? null : `NOT MEASURED: ${missing.map((arm) => `${arm} (${runs.skipped[arm]})`).join(', ')}`
    if (missing.includes(figure.arm) || present.length < Math.min(rivals.length, 1)) {
      return { ...common, ...nothing, verdict: 'SKIPPED', reason }
    }
    const values = measure(figure, present, runs)
    return { ...common, ...values, verdict: verdict(figure, values.value), reason }
  })
}

type Measured = Pick<Result, 'medians' | 'ratios' | 'spread'> & { readonly value: number }

function measure(figure: Figure, rivals: readonly string[], runs: RowRuns): Measured {
  const valuesOf = (arm: string) => (runs.samples[arm] ?? []).map((sample) => sample[figure.key] ?? Number.NaN)
  const own = valuesOf(figure.arm)
  const medians = Object.fromEntries([figure.arm, ...rivals].map((arm) => [arm, median(valuesOf(arm))]))
  if (figure.growth) return { value: own.at(-1)! / own[0]!, spread: null, medians, ratios: {} }
  const spread = (values: readonly number[]) => [Math.min(...values), Math.max(...values)] as const
  const ratios = Object.fromEntries(rivals.map((arm) => [arm, median(own) / medians[arm]!]))
  const [best] = [...rivals].sort((a, b) => (figure.better === 'higher' ? 1 : -1) * (ratios[a]! - ratios[b]!))
  if (best === undefined) return { value: median(own), spread: spread(own), medians, ratios }
  const others = valuesOf(best)
  return { value: ratios[best]!, spread: spread(own.map((value, run) => value / others[run]!)), medians, ratios }
}

function verdict({ better, threshold, goal }: Figure, value: number): Verdict {
  const reaches = (bar: number) => (better === 'higher' ? value >= bar : value <= bar)
  if (threshold === null) return 'REPORT'
  if (goal !== null && reaches(goal)) return 'GOAL'
  return reaches(threshold) ? 'PASS' : 'MISS'
}
