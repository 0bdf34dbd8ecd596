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
    this.#rules = [limitOperation(limits), ...(introspection ? [] : [NoSchemaIntrospectionCustomRule]), ...specifiedRules]
  }

  /** Throws GraphQLError. */
  readonly parse = (source: string | Source, options?: ParseOptions): DocumentNode => {
    try {
      return parse(source, { ...options, maxTokens: this.#tokens })
    } catch (error) {
      throw error instanceof GraphQLError && error.message.includes('tokens') ? this.#tooManyTokens() : error
    }
  }

  /** Names that are near to a wrong one are not told: they would give away the schema where introspection is off. */
  readonly validate = (schema: GraphQLSchema, document: DocumentNode): readonly GraphQLError[] =>
    validate(schema, document, this.#rules, { maxErrors: 20, hideSuggestions: true })

  #tooManyTokens(): GraphQLError {
    return new GraphQLError(`Tokens: at most ${this.#tokens} are allowed (--max-tokens); hand long values over as variables.`, {
      extensions: { code: 'LIMIT_EXCEEDED' },
    })
  }
}
