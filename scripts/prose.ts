/**
 * `npm run prose -- [PATH...]` reports prose that isn't plain English: words of scripts/prose/words.yaml, fragments, long sentences, long
 * table cells and long pages. It reads docs, the schema's descriptions, comments, messages and test names. It exits with 1 if it finds any.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { findings } from './prose/findings.ts'

const ROOT = join(import.meta.dirname, '..')
const NOT_READ = /^(src\/graphql\/generated\.ts$|test\/fixtures\/)/

const paths = process.argv.slice(2).map((path) => relative(ROOT, path) || '.')
const files = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '--', ...paths], {
  cwd: ROOT,
  encoding: 'utf8',
})
  .split('\0')
  .filter((file) => file !== '' && !NOT_READ.test(file) && existsSync(join(ROOT, file)))

if (files.length === 0) throw new Error(`no file to read in ${paths.join(', ')}`)

const counts = new Map<string, number>()
for (const file of files) {
  for (const { line, rule, words, write } of findings(file, readFileSync(join(ROOT, file), 'utf8'))) {
    counts.set(rule, (counts.get(rule) ?? 0) + 1)
    console.log(`${file}:${line}: "${words}": write ${write} (${rule})`)
  }
}
for (const [rule, count] of [...counts].sort((a, b) => b[1] - a[1])) console.log(`${String(count).padStart(6)} ${rule}`)
if (counts.size > 0) process.exitCode = 1
