import { ROOT } from './paths.mjs'
import { program } from './program.mjs'
import { digest, isStamped, stamp } from './stamp.mjs'

/** npm's packages, exactly as the lock file has them. */
export const dependencies = {
  name: 'dependencies',

  isDone() {
    try {
      return isStamped('dependencies', key())
    } catch {
      return false
    }
  },

  /**
   * Not `npm ci`: it refuses a lock file that was written where some package of another platform could not be seen. `error`: npm
   * would warn that the machine's own Node is older than the one that will run.
   */
  async run() {
    const args = ['install', '--no-save', '--loglevel=error', '--no-audit', '--no-fund', '--no-update-notifier']
    await program('npm', args, { next: 'See that the npm registry can be reached, then start again.' })
    stamp('dependencies', key())
  },
}

/** The second file is npm's own note of what it installed: it goes with node_modules. */
function key() {
  return digest([`${ROOT}/package-lock.json`, `${ROOT}/node_modules/.package-lock.json`])
}
