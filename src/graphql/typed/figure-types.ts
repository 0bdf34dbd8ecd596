/** The types of a column's figures: `ColumnAggregates` with the scalars of the column. All layers share them. */
import { GraphQLList, GraphQLNonNull, type GraphQLObjectType, type GraphQLOutputType, type GraphQLSchema } from 'graphql'
import { valuesOf } from '../../ask/values/values-of.ts'
import { type FieldType, isJson } from '../../model/field-type.ts'
import { scalarOf } from './column-type.ts'
import { likeGeneric } from './definitions.ts'

/** Figures of numbers only. */
const OF_NUMBERS: ReadonlySet<string> = new Set(['sum', 'avg', 'stddev', 'histogram'])
/** Figures of any values. The others compare values. */
const OF_ANY: ReadonlySet<string> = new Set(['count', 'first', 'last'])

interface Figures {
  /** The beginning of the type's name. The name ends with `Figures`, as no type of a layer does. */
  readonly name: string
  /** The scalar of a value. */
  readonly value: string
  /** The scalar of the sum. Null if the values are no numbers. */
  readonly sum: string | null
  /** The scalar of the least and the largest value. Null if values cannot be compared. */
  readonly extreme: string | null
}

function figuresOf(type: FieldType): Figures {
  if (isJson(type)) return { name: 'JSON', value: 'JSON', sum: 'Float', extreme: 'Float' }
  if (!valuesOf(type)) return { name: 'Any', value: 'JSON', sum: null, extreme: null }
  const { output } = scalarOf(type)
  const of = (name: string, sum: string | null): Figures => ({ name, value: output, sum, extreme: output })
  switch (type.kind) {
    case 'int':
      return of(output === 'Float' ? 'UnsignedInt' : output, 'BigInt')
    case 'float':
      return of('Float', 'Float')
    case 'decimal':
      return of(output === 'Float' ? 'ShortDecimal' : 'Decimal', 'String')
    default:
      return of(output, null)
  }
}

const made = new WeakMap<GraphQLSchema, Map<string, GraphQLObjectType>>()

/** Returns the type of the figures of a column. */
export function figuresType(type: FieldType, generic: GraphQLSchema): GraphQLObjectType {
  const figures = figuresOf(type)
  const types = made.get(generic) ?? new Map<string, GraphQLObjectType>()
  made.set(generic, types)
  const known = types.get(figures.name) ?? make(figures, generic)
  types.set(figures.name, known)
  return known
}

function make({ name, value, sum, extreme }: Figures, generic: GraphQLSchema): GraphQLObjectType {
  const scalar = (type: string) => generic.getType(type) as GraphQLOutputType
  const count = likeGeneric(generic, 'ValueCount', `${name}ValueCount`, { value: new GraphQLNonNull(scalar(value)) })
  const types: Record<string, GraphQLOutputType> = {
    first: scalar(value),
    last: scalar(value),
    values: new GraphQLNonNull(new GraphQLList(new GraphQLNonNull(count))),
    ...(extreme && {
      min: scalar(extreme),
      max: scalar(extreme),
      quantiles: new GraphQLList(scalar(sum === null ? extreme : 'Float')),
    }),
    ...(sum && { sum: scalar(sum) }),
  }
  const has = (figure: string) => OF_ANY.has(figure) || (OF_NUMBERS.has(figure) ? sum !== null : extreme !== null)
  return likeGeneric(generic, 'ColumnAggregates', `${name}Figures`, types, has)
}
