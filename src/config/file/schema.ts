/** The schema of a configuration file, built from the table of settings: for the reader and, as JSON Schema, for editors. */
import { z } from 'zod'
import { type LayerConfig, layerSchema } from '../layer-config.ts'
import type { Setting, SettingName, Settings } from '../settings.ts'
import { type StoreConfig, storeSchema } from '../store-config.ts'

/**
 * Replaces a secret that must not be shown. It is long enough for the rules of every secret. In a file it means that no secret
 * is given.
 */
export const MASK = '****************'

export const SOURCES_TAKE = 'a list of files, folders and glob patterns'

export interface FileContent extends Partial<Readonly<Record<SettingName, unknown>>> {
  readonly $schema?: string
  readonly sources?: readonly string[]
  readonly layers?: readonly LayerConfig[]
  readonly stores?: readonly StoreConfig[]
}

export function fileSchema(table: Settings): z.ZodType<FileContent> {
  const members = Object.entries<Setting>(table).map(([name, setting]) => [name, memberOf(setting)] as const)
  return z
    .strictObject({
      $schema: z.string().optional().describe('The address of this schema, for editors.'),
      sources: z
        .array(z.string().min(1))
        .optional()
        .describe(
          "Files, folders and glob patterns to serve; relative to this file's folder. Named on the command line, those count.",
        ),
      layers: z
        .array(layerSchema)
        .optional()
        .describe('Layers with their own settings. Each replaces the layer that its source would give.'),
      stores: z.array(storeSchema).optional().describe('Stores of objects on other machines, with their own credentials.'),
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
