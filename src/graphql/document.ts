/** From an operation's text to a document that has been checked. */
import {
  type DocumentNode,
  GraphQLError,
  type GraphQLSchema,
  NoSchemaIntrospectionCustomRule,
  type ParseOptions,
  parse,
  type Source,
  specifiedRules,
  type ValidationRule,
  validate,
} from 'graphql'
import { limitOperation, type OperationLimits } from './limits.ts'
import { wholeSubscriptionRoot } from './subscription-root.ts'

export interface DocumentOptions {
  readonly limits: OperationLimits
  /** Whether the schema may be asked for. */
  readonly introspection: boolean
}

export class DocumentReader {
  readonly #tokens: number
  readonly #limits: readonly ValidationRule[]
  readonly #rules: readonly ValidationRule[]

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
   * What is larger than a limit is not looked at further. Names that are near to a wrong one are not told: they would give away the schema where
   * introspection is off.
   */
  readonly validate = (schema: GraphQLSchema, document: DocumentNode): readonly GraphQLError[] => {
    try {
      const beyond = validate(schema, document, this.#limits)
      return beyond.length > 0 ? beyond : validate(schema, document, this.#rules, { maxErrors: 20, hideSuggestions: true })
    } catch (error) {
      if (error instanceof RangeError) return [tooDeep()]
      throw error
    }
  }

  #tooManyTokens(): GraphQLError {
    return limitExceeded(`Tokens: at most ${this.#tokens} are allowed (--max-tokens); hand long values over as variables.`)
  }
}

/** The parser and the rules go down by recursion: what is too deep for them is so before any limit has measured it. */
function tooDeep(): GraphQLError {
  return limitExceeded('The operation is nested too deeply; ask for fewer levels.')
}

/** Each error of an operation counts the lines before its place, 40 ns each, and there may be twenty, told twice. */
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
