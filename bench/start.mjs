/** `npm run bench -- [flags]`: set-up, then the bench on the pinned Node. */
import { launch } from '../scripts/launch.mjs'
import { ROOT } from '../scripts/setup/paths.mjs'
import { setUpOrExit } from '../scripts/setup.mjs'

await setUpOrExit({ tests: false })
process.exit(await launch([`${ROOT}/bench/main.ts`, ...process.argv.slice(2)], { cwd: ROOT }))
