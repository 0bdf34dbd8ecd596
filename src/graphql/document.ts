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
  readonly #rules: readonly ValidationRule[]

  constructor({ limits, introspection }: DocumentOptions) {
    this.#tokens = limits.tokens
    const own = [limitOperation(limits), wholeSubscriptionRoot]
    this.#rules = [...own, ...(introspection ? [] : [NoSchemaIntrospectionCustomRule]), ...specifiedRules]
  }

  /** Throws GraphQLError. */
  readonly parse = (source: string | Source, options?: ParseOptions): DocumentNode => {
    try {
      return parse(source, { ...options, maxTokens: this.#tokens })
    } catch (error) {
      if (error instanceof RangeError) throw tooDeep()
      throw error instanceof GraphQLError && error.message.includes('tokens') ? this.#tooManyTokens() : error
    }
  }

  /** Names that are near to a wrong one are not told: they would give away the schema where introspection is off. */
  readonly validate = (schema: GraphQLSchema, document: DocumentNode): readonly GraphQLError[] => {
    try {
      return validate(schema, document, this.#rules, { maxErrors: 20, hideSuggestions: true })
    } catch (error) {
      if (error instanceof RangeError) return [tooDeep()]
      throw error
    }
  }

  #tooManyTokens(): GraphQLError {
    return new GraphQLError(`Tokens: at most ${this.#tokens} are allowed (--max-tokens); hand long values over as variables.`, {
      extensions: { code: 'LIMIT_EXCEEDED' },
    })
  }
}

/** The parser and the rules go down by recursion: what is too deep for them is so before any limit has measured it. */
function tooDeep(): GraphQLError {
  return new GraphQLError('The operation is nested too deeply; ask for fewer levels.', { extensions: { code: 'LIMIT_EXCEEDED' } })
}
