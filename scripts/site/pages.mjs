/** Writes the pages of the documentation site, as VitePress reads them: README.md, docs, and a reference made from schema.graphql. */
import { copyFileSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { schemaPages } from './schema.mjs'

/** Page in the repository -> page of the site. Links between them are rewritten; links to other files become plain text. */
const ROOT_PAGES = { 'README.md': 'index.md', 'CONTRIBUTING.md': 'contributing.md', 'CHANGELOG.md': 'changelog.md' }
const SCHEMA = { 'schema.graphql': 'schema/operations.md' }

/**
 * Writes all pages and pictures to `folder`, and returns the sidebar.
 *
 * @param {string} root the repository
 * @param {string} folder emptied before
 */
export function writePages(root, folder) {
  rmSync(folder, { recursive: true, force: true })
  const docs = globSync('docs/**/*.md', { cwd: root }).toSorted()
  const targets = { ...ROOT_PAGES, ...SCHEMA, ...Object.fromEntries(docs.map((page) => [page, page.slice('docs/'.length)])) }
  const titles = new Map()
  for (const page of [...Object.keys(ROOT_PAGES), ...docs]) {
    const text = readFileSync(path.join(root, page), 'utf8')
    titles.set(page, /^# (.*)$/m.exec(text)?.[1] ?? page)
    write(folder, targets[page], linked(text, page, targets))
  }
  for (const picture of globSync('docs/**/*.{png,webp,gif,svg}', { cwd: root })) {
    const target = path.join(folder, 'public', picture.slice('docs/'.length))
    mkdirSync(path.dirname(target), { recursive: true })
    copyFileSync(path.join(root, picture), target)
  }
  const reference = schemaPages(readFileSync(path.join(root, 'schema.graphql'), 'utf8'))
  for (const { name, text } of reference) write(folder, `schema/${name}.md`, text)
  return sidebar(readFileSync(path.join(root, 'README.md'), 'utf8'), docs, titles, reference, targets)
}

function write(folder, name, text) {
  const file = path.join(folder, name)
  mkdirSync(path.dirname(file), { recursive: true })
  writeFileSync(file, text)
}

/** Splits off blocks of code, which hold no links. */
function linked(text, page, targets) {
  const parts = text.split(/^(```.*?^```$)/ms)
  return parts
    .map((part) => (part.startsWith('```') ? part : part.replaceAll(/(!?)\[([^\]]*)\]\(([^)\s]+)\)/g, rewrite)))
    .join('')

  function rewrite(whole, mark, label, href) {
    if (/^(https?:|#)/.test(href)) return whole
    const [file, anchor] = href.split('#')
    const target = path.join(path.dirname(page), file)
    if (mark === '!') return `![${label}](/${target.replace(/^docs\//, '')})`
    const site = targets[target]
    if (site === undefined) return label
    return `[${label}](/${site}${anchor ? `#${anchor}` : ''})`
  }
}

/** Groups of pages as README.md lists them; then the schema, and the decisions. */
function sidebar(readme, docs, titles, reference, targets) {
  const listed = new Set()
  const linkOf = (page) => `/${targets[page].replace(/\.md$/, '')}`
  const item = (page) => {
    listed.add(page)
    const below = docs.filter((other) => path.dirname(other) === page.replace(/\.md$/, ''))
    for (const other of below) listed.add(other)
    const items = below.map((other) => ({ text: titles.get(other), link: linkOf(other) }))
    return { text: titles.get(page), link: linkOf(page), ...(items.length > 0 ? { collapsed: true, items } : {}) }
  }
  const groups = []
  const [, list = ''] = readme.split(/^## Documentation$/m)
  for (const [, heading, entries] of list.matchAll(/^(If you [^:]*):\n\n((?:- .*\n(?: {2}.*\n)*)+)/gm)) {
    const pages = [...entries.matchAll(/\]\(([^)]+\.md)\)/g)].map(([, page]) => page).filter((page) => titles.has(page))
    groups.push({ text: heading, items: pages.map(item) })
  }
  const decisions = docs.filter((page) => page.startsWith('docs/decisions/'))
  const others = docs.filter((page) => !listed.has(page) && !decisions.includes(page))
  if (others.length > 0) groups.push({ text: 'More', items: others.map(item) })
  groups.push({ text: 'Schema', items: reference.map(({ name, title }) => ({ text: title, link: `/schema/${name}` })) })
  groups.push({ text: 'Decisions', collapsed: true, items: decisions.map(item) })
  return [{ text: 'Overview', link: '/' }, ...groups]
}
