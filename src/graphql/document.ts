/** From an operation's text to a document that has been checked. */
import {
  type DocumentNode,
  GraphQLError,
  type GraphQLSchema,
  type ParseOptions,
  parse,
  type Source,
  specifiedRules,
  type ValidationRule,
  validate,
} from 'graphql'
import { limitOperation, MOST_TOKENS } from './limits.ts'

const RULES: readonly ValidationRule[] = [limitOperation, ...specifiedRules]

/** Throws GraphQLError. */
export function parseDocument(source: string | Source, options?: ParseOptions): DocumentNode {
  try {
    return parse(source, { ...options, maxTokens: MOST_TOKENS })
  } catch (error) {
    throw error instanceof GraphQLError && error.message.includes('tokens') ? tooManyTokens() : error
  }
}

export function validateDocument(schema: GraphQLSchema, document: DocumentNode): readonly GraphQLError[] {
  return validate(schema, document, RULES, { maxErrors: 20 })
}

function tooManyTokens(): GraphQLError {
  return new GraphQLError(`Tokens: at most ${MOST_TOKENS} are allowed; hand long values over as variables.`, {
    extensions: { code: 'LIMIT_EXCEEDED' },
  })
}
