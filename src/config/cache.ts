import { homedir } from 'node:os'
import { join } from 'node:path'

/** Where what was fetched or made once is kept between starts: `$XDG_CACHE_HOME/geoduck`, by the XDG Base Directory Specification. */
export function cacheDirectory(): string {
  return join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'geoduck')
}
