import type { Member, Step } from '../../../model/predicate.ts'
import type { Parameters } from './parameters.ts'
import { columnOf, literal } from './quote.ts'

/** SQL of a column, or of a member inside one. */
export function memberSql({ column, steps }: Member, parameters: Parameters): string {
  return steps.reduce((sql, step) => within(sql, step, parameters), columnOf({ name: column }))
}

function within(sql: string, step: Step, parameters: Parameters): string {
  switch (step.kind) {
    case 'field':
      return `struct_extract(${sql}, ${literal(step.name)})`
    case 'key':
      return `map_extract_value(${sql}, ${parameters.text(step.name)})`
    case 'pointer': {
      const json = step.variant ? `CAST(${sql} AS JSON)` : sql
      return `CASE WHEN json_valid(${json}) THEN json_extract(${json}, ${parameters.text(step.pointer)}) END`
    }
  }
}
