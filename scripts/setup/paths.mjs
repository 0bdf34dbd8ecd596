import { fileURLToPath } from 'node:url'

/** The checkout's root, without a slash at its end. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url)).replace(/[\\/]$/, '')

/** The output of set-up, besides node_modules. It is never committed. Delete it to make everything again. */
export const STATE = `${ROOT}/.geoduck`

/** The Node that the lock file pins: it runs the TypeScript sources directly, with any Node on the machine. */
export const NODE = `${ROOT}/node_modules/node/bin/node`
