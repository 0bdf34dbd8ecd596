/** Prints an explanation as text for a terminal. */

import { styleText } from 'node:util'
import type { Statement } from '../../engines/duckdb/dialect/plan.ts'
import type { EnginePlan } from '../../engines/duckdb/host/engine-plan.ts'
import type { Explanation } from '../../engines/engine.ts'
import type { Layer } from '../../model/layer.ts'

export interface Explained {
  readonly layer: Layer
  readonly explanation: Explanation
  readonly parameters: Statement['parameters']
  readonly engine: EnginePlan
  readonly analyzed: boolean
}

export function reportOf({ layer, explanation, parameters, engine, analyzed }: Explained): string {
  const count = layer.featureCount === null ? 'not counted' : `${layer.featureCount.toLocaleString('en')} features`
  const order = explanation.sorted
    ? 'every feature that matches is seen before the first leaves'
    : 'no, features leave as they are read'
  const rows: readonly (readonly [string, string])[] = [
    ['layer', `${layer.name}, ${count}, ${layer.state}`],
    ['reads', explanation.reads.join(', ') || 'nothing'],
    ['pruning', `${explanation.pruning}${rowGroups(engine)}`],
    ['sorted', order],
    ['values', parameters.length === 0 ? 'none' : parameters.map((value, n) => `$${n + 1} ${shown(value)}`).join(`\n${INDENT}`)],
  ]
  return [
    ...rows.map(([what, text]) => `${styleText('bold', what.padEnd(INDENT.length))}${text}`),
    '',
    explanation.sql,
    '',
    styleText('bold', analyzed ? 'The engine has run it:' : 'The engine would run it so:'),
    engine.text,
  ].join('\n')
}

const INDENT = ' '.repeat('pruning  '.length)
const LONGEST = 100

function rowGroups({ rowGroups: groups }: EnginePlan): string {
  return groups
    ? `: of ${groups.all.toLocaleString('en')} row groups the boxes leave ${groups.left.toLocaleString('en')} to be read`
    : ''
}

/** Geometries are long. */
function shown(value: Statement['parameters'][number]): string {
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value)
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}… (${text.length.toLocaleString('en')} characters)` : text
}
