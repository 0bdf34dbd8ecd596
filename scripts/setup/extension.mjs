import { existsSync, readFileSync } from 'node:fs'
import { NODE, ROOT, STATE } from './paths.mjs'
import { program } from './program.mjs'
import { isStamped, stamp } from './stamp.mjs'

/** DuckDB's spatial extension, found or fetched as the server itself would. */
export const extension = {
  name: 'spatial extension',

  isDone() {
    return isStamped('extension', key()) && existsSync(readFileSync(`${STATE}/extension`, 'utf8'))
  },

  async run() {
    await program(NODE, [`${ROOT}/scripts/setup/find-extension.ts`, `${STATE}/extension`], { next: 'Then start again.' })
    stamp('extension', key())
  },
}

/** Where it is kept belongs to the user, so another user looks again. */
function key() {
  const { version } = JSON.parse(readFileSync(`${ROOT}/node_modules/@duckdb/node-api/package.json`, 'utf8'))
  return [version, process.env.HOME, process.env.XDG_CACHE_HOME].join('\n')
}
