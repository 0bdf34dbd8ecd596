import { existsSync } from 'node:fs'
import { program, SetupError } from './program.mjs'

const INSTALL = 'apt-get update && apt-get install --yes --no-install-recommends chromium fonts-dejavu-core'

/** The browser that the map's tests drive. Without it vitest.config.ts leaves them out, but never on a machine that judges (CI). */
export const chromium = {
  name: 'Chromium for the map tests',

  isDone() {
    return existsSync('/usr/bin/chromium')
  },

  async run() {
    try {
      if (process.getuid?.() !== 0) throw new SetupError(`Not root. Have it installed: ${INSTALL}`)
      const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
      await program('sh', ['-c', INSTALL], { env, next: 'Install the package chromium by hand.' })
    } catch (error) {
      if (process.env.CI) throw error
      return `MISSING: the map's tests will be left out. ${error.message}`
    }
  },
}
