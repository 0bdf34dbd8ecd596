import { existsSync, renameSync, rmSync } from 'node:fs'
import { ROOT, STATE } from './paths.mjs'
import { program } from './program.mjs'
import { digest, isStamped, stamp } from './stamp.mjs'

const REQUIREMENTS = `${ROOT}/scripts/setup/requirements.txt`
const FOLDER = `${STATE}/python`

/** The tests' oracle. Into a folder, not a virtual environment: Debian's Python comes without venv. */
export const python = {
  name: "Python packages, the tests' oracle",

  isDone() {
    return existsSync(FOLDER) && isStamped('python', digest([REQUIREMENTS]))
  },

  async run() {
    const fresh = `${FOLDER}-${process.pid}`
    const options = ['--quiet', '--only-binary=:all:', '--disable-pip-version-check', '--no-warn-script-location']
    const args = ['-m', 'pip', 'install', ...options, '--target', fresh, '--requirement', REQUIREMENTS]
    try {
      await program('python3', args, { next: 'The tests need Python 3.11 or newer with pip, and the Python package index.' })
    } catch (error) {
      if (process.env.CI) throw error
      return `MISSING: tests with Python oracles are skipped. ${error.message}`
    }
    rmSync(FOLDER, { recursive: true, force: true })
    renameSync(fresh, FOLDER)
    stamp('python', digest([REQUIREMENTS]))
  },
}
