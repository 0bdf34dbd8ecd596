import { existsSync, readdirSync, statSync } from 'node:fs'
import { NODE, ROOT, STATE } from './paths.mjs'
import { program } from './program.mjs'
import { digest, isStamped, stamp } from './stamp.mjs'

const SOURCES = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'schema.graphql', 'src/web/icon.svg', 'docs', 'scripts/site']

/** The documentation site, which the server serves at /docs. It needs the pinned Node and the packages that serving needs. */
export const site = {
  name: 'documentation site',

  isDone() {
    return existsSync(`${STATE}/docs/index.html`) && isStamped('site', key())
  },

  async run() {
    await program(NODE, [`${ROOT}/scripts/site/build.mjs`], { next: 'Then run npm run docs.' })
    stamp('site', key())
  },
}

function key() {
  return digest(SOURCES.flatMap((name) => filesIn(`${ROOT}/${name}`)))
}

function filesIn(file) {
  if (!statSync(file).isDirectory()) return [file]
  return readdirSync(file)
    .toSorted()
    .flatMap((name) => filesIn(`${file}/${name}`))
}
