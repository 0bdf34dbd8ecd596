import { fileURLToPath } from 'node:url'

/** The checkout's root, without a slash at its end. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url)).replace(/[\\/]$/, '')

/** What set-up makes, beside node_modules. Never committed; delete it to have everything made again. */
export const STATE = `${ROOT}/.geoduck`

/** The Node that the lock file pins: it runs the TypeScript sources as they are, whatever Node the machine has. */
export const NODE = `${ROOT}/node_modules/node/bin/node`
