import { existsSync } from 'node:fs'
import { program, SetupError } from './program.mjs'

const INSTALL = 'apt-get update && apt-get install --yes --no-install-recommends strace'

/** The program that shows which sockets a process opens. Without it, its tests are skipped with a message. Under CI they fail. */
export const strace = {
  name: 'strace for the tests of what is opened',

  isDone() {
    return existsSync('/usr/bin/strace')
  },

  async run() {
    try {
      if (process.getuid?.() !== 0) throw new SetupError(`Not root. Have it installed: ${INSTALL}`)
      const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
      await program('sh', ['-c', INSTALL], { env, next: 'Install the package strace by hand.' })
    } catch (error) {
      if (process.env.CI) throw error
      return `MISSING: some tests will be passed over. ${error.message}`
    }
  },
}
