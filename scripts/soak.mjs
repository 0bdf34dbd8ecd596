/** `npm run soak -- --minutes N --seed S`: set-up, then the soak on the pinned Node. */
import { launch } from './launch.mjs'
import { ROOT } from './setup/paths.mjs'
import { setUpOrExit } from './setup.mjs'

await setUpOrExit({ tests: false })
process.exit(await launch([`${ROOT}/scripts/soak/main.ts`, ...process.argv.slice(2)], { cwd: ROOT }))
