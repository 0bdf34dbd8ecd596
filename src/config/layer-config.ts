/** A layer in the configuration file. */
import { z } from 'zod'
import { GRAPHQL_NAME, inCapitals, RESERVED_FIELDS } from '../model/graphql-name.ts'

/** The accepted values of a member, for people and for editors. */
export interface Member {
  readonly takes: string
  readonly description: string
  readonly schema: z.ZodType
}

type ColumnChoice = { readonly include: readonly string[] } | { readonly exclude: readonly string[] }

/** Not in the JSON schema, because some validators do not know `\p`. */
const LAYER_NAME = /^[\p{L}\p{M}\p{N}_][\p{L}\p{M}\p{N}_-]*$/u

const name = z.string().min(1)
const names = z.array(name).min(1)

const columns = z
  .strictObject({
    include: names.optional().describe('The columns that are shown; all others are hidden.'),
    exclude: names.optional().describe('The columns that are hidden; all others are shown.'),
  })
  .refine(({ include, exclude }) => (include === undefined) !== (exclude === undefined))
  .transform(({ include, exclude = [] }): ColumnChoice => (include ? { include } : { exclude }))

const geometry = z.strictObject({
  column: name.describe('The column of bytes with the geometry as WKB.'),
  covering: z
    .union([name, z.strictObject({ xmin: name, ymin: name, xmax: name, ymax: name })])
    .optional()
    .describe('What has the box of each geometry: a column with the members xmin, ymin, xmax and ymax, or four columns.'),
})

const GRAPHQL_NAME_TAKES = 'a name in camelCase, such as myRoads'
const graphqlName = z.string().regex(GRAPHQL_NAME)

const field = z.strictObject({
  graphqlName: graphqlName.optional().describe('The name of its field in GraphQL.'),
  description: z.string().optional().describe('The description of its field in GraphQL. It replaces the comment of the column.'),
  enum: z.boolean().optional().describe('True if its field in GraphQL is an enum of its values, which the check reads.'),
})

export const LAYER_MEMBERS = {
  name: {
    takes: 'letters, digits, _ and -, and a name that no other layer has',
    description: 'The name of the layer in GraphQL.',
    schema: name.refine((text) => LAYER_NAME.test(text)),
  },
  graphqlName: {
    takes: GRAPHQL_NAME_TAKES,
    description: 'The name of the root field of the layer in GraphQL, with which the names of its types begin.',
    schema: graphqlName.optional(),
  },
  fields: {
    takes: 'by column: graphqlName in camelCase, description, enum',
    description: 'The fields of columns in GraphQL, by the name of the column.',
    schema: z.record(name, field).optional(),
  },
  path: {
    takes: 'a file, a folder, a glob pattern or the address of a GeoParquet object',
    description: "The layer's file, database, folder of parts, pattern or address; relative to the configuration file's folder.",
    schema: name.optional(),
  },
  table: {
    takes: 'the name of a table, as table or schema.table',
    description:
      'The table of a database. Not needed if the database has only one. With `engine`: a table of it, without a path.',
    schema: name.optional(),
  },
  engine: {
    takes: 'the name of one of `engines`',
    description: 'The engine that gathers its rows, one of `engines`, of Parquet files (`path`) or a `table`. It needs a `key`.',
    schema: name.optional(),
  },
  geometry: {
    takes: 'a column, and covering: a column, or xmin, ymin, xmax and ymax',
    description: 'The geometry of a table of an engine. Without it, its rows have none.',
    schema: geometry.optional(),
  },
  key: {
    takes: 'the name of a column that is shown',
    description: 'The column of `Feature.key`. It is unique and never null, which the check proves.',
    schema: name.optional(),
  },
  columns: {
    takes: 'either include or exclude, each a list of names of columns',
    description: 'The columns that clients may use. Hidden columns cannot be read, filtered or sorted by.',
    schema: columns.optional(),
  },
  crs: {
    takes: 'an authority and a code, such as EPSG:25832',
    description: 'The CRS of the coordinates. It replaces the CRS of the source; nothing is transformed.',
    schema: z
      .string()
      .regex(/^[A-Za-z][\w.-]*:[\w.-]+$/)
      .optional(),
  },
  onInvalid: {
    takes: 'one of flag, repair, drop',
    description: 'The treatment of features with an invalid geometry: they are served unchanged, repaired, or excluded.',
    schema: z.enum(['flag', 'repair', 'drop']).optional(),
  },
  importance: {
    takes: 'the name of a column of numbers that is shown',
    description: 'The column by which vector tiles of low zooms choose features: those with the largest values are shown first.',
    schema: name.optional(),
  },
  title: { takes: 'text', description: 'The title of the layer for people.', schema: z.string().optional() },
  description: { takes: 'text', description: 'A description of the layer.', schema: z.string().optional() },
} as const satisfies Record<string, Member>

export const layerSchema = schemaOf(LAYER_MEMBERS)

/** Returns the schema of an object with these members and no other. */
export function schemaOf<Members extends Readonly<Record<string, Member>>>(members: Members) {
  const described = Object.entries(members).map(([name, { schema, description }]) => [name, schema.describe(description)])
  return z.strictObject(Object.fromEntries(described) as { [Name in keyof Members]: Members[Name]['schema'] })
}

/** A fault that only several members together show. */
export interface MemberFault {
  readonly path: (string | number)[]
  readonly takes: string
}

/** Returns the faults of all layers together, member by member: names that are not free, and keys that are hidden. */
export function layerFaults(layers: readonly LayerConfig[]): MemberFault[] {
  return layers.flatMap(({ name, path, engine, graphqlName, fields = {}, key, columns }, index) => {
    const before = layers.slice(0, index)
    const isTaken = before.some((other) => other.name === name)
    const rival = before.find((other) => graphqlName !== undefined && other.graphqlName === graphqlName)
    const isHidden =
      key !== undefined && columns && !('include' in columns ? columns.include.includes(key) : !columns.exclude.includes(key))
    return [
      ...(path === undefined && engine === undefined
        ? [{ path: ['layers', index, 'path'], takes: LAYER_MEMBERS.path.takes }]
        : []),
      ...(isTaken ? [{ path: ['layers', index, 'name'], takes: LAYER_MEMBERS.name.takes }] : []),
      ...(rival
        ? [{ path: ['layers', index, 'graphqlName'], takes: `a name for layer ${name} that layer ${rival.name} does not have` }]
        : []),
      ...fieldFaults(name, fields).map((takes) => ({ path: ['layers', index, 'fields'], takes })),
      ...(isHidden ? [{ path: ['layers', index, 'key'], takes: LAYER_MEMBERS.key.takes }] : []),
    ]
  })
}

/** Returns what the fields of a layer must be instead. Two enum values may be equal although the fields are not. */
function fieldFaults(layer: string, fields: NonNullable<LayerConfig['fields']>): string[] {
  const asked = new Map<string, string>()
  return Object.entries(fields).flatMap(([column, { graphqlName }]) => {
    if (graphqlName === undefined) return []
    if (RESERVED_FIELDS.has(graphqlName))
      return `for column ${column} of layer ${layer} another graphqlName than the reserved \`${graphqlName}\``
    const value = inCapitals(graphqlName)
    const rival = asked.get(value)
    asked.set(value, column)
    return rival === undefined
      ? []
      : `names for columns ${rival} and ${column} of layer ${layer} that differ in more than capitals and _, as \`${graphqlName}\` does not`
  })
}

/** A layer as written in the file. `path` is absolute after the file has been read. */
export type LayerConfig = Readonly<z.infer<typeof layerSchema>>
