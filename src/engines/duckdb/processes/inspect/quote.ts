/** Names and paths as SQL text. They come from the sources and the command line, never from a client. */
import { withoutWildcards } from '../../host/files.ts'

export const identifier = (name: string): string => `"${name.replaceAll('"', '""')}"`

export const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`

export const fileList = (files: readonly string[]): string =>
  `[${files.map((file) => literal(withoutWildcards(file))).join(', ')}]`
