/** A path that DuckDB's globbing takes for that one file: wildcards in its own name stand in brackets. */
export const withoutWildcards = (file: string): string => file.replace(/[*?[]/g, '[$&]')
