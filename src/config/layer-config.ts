/** A layer in the configuration file. */
import { z } from 'zod'

/** What a member takes, for people and for editors. */
export interface Member {
  readonly takes: string
  readonly description: string
  readonly schema: z.ZodType
}

type ColumnChoice = { readonly include: readonly string[] } | { readonly exclude: readonly string[] }

/** Not in the JSON schema: not every validator of those knows `\p`. */
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
    description: 'What the layer is called in GraphQL.',
    schema: name.refine((text) => LAYER_NAME.test(text)),
  },
  path: {
    takes: 'a file, a folder or a glob pattern',
    description: "The layer's file, database, folder of parts or glob pattern; relative to the configuration file's folder.",
    schema: name,
  },
  table: {
    takes: 'the name of a table, as table or schema.table',
    description: 'Which table of a database. Not needed where it has one only.',
    schema: name.optional(),
  },
  key: {
    takes: 'the name of a column that is shown',
    description: 'The column that `Feature.key` is made of: unique and never null, which the scan proves.',
    schema: name.optional(),
  },
  columns: {
    takes: 'either include or exclude, each a list of names of columns',
    description: 'Which columns are there for clients: hidden ones can be neither read, nor filtered, nor sorted by.',
    schema: columns.optional(),
  },
  crs: {
    takes: 'an authority and a code, such as EPSG:25832',
    description: 'The CRS of the coordinates, whatever the source says of it. Nothing is transformed.',
    schema: z
      .string()
      .regex(/^[A-Za-z][\w.-]*:[\w.-]+$/)
      .optional(),
  },
  onInvalid: {
    takes: 'one of flag, repair, drop',
    description: 'What becomes of features whose geometry is not valid: they are kept, made valid, or left out.',
    schema: z.enum(['flag', 'repair', 'drop']).optional(),
  },
  title: { takes: 'text', description: 'What people call the layer.', schema: z.string().optional() },
  description: { takes: 'text', description: 'What the layer is about.', schema: z.string().optional() },
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

/** What is wrong with the layers as a whole, member by member: names that come twice, keys that are hidden. */
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

/** As it is written; `path` is absolute once the file has been read. */
export type LayerConfig = Readonly<z.infer<typeof layerSchema>>
