import type { FeatureField, Output } from '../../../encode/batch.ts'

/** What must be read for the outputs, beside properties. */
export interface Needs {
  readonly id: boolean
  readonly geometry: boolean
}

export function needsOf(outputs: readonly Output[]): Needs {
  const has = (...fields: FeatureField['field'][]) =>
    outputs.some((output) => output.kind !== 'features' || output.fields.some(({ field }) => fields.includes(field)))
  return { id: has('id'), geometry: has('geometry', 'bbox') }
}
