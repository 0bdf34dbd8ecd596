import { type ASTVisitor, GraphQLError, Kind, type SelectionSetNode, type ValidationContext } from 'graphql'

/**
 * No `@skip` or `@include` at a subscription's root, as the GraphQL specification has it since 2025: without its one field it is no subscription,
 * and graphql-js 16 throws a TypeError.
 */
export function wholeSubscriptionRoot(context: ValidationContext): ASTVisitor {
  const seen = new Set<string>()

  function check({ selections }: SelectionSetNode): void {
    for (const node of selections) {
      const conditional = node.directives?.find(({ name }) => name.value === 'skip' || name.value === 'include')
      if (conditional) {
        const message = `\`@${conditional.name.value}\` can't stand at the root of a subscription: it selects exactly one field, always.`
        context.reportError(new GraphQLError(message, { nodes: conditional }))
      }
      if (node.kind === Kind.INLINE_FRAGMENT) check(node.selectionSet)
      if (node.kind === Kind.FRAGMENT_SPREAD && !seen.has(node.name.value)) {
        seen.add(node.name.value)
        const fragment = context.getFragment(node.name.value)
        if (fragment) check(fragment.selectionSet)
      }
    }
  }

  return {
    OperationDefinition({ operation, selectionSet }) {
      seen.clear()
      if (operation === 'subscription') check(selectionSet)
    },
  }
}
