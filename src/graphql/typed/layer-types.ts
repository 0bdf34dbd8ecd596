/** Makes the types and root fields of one layer from its description. It keeps no state: the same layer gives the same types. */
import {
  GraphQLEnumType,
  type GraphQLInputField,
  type GraphQLInputType,
  type GraphQLInterfaceType,
  GraphQLList,
  type GraphQLOutputType,
  type GraphQLSchema,
} from 'graphql'
import { valuesOf } from '../../ask/values/values-of.ts'
import type { FieldMember, FieldType } from '../../model/field-type.ts'
import { inPascalCase } from '../../model/graphql-name.ts'
import { type Field as Column, identityOf, type Layer, MOST_ENUM_VALUES } from '../../model/layer.ts'
import { changesType } from './change-types.ts'
import { isNeverNull, listFilterOf, scalarOf } from './column-type.ts'
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
import { type GroupSource, groupArguments, groupInputs, groupResults, groupType } from './group-types.ts'
import { labelsOf } from './labels.ts'
import { type ColumnName, columnNames, type LayerName, memberNames } from './names.ts'
import { type TypedFilter, typedResolvers } from './root-fields.ts'
import { writeFields } from './writes.ts'

/** The part of a layer that its types depend on. */
export type TypedSource = Pick<Layer, 'name' | 'names' | 'columns' | 'geometryColumn' | 'tailoring' | 'isWritable'> & {
  /** Only live layers have changes. */
  readonly relation?: Pick<Layer['relation'], 'kind'>
}

/** The types and root fields of a layer. All other types of the layer are reached from these. */
export interface TypedLayer {
  readonly feature: FeatureType
  readonly query: readonly Field[]
  readonly subscription: readonly Field[]
  readonly mutation: readonly Field[]
}

export function typedLayer(layer: TypedSource, name: LayerName, generic: GraphQLSchema): TypedLayer {
  return new LayerTypes(layer, name, generic).typed
}

/** A column with its names and types. */
export interface TypedColumn {
  readonly column: Column
  readonly name: ColumnName
  readonly output: GraphQLOutputType
  readonly filter: GraphQLInputType
  /** The texts of its values in GraphQL, if some differ. */
  readonly labels: readonly (readonly [value: string, text: string])[] | null
}

/** The feature type of a layer. Fields that all features have are shared by all layers. */
export class FeatureType extends LazyObjectType {
  /** The name that identifies the layer. */
  readonly layer: string
  readonly #columns: () => ReadonlyMap<string, TypedColumn>

  constructor(name: string, layer: TypedSource, generic: GraphQLSchema, columns: () => ReadonlyMap<string, TypedColumn>) {
    const interfaces = ['Feature', 'Node'].map((type) => generic.getType(type) as GraphQLInterfaceType)
    super({
      name,
      description: described(`A feature of the layer \`${layer.name}\`.`, layer.tailoring?.description),
      interfaces,
      fields: () => [...Object.values(interfaces[0]!.getFields()), ...[...columns().values()].map(columnField)],
    })
    this.layer = identityOf(layer)
    this.#columns = columns
  }

  /** Returns the column of a field. Undefined for a field that every feature has. */
  columnOf(field: string): TypedColumn | undefined {
    return this.#columns().get(field)
  }
}

/** The type of a struct. */
export class StructType extends LazyObjectType {
  readonly #members: readonly FieldMember[]

  constructor(name: string, members: readonly FieldMember[], fields: () => readonly Field[]) {
    super({ name, description: 'The members of a struct.', fields })
    this.#members = members
  }

