/** `npm start -- PATH... [flags]`: set-up, then the server from its sources. Without a PATH it serves the demo. */
import { launch } from './launch.mjs'
import { ROOT, STATE } from './setup/paths.mjs'
import { setUpOrExit } from './setup.mjs'

await setUpOrExit({ tests: false })
process.exit(
  // The map's client modules lose their types by a function that Node still calls experimental, aloud.
  await launch(['--disable-warning=ExperimentalWarning', `${ROOT}/src/main.ts`, ...process.argv.slice(2)], {
    // Where the command was given, so that relative paths mean what they say.
    cwd: process.env.INIT_CWD,
    // Compiled code is kept: a second start listens a third sooner.
    env: { GEODUCK_DEMO: `${STATE}/demo`, NODE_COMPILE_CACHE: `${STATE}/compiled`, ...process.env },
  }),
)
