/** Parses and validates the text of an operation. */
import {
  type ASTVisitor,
  type DocumentNode,
  type FragmentDefinitionNode,
  GraphQLError,
  type GraphQLSchema,
  Kind,
  NoSchemaIntrospectionCustomRule,
  type ParseOptions,
  parse,
  type SelectionSetNode,
  type Source,
  specifiedRules,
  type ValidationContext,
  type ValidationRule,
  validate,
} from 'graphql'
import type { CurrentSchema } from './current-schema.ts'
import { wholeSubscriptionRoot } from './execute.ts'

export interface DocumentOptions {
  readonly limits: OperationLimits
  /** True if clients may query the schema. */
  readonly introspection: boolean
}

/** Schemas of documents. */
export type Slices = Pick<CurrentSchema, 'slice'>

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
      return { slice, errors: this.#errorsOf(slice, document) }
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
