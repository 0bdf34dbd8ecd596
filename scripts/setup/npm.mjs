import { program, SetupError } from './program.mjs'

/** The level is `error` because npm would warn that the machine's own Node is older than the one that will run. */
const QUIET = ['--loglevel=error', '--no-audit', '--no-fund', '--no-update-notifier']
/** npm waits 10 s and 60 s before it tries a request again. A person wants to know sooner that there is no network. */
const RETRIES = ['--fetch-retries=2', '--fetch-retry-mintimeout=500', '--fetch-retry-maxtimeout=1000']
const UNREACHABLE = /code (E\w+)[\s\S]*?request to (\S+) failed/

/**
 * Installs packages, without their install scripts, and changes neither package.json nor the lock file. npm completes
 * an install that was stopped before its end.
 *
 * @param {string[]} args
 * @param {string} [cwd] a folder with a package.json. `--prefix` would hide npm's global configuration, such as a registry.
 */
export async function npmInstall(args, cwd) {
  const next = 'Start again when that is solved: npm keeps what it has fetched.'
  try {
    await program('npm', ['install', '--no-save', '--ignore-scripts', ...QUIET, ...RETRIES, ...args], { next, cwd })
  } catch (error) {
    const [, code, url] = UNREACHABLE.exec(error.message) ?? []
    if (code === undefined) throw error
    throw new SetupError(`The npm registry cannot be reached: ${code} at ${url}. ${next}`)
  }
}
