/** `npm run build:client`: the package geoduck-client in dist-client/, for `npm pack` and `npm publish`. It is compiled from src/client. */
import { spawnSync } from 'node:child_process'
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { NODE, ROOT } from './setup/paths.mjs'
import { setUpOrExit } from './setup.mjs'

const FOLDER = `${ROOT}/dist-client`

await setUpOrExit({ build: true })
rmSync(FOLDER, { recursive: true, force: true })
const args = ['node_modules/typescript/bin/tsc', '-p', 'src/client', '--outDir', FOLDER]
const { status } = spawnSync(NODE, args, { cwd: ROOT, stdio: 'inherit' })
if (status !== 0) process.exit(1)
// Types too do without the optional package: `Table` is `any` then. The compiler drops such a comment of a source.
const types = `${FOLDER}/client/to-table.d.ts`
writeFileSync(types, `// @ts-ignore\n${readFileSync(types, 'utf8')}`)
for (const file of ['packages/client/README.md', 'LICENSE', 'CHANGELOG.md'])
  cpSync(`${ROOT}/${file}`, `${FOLDER}/${file.split('/').at(-1)}`)
writeFileSync(`${FOLDER}/package.json`, `${JSON.stringify(manifest(), null, 2)}\n`)

/** Client and server have one version. A front end may have newer minor versions of the client's libraries than the server has. */
function manifest() {
  const { version, dependencies } = readJson('package.json')
  const own = readJson('packages/client/package.json')
  const ranges = Object.keys(own.dependencies).map((name) => [name, `^${dependencies[name]}`])
  return { ...own, version, dependencies: Object.fromEntries(ranges) }
}

function readJson(path) {
  return JSON.parse(readFileSync(`${ROOT}/${path}`, 'utf8'))
}
