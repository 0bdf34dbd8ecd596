/**
 * `npm run soak -- --minutes N --seed S`: set-up, then the soak on the pinned Node. With `--live`, instead: the tests of live layers against models, with
 * 10,000 commits, or `--commits N`. The replicas of `changes` are compared after every 50th event and after every fault.
 */
import { parseArgs } from 'node:util'
import { launch } from './launch.mjs'
import { ROOT } from './setup/paths.mjs'
import { setUpOrExit } from './setup.mjs'

const MODELS = ['changes', 'viewport', 'fences'].map((name) => `test/system/live/${name}-model.test.ts`)

const given = process.argv.slice(2)
if (given.includes('--live')) {
  const options = { live: { type: 'boolean' }, commits: { type: 'string', default: '10000' }, seed: { type: 'string' } }
  const { commits, seed } = parseArgs({ args: given, options }).values
  const env = { ...process.env, GEODUCK_COMMITS: commits, GEODUCK_COMPARE: '50', ...(seed && { GEODUCK_SEED: seed }) }
  await setUpOrExit({ tests: true })
  process.exit(await launch([`${ROOT}/node_modules/vitest/vitest.mjs`, 'run', ...MODELS], { cwd: ROOT, env }))
}
await setUpOrExit({ tests: false })
process.exit(await launch([`${ROOT}/scripts/soak/main.ts`, ...given], { cwd: ROOT }))
