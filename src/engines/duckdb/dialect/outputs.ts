import type { FeatureField, Output } from '../../../encode/batch.ts'

/** What must be read for the outputs, beside properties. */
export interface Needs {
  readonly key: boolean
  readonly geometry: boolean
}

const NOTHING: Needs = { key: false, geometry: false }
const ALL: Needs = { key: true, geometry: true }

export function needsOf(outputs: readonly Output[]): Needs {
  const needs = outputs.map(needsOfOne)
  return { key: needs.some(({ key }) => key), geometry: needs.some(({ geometry }) => geometry) }
}

function needsOfOne(output: Output): Needs {
  switch (output.kind) {
    case 'features':
      return needsOfFields(output.fields)
    case 'edges':
      return needsOfFields(output.fields.flatMap((field) => (field.field === 'node' ? field.fields : [])))
    case 'start-cursor':
    case 'rows':
      return NOTHING
    default:
      return ALL
  }
}

function needsOfFields(fields: readonly FeatureField[]): Needs {
  const has = (...names: FeatureField['field'][]) => fields.some(({ field }) => names.includes(field))
  return { key: has('id', 'key'), geometry: has('geometry', 'bbox') }
}
