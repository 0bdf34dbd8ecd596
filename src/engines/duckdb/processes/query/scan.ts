/** How much of its source a query has read, by the engine's own profiler: 1 % of a box query's processor time. */
import type { DuckDBConnection } from '@duckdb/node-api'
import type { Scan } from '../../messages.ts'
import { lastProfile, type ProfiledOperator } from './library.ts'

const METRICS = { read: 'OPERATOR_ROW_GROUPS_SCANNED', all: 'OPERATOR_TOTAL_ROW_GROUPS_TO_SCAN', rows: 'OPERATOR_ROWS_SCANNED' }

const COUNTED = JSON.stringify(Object.fromEntries(Object.values(METRICS).map((name) => [name, 'true'])))

/** A connection's own settings: its queries count from here on, and nothing is written anywhere. */
export const COUNT_SCANS = `SET enable_profiling = 'no_output'; SET custom_profiling_settings = '${COUNTED}'`

/** Of the connection's last query. Null unless it came to its end: one that is stopped tells nothing. */
export function scanOf(connection: DuckDBConnection): Scan | null {
  const root = lastProfile(connection)
  if (!root) return null
  const operators = below(root)
  const each = (name: string) => operators.map((operator) => operator.metric(name))
  const sum = (name: string) => each(name).reduce((total, count) => total + count, 0)
  // Parts of a plan that scan the same source, one behind the other, look into the same row groups.
  return { rowGroupsRead: sum(METRICS.read), rowGroups: Math.max(0, ...each(METRICS.all)), rowsScanned: sum(METRICS.rows) }
}

function below(operator: ProfiledOperator): ProfiledOperator[] {
  return operator.children.flatMap((child) => [child, ...below(child)])
}
