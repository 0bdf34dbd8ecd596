/** `npm run build`: the compiled program in dist/, as the package ships it. Node refuses to strip types under node_modules. */
import { spawnSync } from 'node:child_process'
import { chmodSync, cpSync, existsSync, rmSync } from 'node:fs'
import { NODE, ROOT, STATE } from './setup/paths.mjs'
import { site } from './setup/site.mjs'
import { setUpOrExit } from './setup.mjs'

const PAGE = 'web'

// An image is built after its own `npm ci`: nothing is missing there.
if (!existsSync(`${ROOT}/node_modules/typescript`)) await setUpOrExit({ build: true })

rmSync(`${ROOT}/dist`, { recursive: true, force: true })
// The client is another project: for browsers too, and with declarations for those who import it.
for (const project of ['tsconfig.build.json', 'src/client']) {
  const { status } = spawnSync(NODE, ['node_modules/typescript/bin/tsc', '-p', project], { cwd: ROOT, stdio: 'inherit' })
  if (status !== 0) process.exit(1)
}
// The map's page is served as it is written; its type declarations are for the editor only.
cpSync(`${ROOT}/src/${PAGE}`, `${ROOT}/dist/${PAGE}`, {
  recursive: true,
  filter: (path) => !/\.d\.m?ts$|tsconfig\.json$/.test(path),
})
if (!site.isDone()) await site.run()
cpSync(`${STATE}/docs`, `${ROOT}/dist/docs`, { recursive: true })
chmodSync(`${ROOT}/dist/main.js`, 0o755)
