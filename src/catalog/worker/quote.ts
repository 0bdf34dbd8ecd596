/** Names and paths as SQL text. They come from the sources and the command line, never from a client. */

export const identifier = (name: string): string => `"${name.replaceAll('"', '""')}"`

export const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`

/** Wildcards in a file's own name are put in brackets: they must not match other files. */
export const fileList = (files: readonly string[]): string =>
  `[${files.map((file) => literal(file.replace(/[*?[]/g, '[$&]'))).join(', ')}]`
