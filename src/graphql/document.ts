/** Parses and validates the text of an operation, and finds the layers that it names. */
import {
  type ASTVisitor,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  GraphQLError,
  type GraphQLSchema,
  Kind,
  NoSchemaIntrospectionCustomRule,
  type OperationDefinitionNode,
  type ParseOptions,
  parse,
  type SelectionNode,
  type SelectionSetNode,
  type Source,
  specifiedRules,
  type TypeNode,
  type ValidationContext,
  type ValidationRule,
  type ValueNode,
  validate,
} from 'graphql'
import { layerOfId } from '../model/feature-id.ts'
import type { CurrentSchema } from './current-schema.ts'
import { wholeSubscriptionRoot } from './execute.ts'

export interface DocumentOptions {
  readonly limits: OperationLimits
  /** True if clients may query the schema. */
  readonly introspection: boolean
}

/** Schemas of documents. */
export type Slices = Pick<CurrentSchema, 'slice' | 'notReady'>

export interface CheckedDocument {
  readonly slice: GraphQLSchema | null
  readonly errors: readonly GraphQLError[]
}

export class DocumentReader {
  readonly #tokens: number
  readonly #limits: readonly ValidationRule[]
  readonly #rules: readonly ValidationRule[]
  /** Errors by schema and document, because clients send the same documents again. */
  readonly #validated = new WeakMap<GraphQLSchema, WeakMap<DocumentNode, readonly GraphQLError[]>>()

  constructor({ limits, introspection }: DocumentOptions) {
    this.#tokens = limits.tokens
    this.#limits = [limitOperation(limits)]
    this.#rules = [wholeSubscriptionRoot, ...(introspection ? [] : [NoSchemaIntrospectionCustomRule]), ...specifiedRules]
  }

  /** Throws GraphQLError. */
  readonly parse = (source: string | Source, options?: ParseOptions): DocumentNode => {
    if (hasManyLines(typeof source === 'string' ? source : source.body)) {
      throw limitExceeded(`Lines: at most ${MOST_LINES} are allowed in an operation's text.`)
    }
    try {
      return parse(source, { ...options, maxTokens: this.#tokens })
    } catch (error) {
      if (error instanceof RangeError) throw tooDeep()
      throw error instanceof GraphQLError && error.message.includes('tokens') ? this.#tooManyTokens() : error
    }
  }

  /**
   * Validates the document against its slice of the schema. The slice is null if the document is too large for one. Errors suggest no similar
   * names, because these would reveal the schema when introspection is off.
   */
  check(schema: Slices, document: DocumentNode, variables?: Readonly<Record<string, unknown>> | null): CheckedDocument {
    try {
      const slice = schema.slice(document, variables ?? {})
      const errors = this.#errorsOf(slice, document)
      const notReady = errors.length > 0 && !isBeyondLimit(errors) ? schema.notReady(document, variables ?? {}) : null
      return { slice, errors: notReady ? [new GraphQLError(notReady.message, { originalError: notReady })] : errors }
    } catch (error) {
      if (error instanceof RangeError) return { slice: null, errors: [tooDeep()] }
      if (error instanceof GraphQLError) return { slice: null, errors: [error] }
      throw error
    }
  }

  /** Returns the errors of the document. If it exceeds a limit, it is not validated further. */
  #errorsOf(slice: GraphQLSchema, document: DocumentNode): readonly GraphQLError[] {
    const known = this.#validated.get(slice)?.get(document)
    if (known) return known
    const beyond = validate(slice, document, this.#limits)
    const errors = beyond.length > 0 ? beyond : validate(slice, document, this.#rules, { maxErrors: 20, hideSuggestions: true })
    const ofSlice = this.#validated.get(slice) ?? new WeakMap<DocumentNode, readonly GraphQLError[]>()
    this.#validated.set(slice, ofSlice.set(document, errors))
    return errors
  }

  #tooManyTokens(): GraphQLError {
    return limitExceeded(`Tokens: at most ${this.#tokens} are allowed (--max-tokens); hand long values over as variables.`)
  }
}

/** Returns the error for a document that overflows the stack of the recursive parser or rules before a limit measures it. */
function tooDeep(): GraphQLError {
  return limitExceeded('The operation is nested too deeply; ask for fewer levels.')
}

/**
 * Most lines of an operation. Each error counts the lines before it, 40 ns per line; up to 20 errors are each written twice.
 */
export const MOST_LINES = 5_000

function hasManyLines(text: string): boolean {
  let lines = 0
  for (let at = text.search(/[\r\n]/); at >= 0 && at < text.length; at++) {
    const code = text.charCodeAt(at)
    if ((code === 0x0a || code === 0x0d) && ++lines > MOST_LINES) return true
  }
  return false
}

function isBeyondLimit(errors: readonly GraphQLError[]): boolean {
  return errors.some(({ extensions }) => extensions['code'] === 'LIMIT_EXCEEDED')
}

function limitExceeded(message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code: 'LIMIT_EXCEEDED' } })
}

