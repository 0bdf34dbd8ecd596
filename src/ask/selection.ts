/** What a query makes of each feature: encodings, representations of geometry, properties. */
import type { Output } from '../encode/batch.ts'
import type { Message } from '../engines/engine.ts'
import type { Field } from '../model/layer.ts'
import type { Representation, View } from '../model/query.ts'
import type { Representations } from './representations.ts'

export interface Selection {
  /** Each is made once, under however many response keys it stands. */
  readonly outputs: readonly Output[]
  /** Response key of a `features`, `edges`, `geojson` or `arrow` -> index into `outputs`. */
  readonly indexes: ReadonlyMap<string, number>
  /** Index into `outputs` of the first feature's cursor; null: it is not selected. */
  readonly startCursor: number | null
  /** Outputs name them by their index. */
  readonly representations: readonly Representation[]
  readonly properties: readonly Field[]
  /** The message that they leave in, where it is one; null: they are asked for in no document. */
  readonly message: Message | null
}

/** What a selection is made with. */
export interface Asked {
  readonly view: View
  readonly representations: Representations
}

/** Of outputs that are all there is, and are asked for in no document. */
export function selectionOf({ view, representations }: Asked, outputs: readonly Output[]): Selection {
  const properties = propertiesOf(outputs, view)
  return { outputs, indexes: new Map(), startCursor: null, representations: representations.list, properties, message: null }
}

function propertiesOf(outputs: readonly Output[], { fields }: View): readonly Field[] {
  const lists = outputs.flatMap(namedProperties)
  if (lists.includes(null)) return fields
  const wanted = new Set(lists.flatMap((names) => names ?? []))
  return wanted.size === 0 ? [] : fields.filter(({ name }) => wanted.has(name))
}

/** Each list that one of its parts takes; null: all of them. */
function namedProperties(output: Output): (readonly string[] | null)[] {
  switch (output.kind) {
    case 'features':
      return output.fields.flatMap((field) => (field.field === 'properties' ? [field.only] : []))
    case 'edges':
      return output.fields.flatMap((field) => (field.field === 'node' ? namedProperties({ ...field, kind: 'features' }) : []))
    case 'start-cursor':
    case 'rows':
      return []
    default:
      return [output.only ?? null]
  }
}
