import { existsSync, readFileSync } from 'node:fs'
import { npmInstall } from './npm.mjs'
import { ROOT } from './paths.mjs'
import { digest, isStamped, stamp } from './stamp.mjs'

/** The development packages that a start from a checkout uses: the pinned Node, and those that make the demo's countries. */
const DEVELOPERS_PACKAGES_TO_SERVE = ['node', 'world-atlas', 'topojson-client', 'd3-geo', 'd3-geo-projection']

/**
 * All npm packages, in the versions of the lock file. `npm ci` is not used: it refuses a lock file that was written where npm could
 * not see a package of another platform.
 */
export const dependencies = {
  name: 'dependencies',

  isDone() {
    return isInstalled('dependencies')
  },

  async run() {
    await npmInstall([])
  },

  progress() {
    return count(() => true)
  },

  finish() {
    stamp('dependencies', key())
  },
}

/**
 * The packages that serving needs: a third of the bytes of all. Where the packages for tests are installed already, this step
 * installs all, because npm would remove them otherwise.
 */
export const dependenciesToServe = {
  name: dependencies.name,

  isDone() {
    return isInstalled('dependencies-to-serve') || dependencies.isDone()
  },

  async run() {
    if (hasAll()) return await npmInstall([])
    const { devDependencies } = JSON.parse(readFileSync(`${ROOT}/package.json`, 'utf8'))
    const packages = DEVELOPERS_PACKAGES_TO_SERVE.map((name) => `${name}@${devDependencies[name]}`)
    // With --no-save, --save-prod changes no file: npm only stops omitting these packages.
    await npmInstall(['--omit=dev', '--save-prod', ...packages])
  },

  progress() {
    return hasAll() ? dependencies.progress() : count(({ dev }) => !dev)
  },

  finish() {
    stamp(hasAll() ? 'dependencies' : 'dependencies-to-serve', key())
  },
}

function hasAll() {
  return existsSync(`${ROOT}/node_modules/vitest`)
}

/** Counts the packages of the lock file that are in node_modules. Packages of other platforms do not count. */
function count(isWanted) {
  const { packages } = JSON.parse(readFileSync(`${ROOT}/package-lock.json`, 'utf8'))
  const wanted = Object.entries(packages).filter(([path, entry]) => path !== '' && isWanted(entry) && fits(entry))
  return { done: wanted.filter(([path]) => existsSync(`${ROOT}/${path}/package.json`)).length, total: wanted.length }
}

function fits({ os, cpu, libc }) {
  return (
    (os ?? [process.platform]).includes(process.platform) &&
    (cpu ?? [process.arch]).includes(process.arch) &&
    libc?.[0] !== 'musl'
  )
}

function isInstalled(set) {
  try {
    return isStamped(set, key())
  } catch {
    return false
  }
}

/** The second file is npm's own record of what it installed: it is gone when node_modules is. */
function key() {
  return digest([`${ROOT}/package-lock.json`, `${ROOT}/node_modules/.package-lock.json`])
}