/** Limits on the text of an operation, so that a small request cannot cause much work before a row is read. */
export interface OperationLimits {
  /** Most tokens. GraphiQL's introspection has 1,500. */
  readonly tokens: number
  /** Most levels of fields, without introspection. GraphiQL's introspection has 15. */
  readonly depth: number
  readonly aliases: number
  readonly rootFields: number
}

interface Size {
  readonly depth: number
  readonly aliases: number
  /** Fields of the selection set itself and of its fragments. */
  readonly fields: number
}

/** Measures the document. Each fragment is measured once, even if it is used often. */
function limitOperation(limits: OperationLimits): ValidationRule {
  return (context) => measuring(limits, context)
}

function measuring(limits: OperationLimits, context: ValidationContext): ASTVisitor {
  const fragments = new Map<string, Size>()

  function measure(set: SelectionSetNode): Size {
    let depth = 0
    let aliases = 0
    let fields = 0
    for (const node of set.selections) {
      if (node.kind === Kind.FIELD) {
        fields++
        const size = node.selectionSet ? measure(node.selectionSet) : EMPTY
        // graphql-js limits the depth of introspection itself (MaxIntrospectionDepthRule).
        depth = Math.max(depth, node.name.value.startsWith('__') ? 1 : size.depth + 1)
        aliases += size.aliases + (node.alias ? 1 : 0)
      } else {
        const size =
          node.kind === Kind.INLINE_FRAGMENT ? measure(node.selectionSet) : fragment(context.getFragment(node.name.value))
        depth = Math.max(depth, size.depth)
        aliases += size.aliases
        fields += size.fields
      }
    }
    return { depth, aliases, fields }
  }

  function fragment(definition: FragmentDefinitionNode | null | undefined): Size {
    if (!definition) return EMPTY
    const name = definition.name.value
    const measured = fragments.get(name)
    if (measured) return measured
    // Another rule reports a fragment that contains itself.
    fragments.set(name, EMPTY)
    const size = measure(definition.selectionSet)
    fragments.set(name, size)
    return size
  }

  return {
    OperationDefinition(node) {
      const { depth, aliases, fields } = measure(node.selectionSet)
      const over = (what: string, is: number, most: number, flag: string) => {
        if (is > most) context.reportError(tooMany(`${what}: ${is} where at most ${most} are allowed (${flag}).`, node))
      }
      over('Levels of fields', depth, limits.depth, '--max-depth')
      over('Aliases', aliases, limits.aliases, '--max-aliases')
      over('Root fields', fields, limits.rootFields, '--max-root-fields')
    },
  }
}

const EMPTY: Size = { depth: 0, aliases: 0, fields: 0 }

function tooMany(
  message: string,
  nodes: GraphQLError['nodes'] extends readonly (infer Node)[] | undefined ? Node : never,
): GraphQLError {
  return new GraphQLError(message, { nodes, extensions: { code: 'LIMIT_EXCEEDED' } })
}

/* The layers that a document names. Only they are in the schema of its operation. */

/** Finds layers by their names, and by the names of their types and root fields. Returns what identifies them. */
export interface TypedNames {
  /** Returns the layers to which a type of this name may belong. A longer layer name may begin with a shorter one. */
  ofType(type: string): readonly string[]
  /** Returns the layers to which a root field of this name may belong. */
  ofRootField(field: string): readonly string[]
  /** Returns the layers that ask for this name. */
  ofName(name: string): readonly string[]
}

