/**
 * `npm run reference`: writes geoduck.schema.json and the tables in docs/configuration.md, docs/remote.md and docs/spark.md from the tables of settings. With
 * `--check` it only reports whether they are up to date.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { machineDefaults } from '../src/config/defaults.ts'
import { ENGINE_MEMBERS } from '../src/config/engine-config.ts'
import { editorSchema } from '../src/config/file/schema.ts'
import { LAYER_MEMBERS, type Member } from '../src/config/layer-config.ts'
import { environmentName, type Setting, settingGroups, settings } from '../src/config/settings.ts'
import { STORE_MEMBERS } from '../src/config/store-config.ts'

const ROOT = join(import.meta.dirname, '..')
// Nothing that is written depends on the machine.
const defaults = machineDefaults({ processors: 2, memoryBytes: 16e9, openFiles: 20_000 })

const files: readonly (readonly [path: string, content: (now: string) => string])[] = [
  ['geoduck.schema.json', () => editorSchema(settings(defaults))],
  ['docs/configuration.md', (now) => filled(filled(now, 'settings', settingRows()), 'layers', memberRows(LAYER_MEMBERS))],
  ['docs/remote.md', (now) => filled(now, 'stores', memberRows(STORE_MEMBERS))],
  ['docs/spark.md', (now) => filled(now, 'engines', memberRows(ENGINE_MEMBERS))],
]

const stale = files.filter(([path, content]) => {
  const now = readFileSync(join(ROOT, path), { encoding: 'utf8', flag: 'a+' })
  const wanted = content(now)
  if (now !== wanted && !process.argv.includes('--check')) writeFileSync(join(ROOT, path), wanted)
  return now !== wanted
})
if (stale.length > 0 && process.argv.includes('--check')) {
  console.log(`stale: ${stale.map(([path]) => path).join(', ')}; run npm run reference`)
  process.exitCode = 1
}

/** The text with these lines between its two marks of that name. */
function filled(text: string, name: string, lines: readonly string[]): string {
  const [before, after] = [`<!-- ${name} -->`, `<!-- /${name} -->`]
  const [from, to] = [text.indexOf(before), text.indexOf(after)]
  if (from < 0 || to < from) throw new Error(`there is no place for ${name}`)
  return `${text.slice(0, from + before.length)}\n\n${lines.join('\n')}\n\n${text.slice(to)}`
}

/** A table per group. */
function settingRows(): string[] {
  const tables = Object.entries(settingGroups(defaults)).map(([heading, group]) => {
    const rows = Object.entries<Setting>(group).map(([name, { flag, description, rule, fallback, fallbackText }]) => {
      const shown = rule ?? fallbackText ?? `\`${fallback}\``
      return [`\`${name}\``, `\`${flag}\``, `\`${environmentName(flag)}\``, shown, description]
    })
    return [`### ${heading}`, '', ...markdown(['file', 'flag', 'environment', 'default', 'what'], rows)]
  })
  return tables.flatMap((table, n) => (n === 0 ? table : ['', ...table]))
}

function memberRows(members: Readonly<Record<string, Member>>): string[] {
  const rows = Object.entries(members).map(([name, { takes, description }]) => [`\`${name}\``, takes, description])
  return markdown(['member', 'takes', 'what'], rows)
}

/** In columns, as the formatter wants them. */
function markdown(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = head.map((name, column) => Math.max(name.length, ...rows.map((row) => (row[column] ?? '').length)))
  const line = (cells: readonly string[], fill = ' ') =>
    `| ${cells.map((cell, n) => cell.padEnd(widths[n] ?? 0, fill)).join(' | ')} |`
  const rule = line(
    head.map(() => ''),
    '-',
  )
  return [line(head), rule, ...rows.map((row) => line(row))]
}
