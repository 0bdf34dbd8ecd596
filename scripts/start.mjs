/** `npm start -- PATH... [flags]`: set-up, then the server from its sources. Without a PATH it serves the demo. */
import { spawn } from 'node:child_process'
import { constants, setPriority } from 'node:os'
import { launch } from './launch.mjs'
import { ROOT, STATE } from './setup/paths.mjs'
import { site } from './setup/site.mjs'
import { setUpOrExit } from './setup.mjs'

/** The server is ready sooner than this. */
const SITE_DELAY_MS = 5_000

await setUpOrExit({ tests: false })
// The server does not wait for its documentation: until it is built, /docs says so.
if (!site.isDone()) setTimeout(buildSite, SITE_DELAY_MS)
process.exit(
  // The map's client modules lose their types by a function that Node still calls experimental, aloud.
  await launch(['--disable-warning=ExperimentalWarning', `${ROOT}/src/main.ts`, ...process.argv.slice(2)], {
    // Where the command was given, so that relative paths mean what they say.
    cwd: process.env.INIT_CWD,
    // Compiled code is kept: a second start listens a third sooner.
    env: {
      GEODUCK_DEMO: `${STATE}/demo`,
      GEODUCK_DEMO_LIVE: `${STATE}/ships`,
      GEODUCK_DEMO_WRITER: `${ROOT}/scripts/ships/sail.ts`,
      NODE_COMPILE_CACHE: `${STATE}/compiled`,
      ...process.env,
    },
  }),
)

function buildSite() {
  // Its process group ends with the channel, so also when this process is killed.
  const stdio = ['ignore', 'ignore', 'ignore', 'ipc']
  const builder = spawn(process.execPath, [`${ROOT}/scripts/setup.mjs`, '--docs'], { stdio, detached: true })
  if (builder.pid !== undefined) setPriority(builder.pid, constants.priority.PRIORITY_LOW)
  builder.once('exit', (code) => {
    if (code) process.stderr.write('The documentation for /docs could not be built: run npm run docs to see why.\n')
  })
}
