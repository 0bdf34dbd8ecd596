import { join } from 'node:path'
import { engineOptions } from '../arms/drain.ts'
import { runForSample } from '../child.ts'
import { keyedTableOf, tableOf } from '../data/store.ts'
import type { LookupKind } from '../lookup-questions.ts'
import type { Rig } from '../rig.ts'
import type { Arm, Figure, Row } from '../row.ts'

const CLIENT = join(import.meta.dirname, '..', 'client', 'lookups.ts')
const PROGRAM = join(import.meta.dirname, '..', 'engine', 'lookups.ts')
const lookupsIn = ({ data }: Rig) => join(data, 'buildings.lookups.json')

function http(layer: string, kind: LookupKind): Arm {
  return {
    run: (rig) => {
      const { server, seconds } = rig
      return runForSample([CLIENT, JSON.stringify({ url: server.url, layer, kind, lookups: lookupsIn(rig), seconds })])
    },
  }
}

function bare(kind: LookupKind, from: (rig: Rig) => string): Arm {
  return {
    run: (rig) =>
      runForSample([PROGRAM, JSON.stringify({ ...engineOptions(rig), kind, from: from(rig), lookups: lookupsIn(rig) })]),
  }
}

const file = ({ data }: Rig) => `read_parquet('${join(data, 'buildings.parquet')}')`
const table = (name: string) => (rig: Rig) => `${engineOptions(rig).databases[0]!.alias}.main.${name}`

/** `goals`: milliseconds from the file, the table, and the table with a key and a sorted copy. */
function row(kind: LookupKind, id: string, title: string, goals: readonly [number, number, number]): Row {
  const arms = {
    file: http('buildings', kind),
    table: http(tableOf('buildings'), kind),
    keyed: http(keyedTableOf('buildings'), kind),
    bareFile: bare(kind, file),
    bareTable: bare(kind, table(tableOf('buildings'))),
    bareKeyed: bare(kind, table(keyedTableOf('buildings'))),
  }
  const figures = (['file', 'table', 'keyed'] as const).flatMap((arm, n): Figure[] => {
    const [label, against] = [
      ['from a file', 'from a table', 'from a table with --key and --index'][n]!,
      (['bareFile', 'bareTable', 'bareKeyed'] as const)[n]!,
    ]
    const common = { key: 'p50Ms', unit: 'ms', arm, better: 'lower', threshold: null } as const
    return [
      { ...common, label: `p50 ${label}`, goal: goals[n]! },
      { ...common, label: `p50 ${label} against a warm bare connection`, against, goal: null },
    ]
  })
  return { id, title, arms, figures }
}

export const LOOKUP_ROWS: readonly Row[] = [
  row('key', 'key', 'One building by its key over HTTP', [4, 1.5, 1.5]),
  row('text', 'text-equality', 'Buildings with one name over HTTP', [9, 9, 2]),
  row('page', 'sorted-page', 'A page of 100 buildings of one class, sorted by name, over HTTP', [42, 18, 4]),
]
