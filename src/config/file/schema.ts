/** The schema of a configuration file, built from the table of settings: for the reader and, as JSON Schema, for editors. */
import { z } from 'zod'
import { isObject } from '../../model/remote-source.ts'
import { type EngineConfig, engineSchema } from '../engine-config.ts'
import { type LayerConfig, layerSchema } from '../layer-config.ts'
import type { Setting, SettingName, Settings } from '../settings.ts'
import { type StoreConfig, storeSchema } from '../store-config.ts'

/**
 * Replaces a secret that must not be shown. It is long enough for the rules of every secret. In a file it means that no secret
 * is given.
 */
export const MASK = '****************'

export const SOURCES_TAKE = 'a list of files, folders, glob patterns and addresses, or { path: ADDRESS, mirror: true }'

export interface FileContent extends Partial<Readonly<Record<SettingName, unknown>>> {
  readonly $schema?: string
  readonly sources?: readonly (string | z.infer<typeof sourceSchema>)[]
  readonly layers?: readonly LayerConfig[]
  readonly stores?: readonly StoreConfig[]
  readonly engines?: readonly EngineConfig[]
}

const path = z.string().min(1)

const sourceSchema = z
  .strictObject({
    path: path.describe('As without members.'),
    mirror: z
      .boolean()
      .optional()
      .describe('True for an address: a copy of its objects is kept in the cache directory, and read instead of them.'),
  })
  .refine(({ path, mirror }) => !mirror || isObject(path))

export function fileSchema(table: Settings): z.ZodType<FileContent> {
  const members = Object.entries<Setting>(table).map(([name, setting]) => [name, memberOf(setting)] as const)
  return z
    .strictObject({
      $schema: z.string().optional().describe('The address of this schema, for editors.'),
      sources: z
        .array(z.union([path, sourceSchema]))
        .optional()
        .describe(
          "Files, folders, glob patterns and addresses to serve; relative to this file's folder. Named on the command line, those count.",
        ),
      layers: z
        .array(layerSchema)
        .optional()
        .describe('Layers with their own settings. Each replaces the layer that its source would give.'),
      stores: z.array(storeSchema).optional().describe('Stores of objects on other machines, with their own credentials.'),
      engines: z.array(engineSchema).optional().describe('Other engines that gather the rows of layers: Apache Spark.'),
      ...Object.fromEntries(members),
    })
    .describe('The configuration of a Geoduck server.') as z.ZodType<FileContent>
}

/** JSON Schema draft 7, which editors support best. It is the same on every machine. */
export function editorSchema(table: Settings): string {
  return `${JSON.stringify(z.toJSONSchema(fileSchema(table), { target: 'draft-7', io: 'input' }), null, 2)}\n`
}

function memberOf({ value, fallback, description, rule, isSecret }: Setting): z.ZodType {
  const json = fallback === null ? value.json.nullable() : value.json
  const isFixed = rule === undefined && isSecret === undefined && fallback !== null
  const sentence = `${description.charAt(0).toUpperCase()}${description.slice(1)}: ${value.takes}.`
  const meta = { description: rule === undefined ? sentence : `${sentence} Default: ${rule}.` }
  return json.optional().meta(isFixed ? { ...meta, default: fallback } : meta)
}
