import { existsSync, readFileSync } from 'node:fs'
import { npmInstall } from './npm.mjs'
import { ROOT } from './paths.mjs'
import { digest, isStamped, stamp } from './stamp.mjs'

/** What a start from a checkout uses of the packages for developers: the pinned Node, and what the demo's countries are made of. */
const DEVELOPERS_PACKAGES_TO_SERVE = ['node', 'world-atlas', 'topojson-client', 'd3-geo', 'd3-geo-projection']

/**
 * npm's packages, exactly as the lock file has them. Not by `npm ci`: it refuses a lock file that was written where some package of
 * another platform could not be seen.
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
 * The packages that serving needs: a third of all, by weight. Where packages for tests are installed already, all are brought up to
 * date instead, because npm would remove them otherwise.
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
    // With --no-save, --save-prod changes no file: it only takes these packages out of those that are omitted.
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

/** How many of the packages in the lock file are in node_modules. Those of other platforms are left out. */
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

/** The second file is npm's own note of what it installed: it goes with node_modules. */
function key() {
  return digest([`${ROOT}/package-lock.json`, `${ROOT}/node_modules/.package-lock.json`])
}
