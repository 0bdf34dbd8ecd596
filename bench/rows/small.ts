/** Small answers, one at a time. PostgreSQL answers each from an index. */
import { type Asked, fairPythonArm, geoduckArm } from '../arms/requests.ts'
import { keyedTableOf, tableOf } from '../data/store.ts'
import { nodePostgresArm, postgraphileArm } from '../postgres/arms.ts'
import type { Arm, Figure, Row } from '../row.ts'

/** Rivals that look each question up, and rivals that read the column as Geoduck does without an index. */
const INDEXED = ['nodePostgres', 'postgraphile']
const SCANNING = ['fairPython', 'plainNodePostgres', 'plainPostgraphile']

/** Milliseconds. */
type Bar = Pick<Figure, 'threshold' | 'goal'>

function row(kind: Asked['kind'], title: string, bars: Readonly<Record<'file' | 'table' | 'keyed', Bar>>): Row {
  const asked: Asked = { layer: 'buildings', kind, concurrency: 1 }
  const p50 = { key: 'p50Ms', unit: 'ms', better: 'lower' } as const
  const reported = { ...p50, threshold: null, goal: null }
  const onText = kind === 'text' || kind === 'page'
  const arms: Record<string, Arm> = {
    file: geoduckArm('buildings', asked),
    table: geoduckArm(tableOf('buildings'), asked),
    keyed: geoduckArm(keyedTableOf('buildings'), asked),
    fairPython: fairPythonArm(asked),
    nodePostgres: nodePostgresArm(asked),
    postgraphile: postgraphileArm(asked),
    ...(onText && {
      plainNodePostgres: nodePostgresArm({ ...asked, plain: true }),
      plainPostgraphile: postgraphileArm({ ...asked, plain: true }),
    }),
  }
  const figures = (['file', 'table', 'keyed'] as const).flatMap((arm): Figure[] => [
    { label: `p50 from the ${arm}`, ...p50, arm, ...bars[arm] },
    { label: `p50 from the ${arm} against the best rival with an index`, ...reported, arm, against: INDEXED },
    {
      label: `p50 from the ${arm} against the best rival without an index`,
      ...reported,
      arm,
      against: onText ? SCANNING : 'fairPython',
    },
  ])
  return { id: `small-${kind}`, title, arms, figures }
}

const bar = (threshold: number, goal: number): Bar => ({ threshold, goal })

export const SMALL_ROWS: readonly Row[] = [
  row('count', 'Count of the buildings in a box', { file: bar(19, 5), table: bar(6, 2), keyed: bar(6, 2) }),
  row('key', 'One building by its key', { file: bar(11, 4), table: bar(5, 1.5), keyed: bar(3, 1.5) }),
  row('text', 'Buildings of one name, of 500,000 buildings', { file: bar(18, 9), table: bar(9, 9), keyed: bar(4, 2) }),
  row('page', 'A page of 100 buildings of one class, sorted by name', {
    file: bar(85, 42),
    table: bar(18, 18),
    keyed: bar(6, 4),
  }),
]
