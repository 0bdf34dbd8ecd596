import { homedir } from 'node:os'
import { join } from 'node:path'

/** The folder for files that are fetched or made once: `$XDG_CACHE_HOME/geoduck` (XDG Base Directory Specification). */
export function cacheDirectory(): string {
  return join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'geoduck')
}
