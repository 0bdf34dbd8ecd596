import { existsSync } from 'node:fs'
import { program, SetupError } from './program.mjs'

/** The browser of the map's tests. */
export const chromium = debianPackage({
  name: 'Chromium for the map tests',
  path: '/usr/bin/chromium',
  packages: 'chromium fonts-dejavu-core',
  without: "the map's tests are skipped.",
})

/** The program that shows the tests which sockets a process opens. */
export const strace = debianPackage({
  name: 'strace for the tests of what is opened',
  path: '/usr/bin/strace',
  packages: 'strace',
  without: 'the tests of open sockets are skipped.',
})

/** The proxies whose configuration docs/proxies.md shows. */
export const nginx = debianPackage({
  name: 'nginx for the tests of proxies',
  path: '/usr/sbin/nginx',
  packages: 'nginx-light',
  without: 'the tests of proxies are skipped.',
})
export const caddy = debianPackage({
  name: 'Caddy for the tests of proxies',
  path: '/usr/bin/caddy',
  packages: 'caddy',
  without: 'the tests of proxies are skipped.',
})

/** The language of a client whose requests offer h2c. */
export const java = debianPackage({
  name: 'Java for the test of its HTTP client',
  path: '/usr/bin/java',
  packages: 'default-jdk-headless',
  without: "the test of Java's HTTP client is skipped.",
})

/** A step that installs packages of Debian. Without them tests are skipped, but under CI set-up fails. */
function debianPackage({ name, path, packages, without }) {
  const install = `apt-get update && apt-get install --yes --no-install-recommends ${packages}`
  return {
    name,

    isDone() {
      return existsSync(path)
    },

    async run() {
      try {
        if (process.getuid?.() !== 0) throw new SetupError(`Not root. Have it installed: ${install}`)
        const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
        await program('sh', ['-c', install], { env, next: `Install by hand: ${packages}.` })
      } catch (error) {
        if (process.env.CI) throw error
        return `MISSING: ${without} ${error.message}`
      }
    },
  }
}
