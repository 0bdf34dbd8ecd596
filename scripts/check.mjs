/** `npm run check`: checks the code without running it. Every step runs, so that one look shows all faults. */
import { spawnSync } from 'node:child_process'
import { NODE, ROOT } from './setup/paths.mjs'
import { setUpOrExit } from './setup.mjs'

const STEPS = [
  ['lint and format', 'node_modules/@biomejs/biome/bin/biome', 'check', '.'],
  ['types', 'node_modules/typescript/bin/tsc', '--noEmit', '-p', '.'],
  ['types of the client, as browsers have them', 'node_modules/typescript/bin/tsc', '--noEmit', '-p', 'src/client'],
  ["types of the map's page", 'node_modules/typescript/bin/tsc', '--noEmit', '-p', 'src/web'],
  ['generated code is fresh (npm run codegen)', 'node_modules/.bin/graphql-codegen', '--config', 'codegen.ts', '--check'],
  ['configuration reference is fresh (npm run reference)', 'scripts/reference.ts', '--check'],
  [
    'plain English (npm run prose)',
    'scripts/prose.ts',
    'src',
    'test',
    'scripts',
    'bench',
    'examples',
    'packages',
    'docs',
    'schema.graphql',
    'README.md',
    'CONTRIBUTING.md',
  ],
  ['dead code', 'node_modules/knip/bin/knip.js'],
  ['build', 'scripts/build.mjs'],
  ['package', 'node_modules/publint/src/cli.js', '--strict'],
  ["build of the client's package", 'scripts/build-client.mjs'],
  ["the client's package", 'node_modules/publint/src/cli.js', '--strict', 'dist-client'],
]

await setUpOrExit({ build: true })
const failed = STEPS.filter(([name, script, ...args]) => {
  const began = Date.now()
  const { status, stdout, stderr } = spawnSync(NODE, [script, ...args], { cwd: ROOT, encoding: 'utf8' })
  console.log(`check: ${name} ... ${status === 0 ? 'passed' : 'FAILED'} in ${((Date.now() - began) / 1000).toFixed(1)} s`)
  if (status !== 0) console.log(`${stdout}${stderr}`)
  return status !== 0
})
if (failed.length > 0)
  console.log(`check: ${failed.length} of ${STEPS.length} FAILED: ${failed.map(([name]) => name).join(', ')}`)
process.exit(failed.length === 0 ? 0 : 1)
