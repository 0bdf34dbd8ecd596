import { expect, test } from 'vitest'
import { evaluate } from '../../../bench/evaluate.ts'
import { parseOptions } from '../../../bench/options.ts'
import type { Figure, Row } from '../../../bench/row.ts'
import type { RowRuns } from '../../../bench/run-row.ts'
import { table } from '../../../bench/table.ts'

const arm = { run: async () => ({}) }
const FIGURE: Figure = {
  label: 'requests/s',
  key: 'perSecond',
  unit: 'requests/s',
  arm: 'ours',
  against: ['slow', 'fast'],
  better: 'higher',
  threshold: 1,
  goal: 2,
}

const row = (figure: Partial<Figure> = {}): Row => ({
  id: 'boxes',
  title: 'Boxes',
  arms: { ours: arm, slow: arm, fast: arm },
  figures: [{ ...FIGURE, ...figure }],
})

const runs = (changes: Partial<RowRuns> = {}): RowRuns => ({
  samples: {
    ours: [{ perSecond: 90 }, { perSecond: 110 }],
    slow: [{ perSecond: 20 }, { perSecond: 30 }],
    fast: [{ perSecond: 40 }, { perSecond: 60 }],
  },
  failed: {},
  skipped: {},
  ...changes,
})

test('a figure counts the ratio to the best rival, and prints the median and the ratio of each', () => {
  const [result] = evaluate(row(), runs())
  expect(result).toMatchObject({ value: 2, ratios: { slow: 4, fast: 2 }, verdict: 'GOAL', reason: null })
  expect(table([result!])).toContain('ours 100 requests/s, slow 25 requests/s (x 4), fast 50 requests/s (x 2)')
})

test('the best rival of a time is the one with the lowest', () => {
  const [result] = evaluate(row({ better: 'lower' }), runs())
  expect(result).toMatchObject({ value: 4, verdict: 'MISS' })
})

test('a rival that is missing is named, and the others still count', () => {
  const [result] = evaluate(row(), runs({ skipped: { fast: 'it is off' } }))
  expect(result).toMatchObject({ value: 4, verdict: 'GOAL' })
  expect(table([result!])).toMatch(/^boxes: NOT MEASURED: fast \(it is off\)$/m)
})

test('a figure is skipped, with the reason, when all of its rivals are missing', () => {
  const [result] = evaluate(row(), runs({ skipped: { slow: 'it is off', fast: 'it is off' } }))
  expect(result).toMatchObject({ value: null, verdict: 'SKIPPED' })
  expect(table([result!])).toMatch(/^boxes: NOT MEASURED: slow \(it is off\), fast \(it is off\)$/m)
})

test('a rival that fails is a miss, with its error', () => {
  const [result] = evaluate(row(), runs({ failed: { fast: '3 features instead of 4' } }))
  expect(result).toMatchObject({ value: null, verdict: 'MISS', reason: 'fast: 3 features instead of 4' })
})

test('the bench compares with servers over PostGIS only with --postgres', () => {
  expect(parseOptions(['node', 'bench']).postgres).toBe(false)
  const { postgres, rows } = parseOptions(['node', 'bench', '--postgres', '--rows', 'boxes-1,small-key'])
  expect(postgres).toBe(true)
  expect(rows.map(({ id }) => id)).toEqual(['boxes-1', 'small-key'])
})
