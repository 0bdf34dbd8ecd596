/** `npm run attacks -- [--rounds N] [--seconds N] [ABUSE...]`: set-up, then the table of abuses on the pinned Node. */
import { launch } from '../../../scripts/launch.mjs'
import { ROOT } from '../../../scripts/setup/paths.mjs'
import { setUpOrExit } from '../../../scripts/setup.mjs'

await setUpOrExit({ tests: false })
process.exit(await launch([`${ROOT}/test/system/attacks/main.ts`, ...process.argv.slice(2)], { cwd: ROOT }))
