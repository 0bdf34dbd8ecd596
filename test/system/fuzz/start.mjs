/** `npm run fuzz -- [--count N] [--valid N] [--seed S]`: set-up, then the readers of client geometry against damaged and against valid ones. */
import { launch } from '../../../scripts/launch.mjs'
import { ROOT } from '../../../scripts/setup/paths.mjs'
import { setUpOrExit } from '../../../scripts/setup.mjs'

await setUpOrExit({ tests: true })
process.exit(await launch([`${ROOT}/test/system/fuzz/main.ts`, ...process.argv.slice(2)], { cwd: ROOT }))
