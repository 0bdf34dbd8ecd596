/**
 * `npm pack` and `npm publish` run this with `--absolute` before they pack, and with `--relative` after. The links of README.md lead to files of the
 * repository, which the package does not have.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { ROOT } from './setup/paths.mjs'

/** Addresses of GitHub that work for every name of the main branch. */
export function addresses({ repository }) {
  const [, project] = /^git\+https:\/\/github\.com\/(.+)\.git$/.exec(repository.url)
  return { files: `https://github.com/${project}/blob/HEAD/`, pictures: `https://raw.githubusercontent.com/${project}/HEAD/` }
}

/** Blocks of code are unchanged. */
export function absolute(text, { files, pictures }) {
  const parts = text.split(/^(```.*?^```$)/ms)
  const link = (_, mark, label, target) => `${mark}[${label}](${mark === '!' ? pictures : files}${target})`
  return parts
    .map((part) => (part.startsWith('```') ? part : part.replaceAll(/(!?)\[([^\]]*)\]\((?!\w+:|#)([^)\s]+)\)/g, link)))
    .join('')
}

export function relative(text, { files, pictures }) {
  return text.replaceAll(`](${files}`, '](').replaceAll(`](${pictures}`, '](')
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const readme = `${ROOT}/README.md`
  const places = addresses(JSON.parse(readFileSync(`${ROOT}/package.json`, 'utf8')))
  const change = process.argv.includes('--absolute') ? absolute : relative
  writeFileSync(readme, change(readFileSync(readme, 'utf8'), places))
}
