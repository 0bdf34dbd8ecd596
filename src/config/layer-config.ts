/** A layer in the configuration file. */
import { z } from 'zod'

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

export const LAYER_MEMBERS = {
  name: {
    takes: 'letters, digits, _ and -, and a name that no other layer has',
    description: 'The name of the layer in GraphQL.',
    schema: name.refine((text) => LAYER_NAME.test(text)),
  },
  path: {
    takes: 'a file, a folder or a glob pattern',
    description: "The layer's file, database, folder of parts or glob pattern; relative to the configuration file's folder.",
    schema: name,
  },
  table: {
    takes: 'the name of a table, as table or schema.table',
    description: 'The table of a database. Not needed if the database has only one.',
    schema: name.optional(),
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
  title: { takes: 'text', description: 'The title of the layer for people.', schema: z.string().optional() },
  description: { takes: 'text', description: 'A description of the layer.', schema: z.string().optional() },
} as const satisfies Record<string, Member>

export const layerSchema = z.strictObject({
  name: described('name'),
  path: described('path'),
  table: described('table'),
  key: described('key'),
  columns: described('columns'),
  crs: described('crs'),
  onInvalid: described('onInvalid'),
  title: described('title'),
  description: described('description'),
})

function described<Name extends keyof typeof LAYER_MEMBERS>(of: Name): (typeof LAYER_MEMBERS)[Name]['schema'] {
  const { schema, description } = LAYER_MEMBERS[of]
  return schema.describe(description) as (typeof LAYER_MEMBERS)[Name]['schema']
}

/** Returns the faults of all layers together, member by member: repeated names, and keys that are hidden. */
export function layerFaults(layers: readonly LayerConfig[]): { path: (string | number)[]; takes: string }[] {
  return layers.flatMap(({ name, key, columns }, index) => {
    const isTaken = layers.slice(0, index).some((other) => other.name === name)
    const isHidden =
      key !== undefined && columns && !('include' in columns ? columns.include.includes(key) : !columns.exclude.includes(key))
    return [
      ...(isTaken ? [{ path: ['layers', index, 'name'], takes: LAYER_MEMBERS.name.takes }] : []),
      ...(isHidden ? [{ path: ['layers', index, 'key'], takes: LAYER_MEMBERS.key.takes }] : []),
    ]
  })
}

/** A layer as written in the file. `path` is absolute after the file has been read. */
export type LayerConfig = Readonly<z.infer<typeof layerSchema>>