export interface NamedLayers {
  /** Layers of which only the feature type is named: by a type condition, a `layer` argument, or an id. */
  readonly features: ReadonlySet<string>
  /** Layers whose other types or root fields are named. */
  readonly whole: ReadonlySet<string>
  /** Root fields of no layer: those of the generic part, and unknown ones. */
  readonly otherFields: ReadonlySet<string>
}

/** Arguments of root fields that name the layer of the features in the result. */
const LAYER_ARGUMENTS = new Set(['layer', 'objects'])
const ROOT_TYPES: ReadonlySet<string> = new Set(['Query', 'Mutation', 'Subscription'])
const FEATURE = 'Feature'

/**
 * Returns the layers that the document names. The document need not be valid. All of its operations are searched, because all
 * are validated. It descends without recursion, so no document can overflow the stack.
 */
export function namedLayers(
  { definitions }: DocumentNode,
  variables: Readonly<Record<string, unknown>>,
  names: TypedNames,
): NamedLayers {
  const features = new Set<string>()
  const whole = new Set<string>()
  const otherFields = new Set<string>()
  const operations = definitions.filter((node) => node.kind === Kind.OPERATION_DEFINITION)

  const nameType = (type: string) => {
    const named = type.endsWith(FEATURE) ? features : whole
    for (const layer of names.ofType(type)) named.add(layer)
  }
  const nameValue = (value: ValueNode, layerOf: (text: string) => string | null) => {
    for (const text of textsOf(value, operations, variables)) {
      for (const layer of names.ofName(layerOf(text) ?? '')) features.add(layer)
    }
  }
  const nameRootField = ({ name, arguments: given = [] }: FieldNode) => {
    const layers = names.ofRootField(name.value)
    if (layers.length === 0) otherFields.add(name.value)
    for (const layer of layers) whole.add(layer)
    for (const argument of given) {
      if (LAYER_ARGUMENTS.has(argument.name.value)) nameValue(argument.value, (text) => text)
      if (argument.name.value === 'id') nameValue(argument.value, layerOfId)
    }
  }

  const waiting: { readonly set: SelectionSetNode; readonly isRoot: boolean }[] = []
  const descend = (set: SelectionSetNode | undefined, isRoot: boolean) => set && waiting.push({ set, isRoot })
  for (const node of definitions) {
    if (node.kind === Kind.OPERATION_DEFINITION) {
      for (const { type } of node.variableDefinitions ?? []) nameType(namedType(type))
      descend(node.selectionSet, true)
    }
    if (node.kind === Kind.FRAGMENT_DEFINITION) {
      const type = node.typeCondition.name.value
      nameType(type)
      descend(node.selectionSet, ROOT_TYPES.has(type))
    }
  }
  const visit = (node: SelectionNode, isRoot: boolean) => {
    if (node.kind === Kind.FIELD) {
      if (isRoot) nameRootField(node)
      descend(node.selectionSet, false)
    }
    if (node.kind === Kind.INLINE_FRAGMENT) {
      if (node.typeCondition) nameType(node.typeCondition.name.value)
      descend(node.selectionSet, isRoot)
    }
  }
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    for (const node of next.set.selections) visit(node, next.isRoot)
  }
  return { features, whole, otherFields }
}

function namedType(type: TypeNode): string {
  let inner = type
  while (inner.kind !== Kind.NAMED_TYPE) inner = inner.type
  return inner.name.value
}

/** Returns the texts that the value may have: a literal, the value of a variable, or its default in any operation. */
function textsOf(
  value: ValueNode,
  operations: readonly OperationDefinitionNode[],
  variables: Readonly<Record<string, unknown>>,
): readonly string[] {
  if (value.kind === Kind.STRING) return [value.value]
  if (value.kind !== Kind.VARIABLE) return []
  const name = value.name.value
  const given = Object.hasOwn(variables, name) ? variables[name] : undefined
  const defaults = operations.flatMap(({ variableDefinitions = [] }) =>
    variableDefinitions.flatMap(({ variable, defaultValue }) =>
      variable.name.value === name && defaultValue?.kind === Kind.STRING ? [defaultValue.value] : [],
    ),
  )
  return typeof given === 'string' ? [given, ...defaults] : defaults
}
