import { readFileSync } from 'node:fs'
import { ROOT } from './paths.mjs'
import { program } from './program.mjs'

/** npm's packages, exactly as the lock file has them. */
export const dependencies = {
  name: 'dependencies',

  /** npm writes what it installed into a lock file of its own; reading both costs 10 ms. */
  isDone() {
    try {
      const wanted = packages('package-lock.json')
      const present = packages('node_modules/.package-lock.json')
      return Object.entries(wanted).every(
        ([path, { version, optional }]) => path === '' || optional || present[path]?.version === version,
      )
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
  },
}

function packages(lockFile) {
  return JSON.parse(readFileSync(`${ROOT}/${lockFile}`, 'utf8')).packages
}
