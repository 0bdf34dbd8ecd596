/**
 * Writes the answer to the introspection fields of an operation as JSON. It needs the memory of its text only. graphql-js makes an object per field,
 * and a thousand layers have a million fields.
 */
import {
  type DocumentNode,
  type FieldNode,
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  getArgumentValues,
  getOperationAST,
  getVariableValues,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  Kind,
  SchemaMetaFieldDef,
  TypeMetaFieldDef,
  TypeNameMetaFieldDef,
} from 'graphql'
import { rootFields, selectedFields } from '../selection.ts'

/** The root fields that show the schema. */
const ROOTS: ReadonlyMap<string, GraphQLField<unknown, unknown>> = new Map(
  [SchemaMetaFieldDef, TypeMetaFieldDef].map((field) => [field.name, field]),
)

const ENCODER = new TextEncoder()

/** Characters per piece of the answer. */
const PIECE = 262_144

/** The error of an answer that is larger than the limit. */
export class AnswerTooLarge extends Error {
  override readonly name = 'AnswerTooLarge'
}

/** The pieces of each introspection field's value by response key. */
export type IntrospectionAnswer = Readonly<Record<string, readonly Uint8Array[]>>

export interface IntrospectionRequest {
  readonly document: DocumentNode
  readonly operationName: string | null
  readonly variables: Readonly<Record<string, unknown>>
}

/**
 * Answers the introspection fields of a valid operation whose variables were checked.
 *
 * @throws AnswerTooLarge if all values together have more than `mostBytes`
 */
export function writeIntrospection(schema: GraphQLSchema, request: IntrospectionRequest, mostBytes: number): IntrospectionAnswer {
  const { document, operationName, variables } = request
  const operation = getOperationAST(document, operationName)
  if (!operation) throw new Error('An operation was expected')
  const { coerced } = getVariableValues(schema, operation.variableDefinitions ?? [], variables)
  const fragments = document.definitions.filter((node) => node.kind === Kind.FRAGMENT_DEFINITION)
  const info = {
    schema,
    operation,
    fragments: Object.fromEntries(fragments.map((node) => [node.name.value, node])),
    variableValues: coerced ?? {},
  } as unknown as GraphQLResolveInfo
  const roots = [...rootFields(info)].filter(([, [node]]) => ROOTS.has(node!.name.value))
  let left = mostBytes
  const answers = roots.map(([key, nodes]) => {
    const writer = new Writer(info, left)
    const pieces = writer.write(nodes)
    left = writer.left
    return [key, pieces] as const
  })
  return Object.fromEntries(answers)
}

/** A field of a selection, prepared once for all values. */
interface Step {
  /** `"key":` */
  readonly key: string
  readonly field: GraphQLField<unknown, unknown>
  readonly args: Record<string, unknown>
  readonly nodes: readonly FieldNode[]
}

class Writer {
  left: number
  readonly #info: GraphQLResolveInfo
  readonly #steps = new Map<readonly FieldNode[], readonly Step[]>()
  readonly #pieces: Uint8Array[] = []
  #text = ''

  constructor(info: GraphQLResolveInfo, mostBytes: number) {
    this.#info = info
    this.left = mostBytes
  }

  write(nodes: readonly FieldNode[]): readonly Uint8Array[] {
    const step = this.#step('', ROOTS.get(nodes[0]!.name.value)!, nodes)
    this.#field(step, undefined)
    this.#flush()
    return this.#pieces
  }

  #step(key: string, field: GraphQLField<unknown, unknown>, nodes: readonly FieldNode[]): Step {
    return { key, field, args: getArgumentValues(field, nodes[0]!, this.#info.variableValues), nodes }
  }

  #field({ key, field, args, nodes }: Step, parent: unknown): void {
    this.#text += key
    this.#value(field.type, nodes, field.resolve!(parent, args, undefined, this.#info))
    if (this.#text.length > PIECE) this.#flush()
  }

  #value(type: GraphQLOutputType, nodes: readonly FieldNode[], value: unknown): void {
    if (isNonNullType(type)) this.#value(type.ofType, nodes, value)
    else if (value === null || value === undefined) this.#text += 'null'
    else if (isLeafType(type)) this.#text += JSON.stringify(type.serialize(value))
    else if (isListType(type)) this.#list(type.ofType, nodes, value as readonly unknown[])
    else if (isObjectType(type)) this.#object(type, nodes, value)
  }

  #list(type: GraphQLOutputType, nodes: readonly FieldNode[], values: readonly unknown[]): void {
    this.#text += '['
    for (const [index, value] of values.entries()) {
      if (index > 0) this.#text += ','
      this.#value(type, nodes, value)
    }
    this.#text += ']'
  }

  #object(type: GraphQLObjectType, nodes: readonly FieldNode[], value: unknown): void {
    let before = '{'
    for (const step of this.#stepsOf(type, nodes)) {
      this.#text += before
      this.#field(step, value)
      before = ','
    }
    this.#text += before === '{' ? '{}' : '}'
  }

  #stepsOf(type: GraphQLObjectType, nodes: readonly FieldNode[]): readonly Step[] {
    const known = this.#steps.get(nodes)
    if (known) return known
    const steps = [...selectedFields(nodes, this.#info)].map(([key, inner]) => {
      const { value: name } = inner[0]!.name
      return this.#step(`${JSON.stringify(key)}:`, type.getFields()[name] ?? typeNameOf(type), inner)
    })
    this.#steps.set(nodes, steps)
    return steps
  }

  #flush(): void {
    // Its own memory, so that it can be transferred to another thread.
    const piece = ENCODER.encode(this.#text)
    this.#text = ''
    this.left -= piece.byteLength
    if (this.left < 0) throw new AnswerTooLarge()
    this.#pieces.push(piece)
  }
}

/** Returns the field `__typename` of an introspection type. None of them is abstract. */
function typeNameOf({ name }: GraphQLObjectType): GraphQLField<unknown, unknown> {
  return { ...TypeNameMetaFieldDef, resolve: () => name }
}
