/** Targets of the documentation exist: files, headings, scripts, commands, and fields that the text names. */
import { existsSync, globSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { buildSchema, parse, validate } from 'graphql'
import { describe, expect, it } from 'vitest'
import { readPage } from '../../support/blocks.ts'
import { ROOT } from '../../support/environment.ts'
import { commandServing } from '../config/given.ts'

const PAGES = ['README.md', 'CONTRIBUTING.md', ...globSync(['docs/*.md', 'docs/clients/*.md'], { cwd: ROOT }).toSorted()]
/** Only links are checked in notes: the files that a note names may have been removed after its date. */
const NOTES = globSync('docs/decisions/*.md', { cwd: ROOT }).toSorted()
const SCHEMA = buildSchema(readPage('schema.graphql'))
const PACKAGE = JSON.parse(readPage('package.json')) as { readonly scripts: Readonly<Record<string, string>> }
const COMMANDS = new Set(commandServing(() => Promise.resolve()).commands.map((command) => command.name()))

const without = (text: string) => text.replaceAll(/^```.*?^```$/gms, '')
/** Code in the text. */
const codesIn = (text: string) => [...without(text).matchAll(/`([^`\n]+)`/g)].map(([, code]) => code!)

/** Anchors in GitHub's form. */
const anchorsOf = (page: string) =>
  [...without(readPage(page)).matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  )

it.each([...PAGES, ...NOTES])('%s links to files and headings that exist', (page) => {
  const links = [...without(readPage(page)).matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)/g)]
  const broken = links.filter(([, path, anchor]) => {
    const target = path === '' ? page : join(dirname(page), path!)
    return !existsSync(join(ROOT, target)) || (anchor !== undefined && !anchorsOf(target).includes(anchor))
  })
  expect(broken.map(([link]) => link)).toEqual([])
})

describe.each(PAGES)('%s', (page) => {
  const text = readPage(page)

  it('names files that are there, and scripts and commands that can be run', () => {
    const codes = codesIn(text)
    const files = codes.flatMap((code) => code.match(/(?<=^|\s)(src|test|bench|scripts|deploy|examples|docs)\/[\w/.-]+/g) ?? [])
    const scripts = codes.flatMap((code) => /^npm run ([\w-]+)/.exec(code)?.slice(1) ?? [])
    const commands = codes.flatMap((code) => /^geoduck ([a-z][\w-]+)(?= |$)/.exec(code)?.slice(1) ?? [])
    expect(files.filter((file) => !existsSync(join(ROOT, file)))).toEqual([])
    expect(scripts.filter((script) => !(script in PACKAGE.scripts))).toEqual([])
    expect(commands.filter((command) => !COMMANDS.has(command))).toEqual([])
  })

  it('names fields that the schema has', () => {
    // `health { problems }`, `features(...) { count }`, with arguments where they are required.
    const selections = codesIn(text).filter(
      (code) => /^(health|layers?|features)(\(\.\.\.\))? \{/.test(code) && !/\{ \.\.\. \}/.test(code),
    )
    const wrong = selections.flatMap((code) => {
      const document = code.replace(/^(\w+)(\(\.\.\.\))?/, (_, field: string) => field + (ARGUMENTS[field] ?? ''))
      return validate(SCHEMA, parse(`{ ${document} }`)).map(({ message }) => `${code}: ${message}`)
    })
    expect(wrong).toEqual([])
  })
})

const ARGUMENTS: Readonly<Record<string, string>> = { layer: '(name: "a")', features: '(layer: "a")' }

it('README.md and docs/clients.md list every page', () => {
  const text = readPage('README.md')
  const clients = readPage('docs/clients.md')
  const listed = (page: string) =>
    page.startsWith('docs/clients/')
      ? clients.includes(`](${page.replace('docs/', '')})`)
      : text.includes(`- [${page}](${page})`) || text.includes(`, [${page}](${page})`)
  expect(PAGES.filter((page) => page.startsWith('docs/') && !listed(page))).toEqual([])
})
