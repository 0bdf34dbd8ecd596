/** What a configuration wants of one layer, and what of that clients can tell. */
import { hash } from 'node:crypto'
import type { OnInvalid } from '../model/layer.ts'

export interface LayerOptions {
  /** A valid name that no other has. */
  readonly name: string
  /** A file, a folder that is one layer, or a glob pattern. */
  readonly path: string
  /** Of a database: `table` or `schema.table`. Left out where there is one only. */
  readonly table?: string | undefined
  /** The column that ids are made of. */
  readonly key?: string | undefined
  /** The columns that are shown, or those that are hidden. */
  readonly columns?: { readonly include: readonly string[] } | { readonly exclude: readonly string[] } | undefined
  /** `AUTHORITY:CODE`, whatever the source says. */
  readonly crs?: string | undefined
  /** @default flag */
  readonly onInvalid?: OnInvalid | undefined
  readonly title?: string | undefined
  readonly description?: string | undefined
}

/** The layer's fingerprint: that of its source, and of what its configuration makes of it. Titles make no difference. */
export function fingerprintWith(options: LayerOptions | null, source: string): string {
  const { key, columns, crs, onInvalid = 'flag' } = options ?? {}
  if (!key && !columns && !crs && onInvalid === 'flag') return source
  return hash('sha256', JSON.stringify([source, key, columns, crs, onInvalid])).slice(0, source.length)
}
