/** Builds the documentation site into .geoduck/docs, which the server serves at /docs. `npm run docs` runs this when a page has changed. */
import { cpSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { NODE, ROOT, STATE } from '../setup/paths.mjs'
import { program } from '../setup/program.mjs'
import { digest, isStamped, stamp } from '../setup/stamp.mjs'
import { writePages } from './pages.mjs'

const FOLDER = `${STATE}/site`
const TARGET = `${STATE}/docs`

// VitePress has its own folder of packages: serving needs none of them, and a running server keeps its packages.
mkdirSync(FOLDER, { recursive: true })
for (const name of ['package.json', 'package-lock.json', '.npmrc']) cpSync(`${ROOT}/scripts/site/${name}`, `${FOLDER}/${name}`)
const packages = digest([`${FOLDER}/package-lock.json`])
if (!existsSync(`${FOLDER}/node_modules`) || !isStamped('site-packages', packages)) {
  await program('npm', ['ci', '--loglevel=error'], { cwd: FOLDER, next: 'See that the npm registry can be reached.' })
  stamp('site-packages', packages)
}

const pages = `${FOLDER}/pages`
const sidebar = writePages(ROOT, pages)
mkdirSync(`${pages}/.vitepress`)
writeFileSync(`${pages}/.vitepress/sidebar.json`, JSON.stringify(sidebar))
cpSync(`${ROOT}/scripts/site/config.mjs`, `${pages}/.vitepress/config.mjs`)
cpSync(`${ROOT}/scripts/site/theme`, `${pages}/.vitepress/theme`, { recursive: true })
cpSync(`${ROOT}/src/web/icon.svg`, `${pages}/public/icon.svg`)
const vitepress = `${FOLDER}/node_modules/vitepress/bin/vitepress.js`
await program(NODE, [vitepress, 'build', pages], { cwd: FOLDER, next: 'Correct the page that is named above.' })

// A rename, so that the server never serves a part of a site.
rmSync(`${FOLDER}/old`, { recursive: true, force: true })
if (existsSync(TARGET)) renameSync(TARGET, `${FOLDER}/old`)
renameSync(`${pages}/.vitepress/dist`, TARGET)
rmSync(`${FOLDER}/old`, { recursive: true, force: true })
