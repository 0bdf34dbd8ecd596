import { existsSync, readFileSync, statSync } from 'node:fs'
import { NODE, ROOT } from './paths.mjs'
import { program, SetupError } from './program.mjs'
import { isStamped, stamp } from './stamp.mjs'

/** The pinned Node. Its package fetches the binary by an install script, which npm may have been told not to run. */
export const runtime = {
  name: 'pinned Node',

  isDone() {
    return existsSync(NODE) && isStamped('runtime', key())
  },

  async run() {
    const folder = `${ROOT}/node_modules/node`
    const version = `v${pinnedVersion()}`
    if ((await versionOf(NODE)) !== version) {
      const next = 'Delete node_modules and start again.'
      await program(process.execPath, ['installArchSpecificPackage'], { cwd: folder, next })
    }
    if ((await versionOf(NODE)) !== version)
      throw new SetupError(`${NODE} is not ${version}. Delete node_modules and start again.`)
    stamp('runtime', key())
  },
}

function pinnedVersion() {
  return JSON.parse(readFileSync(`${ROOT}/node_modules/node/package.json`, 'utf8')).version
}

/** The binary's size and time stand for it: asking it its version each time would cost 40 ms. */
function key() {
  const { size, mtimeMs } = statSync(NODE)
  return `${pinnedVersion()} ${size} ${mtimeMs}`
}

function versionOf(node) {
  return program(node, ['--version'], { next: '' }).catch(() => null)
}
