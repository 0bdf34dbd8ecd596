import { existsSync, renameSync, rmSync } from 'node:fs'
import { ROOT, STATE } from './paths.mjs'
import { program } from './program.mjs'
import { digest, isStamped, stamp } from './stamp.mjs'

/** Into a folder, not a virtual environment: Debian's Python comes without venv. */
function packages({ name, folder, requirements, without, sources = [] }) {
  const [target, list] = [`${STATE}/${folder}`, `${ROOT}/scripts/setup/${requirements}`]
  return {
    name,

    isDone() {
      return existsSync(target) && isStamped(folder, digest([list]))
    },

    async run() {
      const fresh = `${target}-${process.pid}`
      const binaries = ['--only-binary=:all:', ...sources.flatMap((source) => ['--no-binary', source])]
      const options = ['--quiet', ...binaries, '--disable-pip-version-check', '--no-warn-script-location']
      const args = ['-m', 'pip', 'install', ...options, '--target', fresh, '--requirement', list]
      try {
        await program('python3', args, { next: 'The tests need Python 3.11 or newer with pip, and the Python package index.' })
      } catch (error) {
        if (process.env.CI) throw error
        return `MISSING: ${without} are skipped. ${error.message}`
      }
      rmSync(target, { recursive: true, force: true })
      renameSync(fresh, target)
      stamp(folder, digest([list]))
    },
  }
}

export const python = packages({
  name: "Python packages, the tests' oracle",
  folder: 'python',
  requirements: 'requirements.txt',
  without: 'tests with Python oracles',
})

/** Apart from the others, which need other versions. */
export const s3Store = packages({
  name: "the tests' object store",
  folder: 's3',
  requirements: 's3-requirements.txt',
  without: 'tests of object stores',
})

/** Spark, with the protocol that its own client uses. The package has its programs, and no binary form. */
export const spark = packages({
  name: "the tests' Spark",
  folder: 'spark',
  requirements: 'spark-requirements.txt',
  without: 'tests with Spark',
  sources: ['pyspark'],
})
