import type { Description } from '../../host/inspection.ts'
import type { RelationColumn } from './columns.ts'
import { holdsGeometry } from './field-type-of.ts'
import { keyCandidates } from './key-candidates.ts'
import { propertiesOf } from './properties.ts'

type Table = Omit<Description, 'names' | 'relation' | 'featureCount' | 'key'>

/** Describes a table by its columns. Lists, structs and maps may still hold geometry, which must be proven. */
export function tableOf(columns: readonly RelationColumn[]): Table {
  const properties = propertiesOf(columns, [])
  const nested = columns.filter(({ type }) => holdsGeometry(type))
  return {
    columns: properties,
    columnsUncovered: properties,
    geometryColumn: null,
    geometryEncoding: null,
    geometryTypes: [],
    hasZ: null,
    crs: null,
    extent: null,
    pruning: { kind: 'NONE' },
    covering: null,
    keyCandidates: keyCandidates(columns),
    unproven: nested.map(({ name }) => ({ column: name, stored: 'NESTED' })),
  }
}
