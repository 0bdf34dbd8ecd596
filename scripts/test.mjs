/** `npm test -- [unit|engine|system ...] [FILTER...] [flags]`: set-up, then vitest. */
import { launch } from './launch.mjs'
import { ROOT } from './setup/paths.mjs'
import { setUpOrExit } from './setup.mjs'

const PROJECTS = ['unit', 'engine', 'system']

const HELP = `npm test                        runs all tests
npm test -- unit                runs one project, or several: unit, engine, system
npm test -- unit --watch        runs tests again when a file changes
npm test -- test/unit/layout    runs the files with this text in their path
npm test -- -t "a stream"       runs the tests with this text in their name; other flags are vitest's too

unit needs only npm's packages. engine and system also need DuckDB's extension, Python and Chromium, which set-up installs.
GEODUCK_LONG=1 runs the long form of some tests.
`

const given = process.argv.slice(2)
if (given.includes('--help')) {
  process.stdout.write(HELP)
  process.exit(0)
}
const others = given.findIndex((argument) => !PROJECTS.includes(argument))
const projects = others === -1 ? given : given.slice(0, others)
const rest = given.slice(projects.length)
const onlyUnit = projects.length > 0 && projects.every((project) => project === 'unit')
await setUpOrExit(onlyUnit ? { build: true } : { tests: true })
const mode = rest.includes('--watch') ? [] : ['run']
const args = [...mode, ...projects.flatMap((project) => ['--project', project]), ...rest]
process.exit(await launch([`${ROOT}/node_modules/vitest/vitest.mjs`, ...args], { cwd: ROOT }))
