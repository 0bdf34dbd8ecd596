/** `npm test -- [FILTER...] [flags]`: set-up, then vitest with these arguments. */
import { launch } from './launch.mjs'
import { ROOT } from './setup/paths.mjs'
import { setUpOrExit } from './setup.mjs'

await setUpOrExit({ tests: true })
process.exit(await launch([`${ROOT}/node_modules/vitest/vitest.mjs`, 'run', ...process.argv.slice(2)], { cwd: ROOT }))
