/** The types of a layer's groups: their keys and figures with the columns as fields, and the arguments that name columns. */
import { type GraphQLArgument, type GraphQLEnumType, type GraphQLInputType, type GraphQLSchema, getNullableType } from 'graphql'
import { valuesOf } from '../../ask/values/values-of.ts'
import type { FieldType } from '../../model/field-type.ts'
import {
  argument,
  type Field,
  field,
  inputField,
  LazyInputType,
  LazyObjectType,
  likeGeneric,
  listOf,
  required,
} from './definitions.ts'
import { figuresType } from './figure-types.ts'
import type { TypedColumn, TypedSource } from './layer-types.ts'

/** The parts of a layer that determine the types of its groups. */
export interface GroupSource {
  readonly layer: TypedSource
  /** The beginning of the names of types. */
  readonly prefix: string
  readonly generic: GraphQLSchema
  readonly columns: () => ReadonlyMap<string, TypedColumn>
  /** The enum of columns that have an order. Null if there are none. */
  readonly ordered: GraphQLEnumType | null
  /** Returns the enum of some columns. */
  readonly columnEnum: (name: string, description: string, has: (type: FieldType) => boolean) => GraphQLEnumType | null
}

/** Columns with values that tend to repeat. As a field of a group, such a column is its key, and any other its figures. */
const KEYS: ReadonlySet<string> = new Set<FieldType['kind']>(['utf8', 'bool', 'dictionary', 'uuid'])

/** Names of a group's own fields, which no column's field has. */
const OWN: ReadonlySet<string> = new Set(['keys', 'aggregates', 'count', 'time', 'cell', 'geometry'])

/** A type whose fields are keys and figures of columns. */
export class ColumnsType extends LazyObjectType {
  readonly #columns: () => ReadonlyMap<string, TypedColumn>

  constructor(name: string, description: string, { columns }: Pick<GroupSource, 'columns'>, fields: () => readonly Field[]) {
    super({ name, description, fields })
    this.#columns = columns
  }

  /** Returns the column of a field. Undefined for a field that every group has. */
  columnOf(field: string): TypedColumn | undefined {
    return this.#columns().get(field)
  }
}

/** The type of a layer's groups. */
export class GroupType extends ColumnsType {
  override columnOf(field: string): TypedColumn | undefined {
    return OWN.has(field) ? undefined : super.columnOf(field)
  }
}

export function groupType(source: GroupSource): GroupType {
  const { layer, prefix, generic, columns } = source
  const keyField = ({ column, name, output }: TypedColumn) =>
    field(name.field, getNullableType(output), `The value of the column \`${column.name}\`. Null without it in \`groupBy\`.`)
  const figuresField = ({ column, name }: TypedColumn) =>
    field(name.field, required(figuresType(column.type, generic)), `Figures of the column \`${column.name}\`.`)
  const list = () => [...columns().values()]
  const ordered = () => list().filter(({ column }) => valuesOf(column.type))
  const keys = new ColumnsType(`${prefix}Keys`, 'The keys of a group, by column.', source, () => ordered().map(keyField))
  const figures = new ColumnsType(`${prefix}Aggregates`, 'Figures of a group, by column.', source, () => list().map(figuresField))
  const isLeft = ({ name }: Field) =>
    !['keys', 'column', ...(layer.geometryColumn === null ? ['cell', 'geometry'] : [])].includes(name)
  const generics = () => Object.values((generic.getType('Group') as LazyObjectType).getFields()).filter(isLeft)
  return new GroupType(`${prefix}Group`, `A group of features of the layer \`${layer.name}\`.`, source, () => [
    ...(source.ordered ? [field('keys', required(keys), 'The values of the columns of `groupBy`.')] : []),
    ...(layer.columns.length > 0 ? [field('aggregates', required(figures), 'Figures of the columns.')] : []),
    ...generics(),
    ...list()
      .filter(({ name }) => !OWN.has(name.field))
      .map((column) => (KEYS.has(column.column.type.kind) ? keyField(column) : figuresField(column))),
  ])
}

/** Returns the types of the arguments that name columns. Null for an argument that no column of the layer fits. */
export function groupInputs(source: GroupSource): Readonly<Record<string, GraphQLInputType | null>> {
  const { prefix, ordered } = source
  const times = source.columnEnum(
    `${prefix}Moment`,
    'with dates or timestamps',
    ({ kind }) => kind === 'date' || kind === 'timestamp',
  )
  const input = (of: string, column: GraphQLInputType | null) => {
    const type = source.generic.getType(of) as LazyInputType
    return new LazyInputType(`${prefix}${of}`, type.description ?? '', () =>
      Object.values(type.getFields()).flatMap((member) => {
        if (member.name === 'path') return []
        if (member.name !== 'column') return member
        return column ? inputField('column', of === 'TimeBucket' ? required(column) : column, 'The column.') : []
      }),
    )
  }
  return {
    groupBy: ordered,
    time: times && input('TimeBucket', times),
    having: input('GroupCondition', ordered),
    orderBy: input('GroupOrder', ordered),
  }
}

/** Returns the arguments of a root field from those of the generic one. */
export function groupArguments(
  { layer }: GroupSource,
  types: ReturnType<typeof groupInputs>,
  where: GraphQLArgument,
  generic: readonly GraphQLArgument[],
): GraphQLArgument[] {
  return generic.flatMap((given) => {
    const { name } = given
    if (name === 'layer' || (name === 'cell' && layer.geometryColumn === null)) return []
    if (name === 'where') return where
    const type = types[name]
    if (type === undefined) return given
    return type ? argument(name, listOf(type), given.description ?? null) : []
  })
}

/** Returns the page and the batch of groups. */
export function groupResults({ prefix, generic }: GroupSource, group: GroupType) {
  const rows = { rows: required(listOf(group)) }
  return {
    connection: likeGeneric(generic, 'GroupConnection', `${prefix}GroupConnection`, rows),
    batch: likeGeneric(generic, 'GroupBatch', `${prefix}GroupBatch`, rows),
  }
}
