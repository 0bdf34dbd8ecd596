/** `npm run bench -- [flags]` and `npm run bench:page -- [flags]`: set-up, then that program on the pinned Node. */
import { launch } from '../scripts/launch.mjs'
import { ROOT } from '../scripts/setup/paths.mjs'
import { setUpOrExit } from '../scripts/setup.mjs'

await setUpOrExit({ tests: false })
const [program, ...flags] = process.argv.slice(2)
process.exit(await launch([`${ROOT}/bench/${program}`, ...flags], { cwd: ROOT }))