  /** Returns the place of a field's member in the struct. */
  indexOf(field: string): number {
    const names = memberNames(this.#members)
    return this.#members.findIndex(({ name }) => names.get(name)!.field === field)
  }
}

function columnField({ column, name, output }: TypedColumn): Field {
  return field(name.field, output, descriptionOf(column))
}

function descriptionOf({ name, native, description }: Column): string {
  return described(`The column \`${name}\` (${shortened(native)}).`, description)
}

function described(plain: string, text: string | null | undefined): string {
  return text ? `${text}\n\n${plain}` : plain
}

/** Characters of a type in a description. The type of a struct may be very long. */
const LONGEST_TYPE = 100

function shortened(native: string): string {
  return native.length > LONGEST_TYPE ? `${native.slice(0, LONGEST_TYPE)}…` : native
}

class LayerTypes {
  readonly #layer: TypedSource
  readonly #name: LayerName
  readonly #generic: GraphQLSchema
  #columns: ReadonlyMap<string, TypedColumn> | undefined

  constructor(layer: TypedSource, name: LayerName, generic: GraphQLSchema) {
    this.#layer = layer
    this.#name = name
    this.#generic = generic
  }

  get typed(): TypedLayer {
    const { name: layer, tailoring } = this.#layer
    const { field: root, type } = this.#name
    const feature = new FeatureType(`${type}Feature`, this.#layer, this.#generic, () => this.#typedColumns())
    const filter = new LazyInputType(`${type}Filter`, FILTER, () => this.#filterFields(filter))
    const where = argument('where', filter, 'Selects features. Without it, all features match.')
    const ordered = this.#columnEnum(`${type}Column`, 'that have an order', (type) => valuesOf(type) !== null)
    const order = this.#order(ordered)
    const asked = [where, ...(order ? [argument('orderBy', listOf(order), ORDER)] : [])]
    const edge = likeGeneric(this.#generic, 'FeatureEdge', `${type}Edge`, { node: required(feature) })
    const features = { features: required(listOf(feature)) }
    const edges = { edges: required(listOf(edge)) }
    const connection = likeGeneric(this.#generic, 'FeatureConnection', `${type}Connection`, { ...features, ...edges })
    const batch = likeGeneric(this.#generic, 'FeatureBatch', `${type}Batch`, features)
    const groups: GroupSource = {
      layer: this.#layer,
      prefix: type,
      generic: this.#generic,
      columns: () => this.#typedColumns(),
      ordered,
      columnEnum: (name, description, has) => this.#columnEnum(name, description, has),
    }
    const inputs = groupInputs(groups)
    const results = groupResults(groups, groupType(groups))
    const writes = { layer, name: this.#name, generic: this.#generic, filter, columns: () => this.#typedColumns() }
    const resolvers = typedResolvers(layer, (filter) => this.#filterOf(filter))
    const text = described(`Features of the layer \`${layer}\`.`, tailoring?.description ?? tailoring?.title)
    return {
      feature,
      mutation: this.#layer.isWritable ? writeFields({ ...writes, filterOf: (filter) => this.#filterOf(filter) }) : [],
      query: [
        field(root, required(connection), text, {
          args: [...asked, ...this.#sharedArguments('getQueryType', 'features', ['first', 'after', 'deadline'])],
          resolve: resolvers.features,
        }),
        field(`${root}Feature`, feature, `One feature of the layer \`${layer}\`. Null if it has no feature with this key.`, {
          args: this.#sharedArguments('getQueryType', 'feature', ['id']).map((id) => ({ ...id, name: 'key' })),
          resolve: resolvers.feature,
        }),
        field(`${root}Aggregate`, required(results.connection), `Groups of features of the layer \`${layer}\`, with figures.`, {
          args: groupArguments(groups, inputs, where, this.#arguments('getQueryType', 'aggregate')),
          resolve: resolvers.groups,
        }),
        ...(this.#layer.geometryColumn === null
          ? []
          : [
              field(
                `${root}Nearest`,
                required(connection),
                `The nearest features of the layer \`${layer}\`, the nearest first.`,
                {
                  args: this.#arguments('getQueryType', 'nearest').flatMap((given) =>
                    given.name === 'layer' ? [] : given.name === 'where' ? where : given,
                  ),
                  resolve: resolvers.nearest,
                },
              ),
            ]),
      ],
      subscription: [
        field(root, required(batch), text, {
          args: [
            ...asked,
            ...this.#sharedArguments('getSubscriptionType', 'featureBatches', ['batchSize', 'limit', 'after', 'deadline']),
          ],
          ...resolvers.batches,
        }),
        field(`${root}Aggregate`, required(results.batch), `Groups of features of the layer \`${layer}\`, with figures.`, {
          args: groupArguments(groups, inputs, where, this.#arguments('getSubscriptionType', 'aggregateBatches')),
          ...resolvers.groupBatches,
        }),
        ...(this.#layer.relation?.kind === 'live'
          ? [
              field(
                `${root}Changes`,
                required(changesType(type, features.features, this.#generic)),
                `The features of the live layer \`${layer}\`, and then their changes as they happen, as in \`changes\`.`,
                {
                  args: [
                    where,
                    ...this.#sharedArguments('getSubscriptionType', 'changes', ['since', 'maxPerSecond', 'batchSize']),
                  ],
                  ...resolvers.changes,
                },
              ),
            ]
          : []),
      ],
    }
  }

  #sharedArguments(root: 'getQueryType' | 'getSubscriptionType', of: string, names: readonly string[]) {
    return this.#arguments(root, of).filter(({ name }) => names.includes(name))
  }

  #arguments(root: 'getQueryType' | 'getSubscriptionType', of: string) {
    return this.#generic[root]()!.getFields()[of]!.args
  }

  #typedColumns(): ReadonlyMap<string, TypedColumn> {
    if (this.#columns) return this.#columns
    const names = columnNames(this.#layer)
    this.#columns = new Map(
      this.#layer.columns.map((column) => {
        const name = names.get(column.name)!
        return [name.field, this.#typedColumn(column, name)]
      }),
    )
    return this.#columns
  }

  #typedColumn(column: Column, name: ColumnName): TypedColumn {
    const { type, nullable } = column
    const texts = column.values ?? (type.kind === 'dictionary' ? type.values : [])
    const path = `_${inPascalCase(name.field)}`
    const labels = texts.length <= MOST_ENUM_VALUES ? labelsOf(texts) : null
    const [output, filter] = labels ? this.#enum(path, labels, column) : [this.#output(type, path), this.#filter(type, path)]
    return {
      column,
      name,
      output: nullable || !isNeverNull(type) ? output : required(output),
      filter,
      labels: labels?.some(([value, label]) => value !== label) ? labels : null,
    }
  }

  #enum(path: string, labels: Labels, column: Column): [GraphQLOutputType, GraphQLInputType] {
    const values = Object.fromEntries(
      labels.map(([value, label]) => [
        label,
        { value, description: value === label ? undefined : `The value ${JSON.stringify(value)}.` },
      ]),
    )
    const type = new GraphQLEnumType({ name: `${this.#name.type}${path}`, description: descriptionOf(column), values })
    const filter = new LazyInputType(`${this.#name.type}Filter${path}`, `A comparison of an enum value. ${TESTS}`, () => [
      inputField('eq', type, 'Equal to.'),
      inputField('ne', type, 'Not equal to.'),
      inputField('in', new GraphQLList(required(type)), 'Equal to one of these.'),
      inputField('isNull', this.#shared('Boolean'), IS_NULL),
    ])
    return [type, filter]
  }

  #output(type: FieldType, path: string): GraphQLOutputType {
    if (type.kind === 'list') return new GraphQLList(this.#output(type.child, path))
    if (type.kind !== 'struct' || type.fields.length === 0) return this.#shared(scalarOf(type).output)
    const names = memberNames(type.fields)
    return new StructType(`${this.#name.type}${path}`, type.fields, () =>
      type.fields.map((member) => {
        const { field: name } = names.get(member.name)!
        return field(name, this.#output(member.type, `${path}_${inPascalCase(name)}`), memberText(member))
      }),
    )
  }

  #filter(type: FieldType, path: string): GraphQLInputType {
    if (type.kind === 'list') return this.#shared(listFilterOf(type.child))
    if (type.kind !== 'struct' || type.fields.length === 0) return this.#shared(scalarOf(type).filter)
    const names = memberNames(type.fields)
    return new LazyInputType(`${this.#name.type}Filter${path}`, `A filter by members of a struct. ${TESTS}`, () => [
      ...type.fields.map((member) => {
        const { field: name } = names.get(member.name)!
        return inputField(name, this.#filter(member.type, `${path}_${inPascalCase(name)}`), memberText(member))
      }),
      inputField('isNull', this.#shared('Boolean'), IS_NULL),
    ])
  }

  #filterFields(filter: GraphQLInputType): readonly GraphQLInputField[] {
    const list = new GraphQLList(required(filter))
    const columns = [...this.#typedColumns().values()]
    return [
      inputField('and', list, 'True if all of these filters are true.'),
      inputField('or', list, 'True if at least one of these filters is true.'),
      inputField('not', filter, 'True if this filter is false. A comparison with null is neither true nor false.'),
      ...(this.#layer.geometryColumn === null
        ? []
        : [inputField('geometry', this.#shared('GeometryFilter'), 'True if this filter by geometry is true.')]),
      ...columns.map(({ column, name, filter }) => inputField(name.field, filter, descriptionOf(column))),
    ]
  }

  /** Returns the input of a sort key. Null if there is nothing to sort by. */
  #order(by: GraphQLEnumType | null): GraphQLInputType | null {
    const hasGeometry = this.#layer.geometryColumn !== null
    if (!by && !hasGeometry) return null
    const generic = this.#generic.getType('FeatureOrder') as LazyInputType
    const { distance, direction, nulls } = generic.getFields()
    return new LazyInputType(`${this.#name.type}Order`, 'One sort key.', () => {
      const column = by && inputField('by', hasGeometry ? by : required(by), 'The column.')
      return [...(column ? [column] : []), ...(hasGeometry ? [distance!] : []), direction!, nulls!]
    })
  }

  /** Returns an enum of the columns whose type `has` accepts. Null if there are none. */
  #columnEnum(name: string, which: string, has: (type: FieldType) => boolean): GraphQLEnumType | null {
    const columns = this.#layer.columns.filter(({ type }) => has(type))
    if (columns.length === 0) return null
    return new GraphQLEnumType({
      name,
      description: `The columns of the layer \`${this.#layer.name}\` ${which}.`,
      values: () => {
        const names = columnNames(this.#layer)
        return Object.fromEntries(
          columns.map((column) => [names.get(column.name)!.value, { value: column.name, description: descriptionOf(column) }]),
        )
      },
    })
  }

  /** Returns a type of the generic schema that is a scalar or an input. */
  #shared(name: string): GraphQLOutputType & GraphQLInputType {
    return this.#generic.getType(name) as GraphQLOutputType & GraphQLInputType
  }

  /** Finds the member of a typed filter. */
  #filterOf(field: string): TypedFilter | undefined {
    const typed = this.#typedColumns().get(field)
    return typed && { name: typed.column.name, type: typed.column.type }
  }
}

type Labels = NonNullable<ReturnType<typeof labelsOf>>

const FILTER =
  'A filter for features. A feature matches if every given member is true for it. An empty filter matches every feature. A member that is null is refused.'
/** Describes a comparison as the generic schema does. */
const TESTS = 'It is true if every given member is true. At least one must be given, and null is refused.'
const ORDER =
  'Sort keys, the most significant first. Without any, features have the natural order of the source, which also breaks ties.'
const IS_NULL = 'Null (true) or not null (false).'

function memberText({ name }: FieldMember): string {
  return `The member \`${name}\`.`
}
