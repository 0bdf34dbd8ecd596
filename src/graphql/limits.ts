/** Bounds on the text of an operation, so that a small request cannot ask for a large amount of work before a single row is read. */
import {
  type ASTVisitor,
  type FragmentDefinitionNode,
  GraphQLError,
  Kind,
  type SelectionSetNode,
  type ValidationContext,
  type ValidationRule,
} from 'graphql'

export interface OperationLimits {
  /** GraphiQL's introspection has 1,500. */
  readonly tokens: number
  /** Levels of fields, introspection aside: GraphiQL's is 15 deep. */
  readonly depth: number
  readonly aliases: number
  readonly rootFields: number
}

interface Size {
  readonly depth: number
  readonly aliases: number
  /** Fields of the set itself, through fragments. */
  readonly fields: number
}

/** A fragment is measured once, however often it is spread. */
export function limitOperation(limits: OperationLimits): ValidationRule {
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
        // Of introspection graphql-js bounds the depth itself (MaxIntrospectionDepthRule).
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
    // A fragment within itself is another rule's error.
    fragments.set(name, EMPTY)
    const size = measure(definition.selectionSet)
    fragments.set(name, size)
    return size
  }

  return {
    OperationDefinition(node) {
      const { depth, aliases, fields } = measure(node.selectionSet)
      const over = (what: string, is: number, most: number, flag: string) => {
        if (is > most) context.reportError(limitExceeded(`${what}: ${is} where at most ${most} are allowed (${flag}).`, node))
      }
      over('Levels of fields', depth, limits.depth, '--max-depth')
      over('Aliases', aliases, limits.aliases, '--max-aliases')
      over('Root fields', fields, limits.rootFields, '--max-root-fields')
    },
  }
}

const EMPTY: Size = { depth: 0, aliases: 0, fields: 0 }

function limitExceeded(
  message: string,
  nodes: GraphQLError['nodes'] extends readonly (infer Node)[] | undefined ? Node : never,
): GraphQLError {
  return new GraphQLError(message, { nodes, extensions: { code: 'LIMIT_EXCEEDED' } })
}
